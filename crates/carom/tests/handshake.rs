//! The handshake, without any I/O: every form of peer in both roles, and the mistakes of peers.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics has failed")]

use carom::handshake::{Awaited, Dialect, Digest, Handshake, HandshakeError, MESSAGE_MAX, Options, Peer, Status};
use proptest::prelude::*;

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

/// A listener that has accepted the peer's answer.
fn persuaded_listener() -> Handshake {
    let mut handshake = listener(Options::default());
    let challenge = message(&mut handshake);
    say(&mut handshake, &Form::Legacy.answer(KEY, &challenge[11..])).unwrap();
    assert_eq!(message(&mut handshake), b"#WELCOME#");
    handshake
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
fn a_listener_that_does_not_know_the_key_is_found_out_although_it_welcomes_everybody() {
    let mut handshake = client(Options::default());
    say(&mut handshake, &Form::Legacy.challenge()).unwrap();
    message(&mut handshake);
    say(&mut handshake, b"#WELCOME#").unwrap();
    let challenge = message(&mut handshake);
    let answer = Form::Modern(Digest::Sha256).answer(b"guessed", &challenge[11..]);
    assert_eq!(say(&mut handshake, &answer), Err(HandshakeError::WrongAnswer));
    assert_eq!(message(&mut handshake), b"#FAILURE#");
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
fn our_own_challenge_sent_back_is_not_answered() {
    let mut handshake = listener(Options::default());
    let challenge = message(&mut handshake);
    say(&mut handshake, &Form::Legacy.answer(KEY, &challenge[11..])).unwrap();
    message(&mut handshake);
    assert_eq!(say(&mut handshake, &challenge), Err(HandshakeError::Reflected));
    assert_eq!(message(&mut handshake), b"#FAILURE#");
}

#[test]
fn a_peer_without_a_key_is_told_apart_from_one_with_another_key() {
    let mut handshake = client(Options::default());
    let error = say(&mut handshake, b"hello").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the peer sent \"hello\" (5 bytes) instead of a challenge: does it use an authkey?"
    );

    let mut handshake = listener(Options::default());
    message(&mut handshake);
    let error = say(&mut handshake, &[b'x'; 100]).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the peer answered the challenge with \"{}…\" (100 bytes): does it use an authkey, and the same dialect?",
            "x".repeat(32)
        )
    );
    assert_eq!(message(&mut handshake), b"#FAILURE#");
}

#[test]
fn a_challenge_has_twenty_bytes_or_names_a_digest() {
    let refusal = |challenge: &[u8]| {
        let mut handshake = client(Options::default());
        let error = say(&mut handshake, &[b"#CHALLENGE#", challenge].concat()).unwrap_err();
        assert!(handshake.outgoing().is_empty(), "{error}");
        error
    };
    assert_eq!(refusal(b""), HandshakeError::ChallengeTooShort { length: 0 });
    assert_eq!(refusal(&[0; 19]), HandshakeError::ChallengeTooShort { length: 19 });
    assert_eq!(
        refusal(b"{sha256}0123456789a"),
        HandshakeError::ChallengeTooShort { length: 19 }
    );
    for unknown in ["{sha1}", "{sha512}", "{SHA256}", "{sha256", "sha256}"] {
        let challenge = [unknown.as_bytes(), &[b'r'; 40]].concat();
        assert!(
            matches!(refusal(&challenge), HandshakeError::ChallengeUnknown(_)),
            "{unknown}"
        );
    }
    assert!(matches!(refusal(&[0; 21]), HandshakeError::ChallengeUnknown(_)));
}

#[test]
fn an_answer_has_the_length_of_its_digest() {
    let refusal = |answer: &[u8]| {
        let mut handshake = listener(Options::default());
        message(&mut handshake);
        let error = say(&mut handshake, answer).unwrap_err();
        assert_eq!(message(&mut handshake), b"#FAILURE#");
        error
    };
    assert_eq!(refusal(&[0; 16]), HandshakeError::WrongAnswer);
    assert_eq!(
        refusal(&[0; 20]),
        HandshakeError::AnswerLength {
            digest: Digest::Md5,
            length: 20
        }
    );
    assert_eq!(
        refusal(b"{sha256}12345"),
        HandshakeError::AnswerLength {
            digest: Digest::Sha256,
            length: 5
        }
    );
    assert!(matches!(refusal(b""), HandshakeError::NotAnAnswer(_)));
    assert!(matches!(refusal(&[0; 32]), HandshakeError::NotAnAnswer(_)));
    assert!(matches!(
        refusal(&[b"{sha512}", &[0; 64][..]].concat()),
        HandshakeError::NotAnAnswer(_)
    ));
}

#[test]
fn a_message_has_at_most_256_bytes() {
    for handshake in [
        &mut client(Options::default()),
        &mut listener(Options::default()),
        &mut persuaded_listener(),
    ] {
        let Status::Awaits(awaited) = *handshake.status() else {
            panic!("{:?}", handshake.status())
        };
        let announced = MESSAGE_MAX as u64 + 1;
        // The header alone is enough to know.
        let error = HandshakeError::TooLong { announced, awaited };
        assert_eq!(handshake.feed(&[0, 0, 1, 1]), Err(error.clone()));
        assert_eq!(handshake.feed(&[0; 257]), Err(error));
        assert_eq!(handshake.wants(), 0);
    }
    let mut handshake = client(Options::default());
    let longest = [b"#CHALLENGE#{sha256}", &[b'r'; MESSAGE_MAX - 19][..]].concat();
    assert_eq!(say(&mut handshake, &longest), Ok(()));
    let mut unframed = client(Options::default());
    assert!(matches!(
        unframed.receive(&[0; 257]),
        Err(HandshakeError::TooLong { announced: 257, .. })
    ));
}

#[test]
fn a_negative_length_is_refused() {
    for length in [-1, -2, i32::MIN] {
        let awaited = Awaited::Challenge;
        assert_eq!(
            client(Options::default()).feed(&length.to_be_bytes()),
            Err(HandshakeError::MalformedLength { length, awaited })
        );
    }
}

#[test]
fn the_error_for_a_peer_that_closes_or_stalls_names_the_message_it_owed() {
    let mut handshake = client(Options::default());
    handshake.feed(b"\0\0\0\x1f#CHAL").unwrap();
    let error = handshake.end();
    assert_eq!(
        error,
        HandshakeError::Closed {
            awaited: Awaited::Challenge
        }
    );
    assert_eq!(
        error.to_string(),
        "the peer closed the connection instead of sending a challenge: does it use an authkey, and does its program accept connections?"
    );
    assert_eq!(handshake.feed(b"LENGE#"), Err(error));

    let mut handshake = listener(Options::default());
    assert_eq!(
        handshake.expire(),
        HandshakeError::TimedOut {
            awaited: Awaited::Answer
        }
    );

    let mut handshake = persuaded_listener();
    say(&mut handshake, &Form::Legacy.challenge()).unwrap();
    assert_eq!(
        handshake.end(),
        HandshakeError::Closed {
            awaited: Awaited::Verdict
        }
    );
}

#[test]
fn messages_in_the_wrong_order_are_refused() {
    let mut handshake = listener(Options::default());
    assert!(matches!(
        say(&mut handshake, &Form::Legacy.challenge()),
        Err(HandshakeError::NotAnAnswer(_))
    ));
    let mut handshake = client(Options::default());
    assert!(matches!(
        say(&mut handshake, b"#WELCOME#"),
        Err(HandshakeError::NotAChallenge(_))
    ));
    let mut handshake = client(Options::default());
    say(&mut handshake, &Form::Legacy.challenge()).unwrap();
    assert!(matches!(
        say(&mut handshake, &Form::Legacy.challenge()),
        Err(HandshakeError::NotAVerdict(_))
    ));
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

/// The outcome of feeding `bytes` in pieces of these lengths.
fn outcome(mut handshake: Handshake, bytes: &[u8], pieces: &[usize]) -> (usize, Status, usize) {
    let mut rest = bytes;
    let mut pieces = pieces.iter().copied().cycle();
    while handshake.wants() > 0 && !rest.is_empty() {
        let (piece, _) = rest.split_at(pieces.next().unwrap_or(rest.len()).min(rest.len()));
        match handshake.feed(piece) {
            Ok(taken) => rest = &rest[taken..],
            Err(_) => break,
        }
    }
    (
        handshake.wants(),
        handshake.status().clone(),
        handshake.outgoing().len(),
    )
}

fn garbage() -> impl Strategy<Value = Vec<u8>> {
    let message = prop_oneof![
        Just(Form::Legacy.challenge()),
        Just(Form::Modern(Digest::Sha384).challenge()),
        Just(b"#WELCOME#".to_vec()),
        Just(b"#FAILURE#".to_vec()),
        Just(vec![0; 16]),
        prop::collection::vec(any::<u8>(), 0..300),
    ];
    let framed = prop::collection::vec(message.prop_map(|message| frame(&message)), 0..5);
    prop_oneof![
        framed.prop_map(|frames| frames.concat()),
        prop::collection::vec(any::<u8>(), 0..600)
    ]
}

proptest! {
    #[test]
    fn any_bytes_cut_anywhere_come_to_the_same(
        bytes in garbage(),
        pieces in prop::collection::vec(1..40_usize, 1..10),
        listens: bool,
    ) {
        let handshake = || if listens { listener(Options::default()) } else { client(Options::default()) };
        prop_assert_eq!(outcome(handshake(), &bytes, &pieces), outcome(handshake(), &bytes, &[bytes.len().max(1)]));
    }
}

#[test]
fn no_client_answers_another_client_s_challenge() {
    let (mut waiting, mut asked) = (client(Options::default()), client(Options::default()));
    // A listener that does not know the key has the first client challenge it, whatever the client's answer was.
    say(&mut waiting, &[b"#CHALLENGE#{sha256}".as_slice(), &[7; 40]].concat()).unwrap();
    message(&mut waiting);
    say(&mut waiting, b"#WELCOME#").unwrap();
    let challenge = message(&mut waiting);
    assert_eq!(say(&mut asked, &challenge), Err(HandshakeError::Reflected));
    // On another thread, it is the same process.
    let on_a_thread = challenge.clone();
    let refused = std::thread::spawn(move || say(&mut client(Options::default()), &on_a_thread)).join();
    assert_eq!(refused.unwrap(), Err(HandshakeError::Reflected));
    // Nobody waits for that answer any more.
    drop(waiting);
    assert_eq!(say(&mut client(Options::default()), &challenge), Ok(()));
}
