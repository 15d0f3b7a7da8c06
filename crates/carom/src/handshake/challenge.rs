//! The messages of a handshake: challenges, and the answers to them.

use super::{AuthKey, Dialect, Digest, Excerpt, HandshakeError, Options};

/// The word that a challenge begins with.
pub(super) const CHALLENGE: &[u8] = b"#CHALLENGE#";
/// The verdict on a right answer.
pub(super) const WELCOME: &[u8] = b"#WELCOME#";
/// The verdict on a wrong answer.
pub(super) const FAILURE: &[u8] = b"#FAILURE#";

/// The length of a legacy challenge, and the least of any, in bytes.
const LEGACY: usize = 20;

/// How many random bytes a challenge may need.
pub(super) const RANDOM: usize = 40;

/// Our challenge to the peer: the bytes behind the word in front.
pub(super) fn challenge(options: &Options, random: &[u8; RANDOM]) -> Vec<u8> {
    match options.dialect {
        Dialect::Modern => {
            // A modern peer answers with the digest that it is asked for.
            let digest = match options.accepted.first() {
                Some(first) if !options.accepted.contains(&Digest::Sha256) => *first,
                _ => Digest::Sha256,
            };
            [b"{", digest.name().as_bytes(), b"}", random].concat()
        }
        Dialect::RedHat => random[..LEGACY].to_vec(),
    }
}

/// An answer, and whether its challenge was a modern one.
pub(super) struct Answer {
    pub(super) bytes: Vec<u8>,
    pub(super) modern: bool,
}

/// Answers the peer's challenge, the bytes after the word in front. The MAC is over all of them: an attacker who changes the digest's
/// name on the way makes the answer wrong.
pub(super) fn answer(key: &AuthKey, options: &Options, challenge: &[u8]) -> Result<Answer, HandshakeError> {
    if challenge.len() < LEGACY {
        return Err(HandshakeError::ChallengeTooShort {
            length: challenge.len(),
        });
    }
    if challenge.len() == LEGACY {
        let digest = raw_digest(options)?;
        return Ok(Answer {
            bytes: digest.mac(key, challenge),
            modern: false,
        });
    }
    let (digest, _) = named(challenge).ok_or_else(|| HandshakeError::ChallengeUnknown(Excerpt::of(challenge)))?;
    if !options.accepted.contains(&digest) {
        return Err(HandshakeError::DigestRefused(digest));
    }
    let bytes = [b"{", digest.name().as_bytes(), b"}", &digest.mac(key, challenge)].concat();
    Ok(Answer { bytes, modern: true })
}

/// Verifies the peer's answer to `challenge`; whether it is a modern one.
pub(super) fn verify(
    key: &AuthKey,
    options: &Options,
    challenge: &[u8],
    answer: &[u8],
) -> Result<bool, HandshakeError> {
    let (digest, mac, modern) = match (options.dialect, answer.len()) {
        // CPython takes these two lengths for legacy answers, whatever they begin with.
        (Dialect::Modern, 16 | LEGACY) | (Dialect::RedHat, 32) => (raw_digest(options)?, answer, false),
        _ => {
            let (digest, mac) = named(answer).ok_or_else(|| HandshakeError::NotAnAnswer(Excerpt::of(answer)))?;
            (digest, mac, true)
        }
    };
    if !options.accepted.contains(&digest) {
        return Err(HandshakeError::DigestRefused(digest));
    }
    if mac.len() != digest.size() {
        return Err(HandshakeError::AnswerLength {
            digest,
            length: mac.len(),
        });
    }
    if digest.verify(key, challenge, mac) {
        Ok(modern)
    } else {
        Err(HandshakeError::WrongAnswer)
    }
}

/// The digest of an answer that names none.
fn raw_digest(options: &Options) -> Result<Digest, HandshakeError> {
    match options.dialect {
        Dialect::Modern if options.accepted.contains(&Digest::Md5) => Ok(Digest::Md5),
        Dialect::Modern => Err(HandshakeError::LegacyRefused),
        Dialect::RedHat if options.accepted.contains(&Digest::Sha256) => Ok(Digest::Sha256),
        Dialect::RedHat => Err(HandshakeError::DigestRefused(Digest::Sha256)),
    }
}

/// The digest whose name stands in braces at the front, and what follows it.
fn named(message: &[u8]) -> Option<(Digest, &[u8])> {
    let rest = message.strip_prefix(b"{")?;
    let end = rest.iter().position(|byte| *byte == b'}')?;
    Some((Digest::from_name(&rest[..end])?, &rest[end + 1..]))
}

#[cfg(test)]
#[allow(clippy::expect_used)]
mod tests {
    use std::fmt::Write;

    use super::*;

    /// Made with Python's `hmac` module; the last three of each row by the handshake functions of `CPython` 3.13 as well.
    const RAW_MD5: &str = "7defa9cc46abc3583325d17ccda75190";
    const RAW_SHA256: &str = "b1174740e7b0cb10404cb489ff67177be16d36664c30784e83c4a3b9129b1561";
    const NAMED: [(Digest, &str); 5] = [
        (Digest::Md5, "e8928e8cca3ace2d777017168dc6a0b2"),
        (
            Digest::Sha256,
            "fc57fbe650d6124b98215e7b5d197d5807ad69982d275a9735ea2d56f1fa6989",
        ),
        (
            Digest::Sha384,
            "bae78a3376369f7b803a8473318a9b7062495b47434159ac84fc92ddb33c51b277c44c3edd9a5f9cb7d628f21abe2665",
        ),
        (
            Digest::Sha3_256,
            "82e8fa62f363295b6655abecf0e98e510224c559e9745af9741c357aec358f90",
        ),
        (
            Digest::Sha3_384,
            "bfbe71d4e622f58ebf6cbe049af4c8fe518645b482915af0940d678c37c0b46dd1a2a448f9ee5141c91bba42b46a7862",
        ),
    ];
    const LEGACY_ANSWERS: [(Digest, &str); 4] = [
        (Digest::Sha256, "8e48d2bb349b4b72b9382999ed5b62eb"),
        (Digest::Sha384, "bb9703c0619a05b59e3e664eec0e76e0"),
        (Digest::Sha3_256, "da8a3d8d8e145fa16fd79c584fec6ec6"),
        (Digest::Sha3_384, "c581dd1c24f656e597e49ae3b6d65249"),
    ];
    const LONG_KEYS: [(u8, usize, &str, &str); 3] = [
        (
            b'x',
            64,
            "8d25e99266926e21815e9440f624ab41",
            "a6f99796de6d7ccc282cba2fdd48523a0e52ff3d738cf5588264e60c3be1e4fc",
        ),
        (
            b'x',
            65,
            "59acddc949938a281c9514a5d2c6ff2e",
            "582289922c2e26453f6c4b3af45a579ae0b2f2111351b46fb6d019def572223f",
        ),
        (
            b'k',
            200,
            "91d0e9c759ab2965a6a121ac56825026",
            "74e34ea54571341eb31affab366dede914e8e210df6bdadc4fa46cbdea14293e",
        ),
    ];

    fn key(bytes: &[u8]) -> AuthKey {
        AuthKey::new(bytes).expect("a key")
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    fn counting() -> [u8; RANDOM] {
        std::array::from_fn(|index| index as u8)
    }

    fn challenge_of(digest: Digest) -> Vec<u8> {
        challenge(
            &Options {
                accepted: vec![digest],
                ..Options::default()
            },
            &counting(),
        )
    }

    #[test]
    fn answers_a_challenge_of_twenty_bytes_with_the_bare_mac() {
        let (secret, legacy) = (key(b"secret"), &counting()[..20]);
        let modern = answer(&secret, &Options::default(), legacy).expect("an answer");
        assert_eq!((hex(&modern.bytes).as_str(), modern.modern), (RAW_MD5, false));
        let options = Options {
            dialect: Dialect::RedHat,
            ..Options::default()
        };
        assert_eq!(
            hex(&answer(&secret, &options, legacy).expect("an answer").bytes),
            RAW_SHA256
        );
    }

    #[test]
    fn answers_with_the_digest_that_the_challenge_names() {
        for (digest, mac) in NAMED {
            let challenge = challenge_of(digest);
            let answer = answer(&key(b"secret"), &Options::default(), &challenge).expect("an answer");
            assert!(answer.modern);
            let (name, rest) = answer.bytes.split_at(digest.name().len() + 2);
            assert_eq!((name, hex(rest).as_str()), (format!("{{{digest}}}").as_bytes(), mac));
            assert_eq!(
                verify(&key(b"secret"), &Options::default(), &challenge, &answer.bytes),
                Ok(true)
            );
            assert_eq!(
                verify(&key(b"other"), &Options::default(), &challenge, &answer.bytes),
                Err(HandshakeError::WrongAnswer)
            );
        }
    }

    #[test]
    fn accepts_what_a_legacy_peer_answers_to_a_modern_challenge() {
        for (digest, mac) in LEGACY_ANSWERS {
            let challenge = challenge_of(digest);
            let answer = Digest::Md5.mac(&key(b"secret"), &challenge);
            assert_eq!(hex(&answer), mac);
            assert_eq!(
                verify(&key(b"secret"), &Options::default(), &challenge, &answer),
                Ok(false)
            );
        }
    }

    #[test]
    fn keys_may_be_longer_than_a_digest_s_block() {
        for (byte, length, md5, sha256) in LONG_KEYS {
            let key = key(&vec![byte; length]);
            assert_eq!(hex(&Digest::Md5.mac(&key, &counting()[..20])), md5);
            assert_eq!(hex(&Digest::Sha256.mac(&key, &challenge_of(Digest::Sha256))), sha256);
        }
    }

    #[test]
    fn only_the_exact_names_of_digests_are_known() {
        for name in [
            "{sha1}",
            "{sha512}",
            "{SHA256}",
            "{}",
            "{ sha256}",
            "{sha256",
            "sha256}",
            "{sha3_2567}",
        ] {
            assert_eq!(named(format!("{name}and more").as_bytes()), None, "{name}");
        }
        assert_eq!(named(b"{md5}}"), Some((Digest::Md5, &b"}"[..])));
    }
}
