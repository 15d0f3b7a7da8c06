//! The handshake, without any I/O: every form of peer in both roles, with the right key and with another, and the digests.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics has failed")]

use carom::handshake::{Dialect, Digest, Handshake, HandshakeError, Options, Peer, Status};

mod plain;

use plain::{Form, KEY, frame, key, mac, message, say};

fn options(form: Form) -> Options {
    let dialect = if form == Form::RedHat {
        Dialect::RedHat
    } else {
        Dialect::Modern
    };
    Options::new().dialect(dialect)
}

fn accepting(accepted: &[Digest]) -> Options {
    Options::new().digests(accepted.iter().copied())
}

fn listener(options: Options) -> Handshake {
    Handshake::listener(&key(KEY), options).unwrap()
}

fn client(options: Options) -> Handshake {
    Handshake::client(&key(KEY), options).unwrap()
}

#[test]
fn every_form_of_peer_is_understood_in_both_roles() {
    for form in Form::ALL {
        let expected = if matches!(form, Form::Modern(_)) {
            Peer::Modern
        } else {
            Peer::Legacy
        };
        let mut handshake = listener(options(form));
        form.connect(KEY, &mut handshake)
            .unwrap_or_else(|error| panic!("{form:?} as client: {error}"));
        assert_eq!(*handshake.status(), Status::Done(expected), "{form:?} as client");

        let mut handshake = client(options(form));
        form.listen(KEY, &mut handshake)
            .unwrap_or_else(|error| panic!("{form:?} as listener: {error}"));
        assert_eq!(*handshake.status(), Status::Done(expected), "{form:?} as listener");
        assert_eq!((handshake.wants(), handshake.outgoing()), (0, &[][..]));
    }
}

#[test]
fn a_wrong_key_is_found_out_in_both_roles() {
    for form in Form::ALL {
        let mut handshake = listener(options(form));
        assert_eq!(
            form.connect(b"another", &mut handshake),
            Err(HandshakeError::WrongAnswer),
            "{form:?}"
        );
        assert_eq!((handshake.wants(), handshake.outgoing()), (0, &[][..]));

        let mut handshake = client(options(form));
        assert_eq!(
            form.listen(b"another", &mut handshake),
            Err(HandshakeError::Rejected),
            "{form:?}"
        );
        assert_eq!(*handshake.status(), Status::Failed(HandshakeError::Rejected));
    }
}

#[test]
fn a_peer_may_answer_with_any_digest_that_is_accepted() {
    for digest in Digest::ALL {
        let answer = |challenge: &[u8]| [format!("{{{digest}}}").as_bytes(), &mac(digest, KEY, challenge)].concat();
        let mut handshake = listener(Options::default());
        let challenge = message(&mut handshake);
        assert_eq!(say(&mut handshake, &answer(&challenge[11..])), Ok(()), "{digest}");

        let others: Vec<_> = Digest::ALL.into_iter().filter(|other| *other != digest).collect();
        let mut handshake = listener(accepting(&others));
        let challenge = message(&mut handshake);
        assert_eq!(
            say(&mut handshake, &answer(&challenge[11..])),
            Err(HandshakeError::DigestRefused(digest))
        );
        assert_eq!(message(&mut handshake), b"#FAILURE#");
    }
}

#[test]
fn our_challenge_asks_for_sha256_or_else_for_the_first_digest_that_is_accepted() {
    let asked = |accepted: &[Digest]| message(&mut listener(accepting(accepted)));
    assert!(asked(&Digest::ALL).starts_with(b"#CHALLENGE#{sha256}"));
    assert!(asked(&[Digest::Sha384, Digest::Sha3_256]).starts_with(b"#CHALLENGE#{sha384}"));
    assert_eq!(asked(&[Digest::Sha256]).len(), 59);
    assert_ne!(asked(&[Digest::Sha256]), asked(&[Digest::Sha256]));
}

#[test]
fn legacy_peers_are_refused_where_md5_is_not_accepted() {
    let strict = || accepting(&[Digest::Sha256]);
    assert_eq!(
        Form::Legacy.connect(KEY, &mut listener(strict())),
        Err(HandshakeError::LegacyRefused)
    );
    assert_eq!(
        Form::Legacy.listen(KEY, &mut client(strict())),
        Err(HandshakeError::LegacyRefused)
    );
    let asks_for_md5 = Form::Modern(Digest::Md5);
    assert_eq!(
        asks_for_md5.listen(KEY, &mut client(strict())),
        Err(HandshakeError::DigestRefused(Digest::Md5))
    );
    assert_eq!(
        Form::Modern(Digest::Sha256).connect(KEY, &mut listener(strict())),
        Ok(())
    );
}

#[test]
fn nothing_past_the_last_message_is_taken() {
    let mut handshake = client(Options::default());
    say(&mut handshake, &Form::Legacy.challenge()).unwrap();
    message(&mut handshake);
    say(&mut handshake, b"#WELCOME#").unwrap();
    let challenge = message(&mut handshake);
    let answer = frame(&Form::Legacy.answer(KEY, &challenge[11..]));
    assert_eq!(
        handshake.feed(&[&answer[..], b"\0\0\0\x05hello"].concat()),
        Ok(answer.len())
    );
    assert_eq!(*handshake.status(), Status::Done(Peer::Legacy));
    assert_eq!(handshake.feed(b"more"), Ok(0));
}

#[test]
fn the_key_is_nowhere_to_be_seen() {
    let handshake = Handshake::client(&key(b"hunter2"), Options::default()).unwrap();
    let shown = format!("{handshake:?}");
    assert!(shown.contains("AuthKey(…)"), "{shown}");
    assert!(
        !shown.contains("hunter2") && !shown.contains("104, 117, 110, 116"),
        "{shown}"
    );
}
