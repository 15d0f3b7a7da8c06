//! The handshake, without any I/O, with peers that make mistakes, reflect a challenge, or send any bytes.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics has failed")]

use carom::handshake::{Awaited, Digest, Handshake, HandshakeError, MESSAGE_MAX, Options, Status};
use proptest::prelude::*;

mod plain;

use plain::{Form, KEY, frame, key, message, say};

fn listener() -> Handshake {
    Handshake::listener(&key(KEY), Options::default()).unwrap()
}

fn client() -> Handshake {
    Handshake::client(&key(KEY), Options::default()).unwrap()
}

/// A listener that has accepted the peer's answer.
fn persuaded_listener() -> Handshake {
    let mut handshake = listener();
    let challenge = message(&mut handshake);
    say(&mut handshake, &Form::Legacy.answer(KEY, &challenge[11..])).unwrap();
    assert_eq!(message(&mut handshake), b"#WELCOME#");
    handshake
}

#[test]
fn a_listener_that_does_not_know_the_key_is_found_out_although_it_welcomes_everybody() {
    let mut handshake = client();
    say(&mut handshake, &Form::Legacy.challenge()).unwrap();
    message(&mut handshake);
    say(&mut handshake, b"#WELCOME#").unwrap();
    let challenge = message(&mut handshake);
    let answer = Form::Modern(Digest::Sha256).answer(b"guessed", &challenge[11..]);
    assert_eq!(say(&mut handshake, &answer), Err(HandshakeError::WrongAnswer));
    assert_eq!(message(&mut handshake), b"#FAILURE#");
}

#[test]
fn our_own_challenge_sent_back_is_not_answered() {
    let mut handshake = listener();
    let challenge = message(&mut handshake);
    say(&mut handshake, &Form::Legacy.answer(KEY, &challenge[11..])).unwrap();
    message(&mut handshake);
    assert_eq!(say(&mut handshake, &challenge), Err(HandshakeError::Reflected));
    assert_eq!(message(&mut handshake), b"#FAILURE#");
}

#[test]
fn a_peer_without_a_key_is_told_apart_from_one_with_another_key() {
    let mut handshake = client();
    let error = say(&mut handshake, b"hello").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the peer sent \"hello\" (5 bytes) instead of a challenge: does it use an authkey?"
    );

    let mut handshake = listener();
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
        let mut handshake = client();
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
        let mut handshake = listener();
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
    for handshake in [&mut client(), &mut listener(), &mut persuaded_listener()] {
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
    let mut handshake = client();
    let longest = [b"#CHALLENGE#{sha256}", &[b'r'; MESSAGE_MAX - 19][..]].concat();
    assert_eq!(say(&mut handshake, &longest), Ok(()));
    let mut unframed = client();
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
            client().feed(&length.to_be_bytes()),
            Err(HandshakeError::MalformedLength { length, awaited })
        );
    }
}

#[test]
fn the_error_for_a_peer_that_closes_or_stalls_names_the_message_it_owed() {
    let mut handshake = client();
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

    let mut handshake = listener();
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
    let mut handshake = listener();
    assert!(matches!(
        say(&mut handshake, &Form::Legacy.challenge()),
        Err(HandshakeError::NotAnAnswer(_))
    ));
    let mut handshake = client();
    assert!(matches!(
        say(&mut handshake, b"#WELCOME#"),
        Err(HandshakeError::NotAChallenge(_))
    ));
    let mut handshake = client();
    say(&mut handshake, &Form::Legacy.challenge()).unwrap();
    assert!(matches!(
        say(&mut handshake, &Form::Legacy.challenge()),
        Err(HandshakeError::NotAVerdict(_))
    ));
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
        let handshake = || if listens { listener() } else { client() };
        prop_assert_eq!(outcome(handshake(), &bytes, &pieces), outcome(handshake(), &bytes, &[bytes.len().max(1)]));
    }
}

#[test]
fn no_client_answers_another_client_s_challenge() {
    let (mut waiting, mut asked) = (client(), client());
    // A listener that does not know the key has the first client challenge it, whatever the client's answer was.
    say(&mut waiting, &[b"#CHALLENGE#{sha256}".as_slice(), &[7; 40]].concat()).unwrap();
    message(&mut waiting);
    say(&mut waiting, b"#WELCOME#").unwrap();
    let challenge = message(&mut waiting);
    assert_eq!(say(&mut asked, &challenge), Err(HandshakeError::Reflected));
    // On another thread, it is the same process.
    let on_a_thread = challenge.clone();
    let refused = std::thread::spawn(move || say(&mut client(), &on_a_thread)).join();
    assert_eq!(refused.unwrap(), Err(HandshakeError::Reflected));
    // Nobody waits for that answer any more.
    drop(waiting);
    assert_eq!(say(&mut client(), &challenge), Ok(()));
}
