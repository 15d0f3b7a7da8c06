//! How two ends prove to each other that they know a key, without sending it.
//!
//! The handshake's messages are frames of at most [`MESSAGE_MAX`] bytes, the first on a new connection. The *listener*
//! challenges first:
//!
//! 1. The challenger sends `#CHALLENGE#` and the challenge.
//! 2. The other end answers with a MAC of the challenge: HMAC under the key.
//! 3. The challenger sends its verdict: `#WELCOME#`; or `#FAILURE#`, and gives up.
//!
//! Then the same once more, with the roles exchanged. Whatever follows, even in the same segment, is the application's: not
//! a byte past the last verdict is read here.
//!
//! | | challenge | answer |
//! | --- | --- | --- |
//! | modern: `CPython` 3.12 and later | `{sha256}` and 40 random bytes | `{sha256}` and the MAC by that digest, 40 bytes |
//! | legacy: `CPython` before that, billiard | 20 random bytes | the bare MAC by MD5, 16 bytes |
//! | Red Hat's patch of the legacy form | 20 random bytes | the bare MAC by SHA-256, 32 bytes |
//!
//! The MAC is over the whole challenge, with the digest's name, so that nobody in the middle can ask for a weaker digest. A
//! modern end answers a challenge of 20 bytes as a legacy one would, and accepts bare MD5 as the answer to its own; a legacy
//! end takes the name for a part of the challenge. So the two understand each other, and
//! [`Options::digests`] without MD5 keeps legacy peers out.
//!
//! The handshake proves that somebody who can be reached has the key now. A MAC names neither of the two ends, so a peer
//! without the key may have a third end answer for it. Within a process no end answers a challenge that another end of its
//! role waits for; between processes, nothing in these messages tells. And nothing that is sent later is protected: a program
//! that can alter the traffic on its way can pass the handshake on between two honest ends.
//!
//! No I/O happens in [`Handshake`]: it is fed bytes and asked for bytes. [`advance`] moves them over a socket,
//! [`run_blocking`] waits for it.
//!
//! ```
//! use carom::AuthKey;
//! use carom::handshake::{Handshake, Options, Peer, Status};
//!
//! let key = AuthKey::new(b"secret")?;
//! let mut listener = Handshake::listener(&key, Options::default())?;
//! let mut client = Handshake::client(&key, Options::default())?;
//! while listener.wants() > 0 || client.wants() > 0 {
//!     let bytes = listener.take_outgoing();
//!     client.feed(&bytes)?;
//!     let bytes = client.take_outgoing();
//!     listener.feed(&bytes)?;
//! }
//! assert_eq!(*listener.status(), Status::Done(Peer::Modern));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod authentication;
mod challenge;
mod digest;
mod driver;
mod error;
mod key;
mod options;
mod outstanding;
mod reader;

use crate::frame::Header;
use challenge::{CHALLENGE, FAILURE, RANDOM, WELCOME};
use outstanding::Outstanding;
use reader::Reader;

pub use authentication::Authentication;
pub use digest::Digest;
pub use driver::{advance, run_blocking};
pub use error::{Awaited, Excerpt, HandshakeError};
pub use key::{AuthKey, EmptyKey};
pub use options::{Dialect, Options};

/// The longest message of a handshake, in bytes.
pub const MESSAGE_MAX: usize = 256;

/// Facts about the peer that the handshake tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// It named a digest: `CPython` 3.12 or later, or this library.
    Modern,
    /// It named none: an older `CPython`, or billiard, which may not know the 64-bit form of a frame's header.
    Legacy,
}

/// How far a handshake has come.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// It waits for the peer.
    Awaits(Awaited),
    /// Both ends know the key. The connection is the application's once [`Handshake::outgoing`] has been sent.
    Done(Peer),
    /// It has failed. What is outgoing, if anything, tells the peer so.
    Failed(HandshakeError),
}

/// One end's part in a handshake.
#[derive(Debug)]
pub struct Handshake {
    listens: bool,
    key: AuthKey,
    options: Options,
    /// Ours, for the peer to answer.
    challenge: Outstanding,
    peer: Peer,
    status: Status,
    reader: Reader,
    outgoing: Vec<u8>,
}

impl Handshake {
    /// The part of the end that has accepted the connection.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](crate::Error::Io) where the system has no random numbers.
    pub fn listener(key: &AuthKey, options: Options) -> crate::Result<Self> {
        let mut handshake = Self::new(true, key, options, Awaited::Answer)?;
        handshake.send_challenge();
        Ok(handshake)
    }

    /// The part of the end that has connected.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](crate::Error::Io) where the system has no random numbers.
    pub fn client(key: &AuthKey, options: Options) -> crate::Result<Self> {
        Self::new(false, key, options, Awaited::Challenge)
    }

    fn new(listens: bool, key: &AuthKey, options: Options, first: Awaited) -> crate::Result<Self> {
        let mut random = [0; RANDOM];
        getrandom::fill(&mut random).map_err(std::io::Error::from)?;
        Ok(Self {
            listens,
            key: key.clone(),
            challenge: Outstanding::new(listens, challenge::challenge(&options, &random)),
            options,
            peer: Peer::Legacy,
            status: Status::Awaits(first),
            reader: Reader::default(),
            outgoing: Vec::new(),
        })
    }

    /// How far it has come.
    #[must_use]
    pub fn status(&self) -> &Status {
        &self.status
    }

    /// Whether the peer has proved that it knows the key. What is outgoing then is not sent yet.
    #[must_use]
    pub fn peer_has_proved(&self) -> bool {
        match self.status {
            Status::Done(_) => true,
            Status::Awaits(awaited) => self.listens && awaited != Awaited::Answer,
            Status::Failed(_) => false,
        }
    }

    /// How many bytes may be read from the peer now: never more than are its handshake's. 0 when there is nothing more to
    /// read.
    #[must_use]
    pub fn wants(&self) -> usize {
        if matches!(self.status, Status::Awaits(_)) {
            self.reader.wants()
        } else {
            0
        }
    }

    /// The bytes to send to the peer.
    #[must_use]
    pub fn outgoing(&self) -> &[u8] {
        &self.outgoing
    }

    /// Counts the first `bytes` of what is outgoing as sent.
    pub fn sent(&mut self, bytes: usize) {
        self.outgoing.drain(..bytes.min(self.outgoing.len()));
    }

    /// Takes all that is outgoing, as sent.
    #[must_use]
    pub fn take_outgoing(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.outgoing)
    }

    /// Takes bytes from the peer, cut anywhere. Returns how many belong to the handshake; what follows them is the
    /// application's.
    ///
    /// # Errors
    ///
    /// The peer's fault, or an earlier one again. Something may be outgoing nevertheless.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<usize, HandshakeError> {
        let mut rest = bytes;
        while let Status::Awaits(awaited) = self.status
            && !rest.is_empty()
        {
            match self.reader.take(rest, awaited) {
                Ok((after, message)) => {
                    rest = after;
                    if let Some(message) = message {
                        self.receive(&message)?;
                    }
                }
                Err(error) => return Err(self.fail(error)),
            }
        }
        match &self.status {
            Status::Failed(error) => Err(error.clone()),
            _ => Ok(bytes.len() - rest.len()),
        }
    }

    /// Takes one whole message from the peer, where the transport keeps messages apart and frames have no header.
    ///
    /// # Errors
    ///
    /// The same as for [`feed`](Self::feed).
    pub fn receive(&mut self, message: &[u8]) -> Result<(), HandshakeError> {
        let awaited = match &self.status {
            Status::Awaits(awaited) => *awaited,
            Status::Failed(error) => return Err(error.clone()),
            Status::Done(_) => return Ok(()),
        };
        let received = if message.len() > MESSAGE_MAX {
            Err(HandshakeError::TooLong {
                announced: message.len() as u64,
                awaited,
            })
        } else {
            match awaited {
                Awaited::Challenge => self.receive_challenge(message),
                Awaited::Answer => self.receive_answer(message),
                Awaited::Verdict => self.receive_verdict(message),
            }
        };
        received.map_err(|error| self.fail(error))
    }

    /// The peer has closed the connection: returns what that means.
    pub fn end(&mut self) -> HandshakeError {
        match &self.status {
            Status::Awaits(awaited) => self.fail(HandshakeError::Closed { awaited: *awaited }),
            Status::Failed(error) => error.clone(),
            // The last verdict was on its way.
            Status::Done(_) => HandshakeError::Closed {
                awaited: Awaited::Verdict,
            },
        }
    }

    /// The peer has not gone on in time: returns what that means.
    pub fn expire(&mut self) -> HandshakeError {
        match &self.status {
            Status::Awaits(awaited) => self.fail(HandshakeError::TimedOut { awaited: *awaited }),
            Status::Failed(error) => error.clone(),
            Status::Done(_) => HandshakeError::TimedOut {
                awaited: Awaited::Verdict,
            },
        }
    }

    fn receive_challenge(&mut self, message: &[u8]) -> Result<(), HandshakeError> {
        let challenge = message
            .strip_prefix(CHALLENGE)
            .ok_or_else(|| HandshakeError::NotAChallenge(Excerpt::of(message)))?;
        if Outstanding::has(self.listens, challenge) {
            // It is no answer to anything, and ends the peer's wait for one.
            self.send(&[FAILURE]);
            return Err(HandshakeError::Reflected);
        }
        let answer = challenge::answer(&self.key, &self.options, challenge)?;
        self.learn(answer.modern);
        self.send(&[&answer.bytes]);
        self.status = Status::Awaits(Awaited::Verdict);
        Ok(())
    }

    fn receive_answer(&mut self, message: &[u8]) -> Result<(), HandshakeError> {
        match challenge::verify(&self.key, &self.options, self.challenge.as_bytes(), message) {
            Ok(modern) => self.learn(modern),
            Err(error) => {
                self.send(&[FAILURE]);
                return Err(error);
            }
        }
        self.send(&[WELCOME]);
        self.status = if self.listens {
            Status::Awaits(Awaited::Challenge)
        } else {
            Status::Done(self.peer)
        };
        Ok(())
    }

    fn receive_verdict(&mut self, message: &[u8]) -> Result<(), HandshakeError> {
        match message {
            WELCOME if self.listens => self.status = Status::Done(self.peer),
            WELCOME => {
                self.send_challenge();
                self.status = Status::Awaits(Awaited::Answer);
            }
            FAILURE => return Err(HandshakeError::Rejected),
            _ => return Err(HandshakeError::NotAVerdict(Excerpt::of(message))),
        }
        Ok(())
    }

    fn learn(&mut self, modern: bool) {
        if modern {
            self.peer = Peer::Modern;
        }
    }

    fn send_challenge(&mut self) {
        let challenge = self.challenge.as_bytes().to_vec();
        self.send(&[CHALLENGE, &challenge]);
    }

    fn send(&mut self, parts: &[&[u8]]) {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        self.outgoing.extend_from_slice(Header::new(length as u64).as_bytes());
        self.outgoing.extend(parts.iter().copied().flatten());
    }

    fn fail(&mut self, error: HandshakeError) -> HandshakeError {
        self.status = Status::Failed(error.clone());
        error
    }
}
