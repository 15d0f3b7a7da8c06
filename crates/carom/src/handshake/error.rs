use std::{fmt, io};

use super::Digest;

/// How many bytes of an unexpected message an error shows.
const SHOWN: usize = 32;

/// The message that a handshake was waiting for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Awaited {
    /// The peer's challenge.
    Challenge,
    /// The peer's answer to our challenge.
    Answer,
    /// The peer's verdict on our answer.
    Verdict,
}

impl Awaited {
    fn likely(self) -> &'static str {
        match self {
            Self::Challenge => "does it use an authkey, and does its program accept connections?",
            Self::Answer => "does it use an authkey, or has it another one?",
            Self::Verdict => "it may have another authkey",
        }
    }
}

impl fmt::Display for Awaited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Challenge => "a challenge",
            Self::Answer => "an answer to the challenge",
            Self::Verdict => "a verdict on the answer",
        })
    }
}

/// A message of the peer's as an error shows it: its length, and its first bytes, escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    length: usize,
    front: Vec<u8>,
}

impl Excerpt {
    pub(super) fn of(message: &[u8]) -> Self {
        Self {
            length: message.len(),
            front: message[..message.len().min(SHOWN)].to_vec(),
        }
    }
}

impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let more = if self.length > self.front.len() { "…" } else { "" };
        write!(f, "\"{}{more}\" ({} bytes)", self.front.escape_ascii(), self.length)
    }
}

/// The peer's fault in a handshake, or the reason why it can't be answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// A message that is no challenge where one was due.
    #[error("the peer sent {0} instead of a challenge: does it use an authkey?")]
    NotAChallenge(Excerpt),
    /// A challenge with too few random bytes.
    #[error("the peer's challenge has {length} bytes, which is fewer than 20")]
    ChallengeTooShort {
        /// Its length in bytes, without the word in front.
        length: usize,
    },
    /// A challenge that is not of the legacy length, and names no digest that is known.
    #[error("the peer's challenge {0} names no digest that is known")]
    ChallengeUnknown(Excerpt),
    /// A challenge that is our own one, sent back, or another end's of this process. Our answer to it would be what that end
    /// has asked the peer for.
    #[error(
        "the peer sent a challenge of this process's own: it does not know the authkey, and asks us for the answer"
    )]
    Reflected,
    /// A message that has neither the length of a legacy answer nor the name of a known digest.
    #[error("the peer answered the challenge with {0}: does it use an authkey, and the same dialect?")]
    NotAnAnswer(Excerpt),
    /// An answer whose length isn't that of the digest it was made with.
    #[error("the MAC in the peer's answer has {length} bytes, one by {digest} has {}", digest.size())]
    AnswerLength {
        /// The digest that it names, or that its dialect implies.
        digest: Digest,
        /// The MAC's length in bytes.
        length: usize,
    },
    /// The right form of an answer with the wrong content.
    #[error("the peer's answer to the challenge is wrong: it has another authkey")]
    WrongAnswer,
    /// A digest that this end was told not to accept.
    #[error("the peer uses {0}, which this end does not accept")]
    DigestRefused(Digest),
    /// A peer that only knows HMAC-MD5, which this end was told not to accept.
    #[error(
        "the peer speaks the legacy handshake with MD5 (Python before 3.12, billiard), which this end does not accept"
    )]
    LegacyRefused,
    /// The peer judged our answer to be wrong.
    #[error("the peer rejected our answer: it has another authkey")]
    Rejected,
    /// A message that is no verdict where one was due.
    #[error("the peer sent {0} instead of a verdict on our answer")]
    NotAVerdict(Excerpt),
    /// A message longer than any of a handshake.
    #[error("the peer announced {announced} bytes instead of {awaited}, which has at most 256: {}", awaited.likely())]
    TooLong {
        /// The announced length in bytes.
        announced: u64,
        /// The message that was due.
        awaited: Awaited,
    },
    /// A negative length.
    #[error("the peer announced a length of {length} bytes instead of {awaited}: does it speak this protocol?")]
    MalformedLength {
        /// The length as received.
        length: i32,
        /// The message that was due.
        awaited: Awaited,
    },
    /// The peer closed the connection before the handshake was done.
    #[error("the peer closed the connection instead of sending {awaited}: {}", awaited.likely())]
    Closed {
        /// The message that was due.
        awaited: Awaited,
    },
    /// The peer sent nothing in time.
    #[error("the peer did not send {awaited} in time: {}", awaited.likely())]
    TimedOut {
        /// The message that was due.
        awaited: Awaited,
    },
}

impl HandshakeError {
    pub(crate) fn kind(&self) -> io::ErrorKind {
        match self {
            Self::Reflected | Self::WrongAnswer | Self::DigestRefused(_) | Self::LegacyRefused | Self::Rejected => {
                io::ErrorKind::PermissionDenied
            }
            Self::Closed { .. } => io::ErrorKind::UnexpectedEof,
            Self::TimedOut { .. } => io::ErrorKind::TimedOut,
            _ => io::ErrorKind::InvalidData,
        }
    }
}
