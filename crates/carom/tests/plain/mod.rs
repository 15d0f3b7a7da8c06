//! The other end of a handshake, written the plain way: one message after the other, as Python and billiard do it.
#![allow(dead_code, reason = "each test binary uses a part")]

use carom::AuthKey;
use carom::handshake::{Digest, Handshake, HandshakeError};
use hmac::{KeyInit, Mac, SimpleHmac};

pub(crate) const KEY: &[u8] = b"secret";

pub(crate) fn key(bytes: &[u8]) -> AuthKey {
    AuthKey::new(bytes).unwrap()
}

/// The messages that a peer sends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Form {
    /// 20 random bytes, and the bare MAC by MD5.
    Legacy,
    /// A digest's name and 40 random bytes, and the answer of a modern peer.
    Modern(Digest),
    /// 20 random bytes, and the bare MAC by SHA-256.
    RedHat,
}

impl Form {
    pub(crate) const ALL: [Self; 7] = [
        Self::Legacy,
        Self::Modern(Digest::Md5),
        Self::Modern(Digest::Sha256),
        Self::Modern(Digest::Sha384),
        Self::Modern(Digest::Sha3_256),
        Self::Modern(Digest::Sha3_384),
        Self::RedHat,
    ];

    /// The challenge, with the word in front.
    pub(crate) fn challenge(self) -> Vec<u8> {
        let random: Vec<u8> = (0..40).collect();
        match self {
            Self::Legacy | Self::RedHat => [b"#CHALLENGE#", &random[..20]].concat(),
            Self::Modern(digest) => [format!("#CHALLENGE#{{{digest}}}").as_bytes(), &random].concat(),
        }
    }

    /// The answer to a challenge, of which the word in front is no part.
    pub(crate) fn answer(self, key: &[u8], challenge: &[u8]) -> Vec<u8> {
        match self {
            Self::Legacy => mac(Digest::Md5, key, challenge),
            Self::Modern(_) if challenge.len() == 20 => mac(Digest::Md5, key, challenge),
            Self::Modern(_) => {
                let end = challenge.iter().position(|byte| *byte == b'}').unwrap();
                let digest = Digest::from_name(&challenge[1..end]).unwrap();
                [format!("{{{digest}}}").as_bytes(), &mac(digest, key, challenge)].concat()
            }
            Self::RedHat => mac(Digest::Sha256, key, challenge),
        }
    }

    /// Plays the client to `handshake`.
    pub(crate) fn connect(self, key: &[u8], handshake: &mut Handshake) -> Result<(), HandshakeError> {
        self.prove(key, handshake)?;
        self.challenge_other(key, handshake)
    }

    /// Plays the listener to `handshake`.
    pub(crate) fn listen(self, key: &[u8], handshake: &mut Handshake) -> Result<(), HandshakeError> {
        self.challenge_other(key, handshake)?;
        self.prove(key, handshake)
    }

    fn prove(self, key: &[u8], handshake: &mut Handshake) -> Result<(), HandshakeError> {
        let challenge = message(handshake);
        let answer = self.answer(key, challenge.strip_prefix(b"#CHALLENGE#").unwrap());
        let fed = say(handshake, &answer);
        assert_eq!(
            message(handshake),
            if fed.is_ok() { &b"#WELCOME#"[..] } else { b"#FAILURE#" }
        );
        fed
    }

    fn challenge_other(self, key: &[u8], handshake: &mut Handshake) -> Result<(), HandshakeError> {
        let challenge = self.challenge();
        say(handshake, &challenge)?;
        let right = self.verifies(key, &challenge[11..], &message(handshake));
        say(handshake, if right { b"#WELCOME#" } else { b"#FAILURE#" })
    }

    /// Whether `answer` is right: by its own digest where it names one, which only modern peers understand.
    fn verifies(self, key: &[u8], challenge: &[u8], answer: &[u8]) -> bool {
        answer == self.answer(key, challenge)
    }
}

pub(crate) fn mac(digest: Digest, key: &[u8], message: &[u8]) -> Vec<u8> {
    macro_rules! mac {
        ($hash:ty) => {
            SimpleHmac::<$hash>::new_from_slice(key)
                .unwrap()
                .chain_update(message)
                .finalize()
                .into_bytes()
                .to_vec()
        };
    }
    match digest {
        Digest::Md5 => mac!(md5::Md5),
        Digest::Sha256 => mac!(sha2::Sha256),
        Digest::Sha384 => mac!(sha2::Sha384),
        Digest::Sha3_256 => mac!(sha3::Sha3_256),
        Digest::Sha3_384 => mac!(sha3::Sha3_384),
        other => panic!("no reference for {other}"),
    }
}

pub(crate) fn frame(message: &[u8]) -> Vec<u8> {
    [&u32::try_from(message.len()).unwrap().to_be_bytes(), message].concat()
}

/// Sends one message, byte by byte. None of them may be one that the handshake did not ask for.
pub(crate) fn say(handshake: &mut Handshake, message: &[u8]) -> Result<(), HandshakeError> {
    for byte in frame(message) {
        assert!(handshake.wants() > 0, "a byte was sent that nobody waits for");
        assert_eq!(handshake.feed(&[byte])?, 1);
    }
    Ok(())
}

/// The next message that is outgoing.
pub(crate) fn message(handshake: &mut Handshake) -> Vec<u8> {
    let outgoing = handshake.outgoing();
    let (header, rest) = outgoing.split_first_chunk::<4>().expect("nothing is outgoing");
    let length = u32::from_be_bytes(*header) as usize;
    let message = rest[..length].to_vec();
    handshake.sent(4 + length);
    message
}
