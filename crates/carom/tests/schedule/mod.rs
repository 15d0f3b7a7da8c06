//! The form of the inputs of the targets `connection` and `ring`. Shared by the targets and the replay of their corpora.

use std::io::ErrorKind;
use std::time::Duration;

use carom::frame::{FrameError, Header};
use carom::{Connection, Error};

use crate::reference::{Outcome, parse};

/// The other end of a connection, which writes and reads any number of bytes, and does more that its kind can do.
pub(crate) trait Peer: Sized {
    /// The number of operations: those that every peer has, and its own.
    const OPERATIONS: u8;
    /// The most that it is given to write, in bytes.
    const COMPOSED_MAX: usize;
    /// What it does besides writing and reading.
    type Deed: Copy;

    /// Our end, which receives messages of up to `limit` bytes, and its own.
    fn connect(limit: u64) -> (Connection, Self);

    /// Reads one of its own operations: `operation` is [`COMMON`] or more. All bytes mean something.
    fn deed(operation: u8, next: impl FnMut() -> u8) -> Self::Deed;

    fn act(&mut self, deed: Self::Deed);

    /// Writes the first of these bytes, as many as there is room for now, and returns their number. It is none after the end.
    fn write(&mut self, bytes: &[u8]) -> usize;

    /// Reads up to `most` of the bytes that are there.
    fn read(&mut self, most: usize) -> Vec<u8>;

    /// Goes away, if it has not gone yet.
    fn leave(&mut self);

    /// Whether it still takes bytes.
    fn listens(&self) -> bool;

    /// Whether it writes no more.
    fn ended(&self) -> bool;

    /// Whether our receiving may report a reset in place of the end.
    fn reset(&self) -> bool;

    /// Whether our sending may fail so.
    fn excuses(&self, error: &Error) -> bool;

    /// Whether it has kept all rules. To one that has not, little is promised: no call waits or panics.
    fn honest(&self) -> bool {
        true
    }
}

/// The number of the operations that every peer has.
pub(crate) const COMMON: u8 = 13;

/// The events of one connection, in their order: our calls, none of which waits, and what its peer does.
pub(crate) struct Schedule<P: Peer> {
    limit: u64,
    steps: Vec<Step<P::Deed>>,
}

#[derive(Clone, Copy)]
enum Step<Deed> {
    Send(usize),
    Flush,
    Receive,
    Poll,
    /// The peer gets a frame, or bytes as they are, to write.
    Compose(usize),
    Raw([u8; 4]),
    /// The peer writes, or reads, up to so many bytes.
    Write(usize),
    Read(usize),
    Act(Deed),
}

impl<P: Peer> Schedule<P> {
    /// Reads a schedule. All bytes mean something.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let mut bytes = bytes.iter().copied();
        let limit = match bytes.next().unwrap_or(0) {
            0..128 => u64::MAX,
            step => u64::from(step - 128) * 257,
        };
        let mut steps = Vec::new();
        while let Some(operation) = bytes.next() {
            let mut next = || bytes.next().unwrap_or(0);
            let mut length = || usize::from(u16::from_be_bytes([next(), next()]));
            steps.push(match operation % P::OPERATIONS {
                0 | 1 => Step::Send(length()),
                2 => Step::Flush,
                3 | 4 => Step::Receive,
                5 => Step::Poll,
                6 | 7 => Step::Compose(length()),
                8 => Step::Raw([next(), next(), next(), next()]),
                9 | 10 => Step::Write(length()),
                11 | 12 => Step::Read(length()),
                own @ COMMON.. => Step::Act(P::deed(own, next)),
            });
        }
        Self { limit, steps }
    }

    /// Takes the steps, then lets both ends finish.
    ///
    /// # Panics
    ///
    /// Panics if a promise is broken.
    pub(crate) fn play(&self) {
        let mut play = Play::<P>::new(self.limit);
        for step in &self.steps {
            play.take(*step);
        }
        play.finish();
    }
}

/// Both ends, and the messages that each must see.
struct Play<P> {
    ours: Connection,
    theirs: P,
    limit: u64,
    /// Our accepted frames, and the number of their bytes that the peer has read.
    accepted: Vec<u8>,
    read: usize,
    /// The bytes that the peer is to write, and the number written so far.
    composed: Vec<u8>,
    written: usize,
    /// The messages in these bytes.
    expected: Outcome,
    /// How many messages we have received, and whether a fault or the end followed them.
    received: usize,
    over: bool,
}

impl<P: Peer> Play<P> {
    fn new(limit: u64) -> Self {
        let (ours, theirs) = P::connect(limit);
        Self {
            ours,
            theirs,
            limit,
            accepted: Vec::new(),
            read: 0,
            composed: Vec::new(),
            written: 0,
            expected: parse(&[], limit),
            received: 0,
            over: false,
        }
    }

    fn take(&mut self, step: Step<P::Deed>) {
        match step {
            Step::Send(length) => self.send(length),
            Step::Flush => self.flush(),
            Step::Receive => drop(self.receive()),
            Step::Poll => self.poll(),
            Step::Compose(_) | Step::Raw(_) if self.composed.len() > P::COMPOSED_MAX => {}
            Step::Compose(length) => {
                self.composed.extend_from_slice(Header::new(length as u64).as_bytes());
                let begin = self.composed.len();
                self.composed.extend(varied(begin, length));
            }
            Step::Raw(bytes) => self.composed.extend_from_slice(&bytes),
            Step::Write(most) => drop(self.write(most)),
            Step::Read(most) => drop(self.read(most)),
            Step::Act(deed) => self.theirs.act(deed),
        }
    }

    fn send(&mut self, length: usize) {
        let header = Header::new(length as u64);
        let message: Vec<u8> = varied(self.accepted.len(), length).collect();
        let sent = self.ours.try_send_bytes(&message);
        self.check_sent(&sent);
        if sent.is_ok_and(|accepted| accepted) {
            self.accepted.extend_from_slice(header.as_bytes());
            self.accepted.extend_from_slice(&message);
        }
    }

    fn flush(&mut self) {
        let flushed = self.ours.try_flush();
        self.check_sent(&flushed);
    }

    fn check_sent(&self, outcome: &carom::Result<bool>) {
        let failed = outcome.as_ref().err();
        assert!(failed.is_none_or(|error| self.theirs.excuses(error)), "{outcome:?}");
    }

    /// Whether a message came. Each one that an honest peer has written arrives once and in order, and all of them before what went
    /// wrong.
    fn receive(&mut self) -> bool {
        let received = self.ours.try_recv_bytes();
        if !self.theirs.honest() {
            return received.is_ok_and(|message| message.is_some());
        }
        let expected = &self.expected;
        let ended = self.theirs.ended();
        let failed = match received {
            Ok(Some(message)) => {
                let next = expected.messages.get(self.received);
                assert!(next == Some(&message), "message {} differs", self.received);
                self.received += 1;
                return true;
            }
            Ok(None) => {
                assert!(
                    !self.over && !ended,
                    "nothing more can come, and no call reports the end"
                );
                assert!(
                    matches!(expected.end, Ok(()) | Err(FrameError::Truncated)),
                    "{expected:?}"
                );
                assert_eq!(self.received, expected.messages.len(), "a message stays behind");
                return false;
            }
            Err(error) => error,
        };
        assert_eq!(self.received, expected.messages.len(), "{failed:?} came too early");
        match failed {
            Error::Eof => assert!(ended && (self.over || expected.end == Ok(())), "{expected:?}"),
            Error::Frame(FrameError::Truncated) => assert!(ended && expected.end == Err(FrameError::Truncated)),
            Error::Frame(fault) => assert_eq!(expected.end, Err(fault)),
            Error::NotReadable => assert!(self.over && !self.ours.readable()),
            Error::Io(error) => {
                assert!(
                    self.theirs.reset() && error.kind() == ErrorKind::ConnectionReset,
                    "{error}"
                );
                assert!(self.read < self.accepted.len(), "the peer has read everything");
            }
            other => panic!("{other:?}"),
        }
        self.over = true;
        false
    }

    fn poll(&mut self) {
        let ready = self.ours.poll(Some(Duration::ZERO));
        if !self.theirs.honest() {
            return;
        }
        let Ok(ready) = ready else {
            assert!(self.over && !self.ours.readable());
            return;
        };
        let fault = !matches!(self.expected.end, Ok(()) | Err(FrameError::Truncated));
        let more = self.expected.messages.len() > self.received;
        assert_eq!(ready, more || fault || self.theirs.ended());
    }

    /// How many bytes there was room for.
    fn write(&mut self, most: usize) -> usize {
        let rest = &self.composed[self.written..];
        let written = self.theirs.write(&rest[..rest.len().min(most)]);
        self.written += written;
        self.expected = parse(&self.composed[..self.written], self.limit);
        written
    }

    /// How many bytes came.
    fn read(&mut self, most: usize) -> usize {
        let bytes = self.theirs.read(most);
        if self.theirs.honest() {
            let expected = self.accepted.get(self.read..self.read + bytes.len());
            assert!(expected == Some(&bytes[..]), "the peer reads what was not sent");
        }
        self.read += bytes.len();
        bytes.len()
    }

    /// The peer reads to the end and writes all it has to; then it goes, and we receive to the end.
    fn finish(mut self) {
        while self.theirs.honest() && self.theirs.listens() && self.read < self.accepted.len() {
            self.flush();
            assert!(self.read(usize::from(u16::MAX)) > 0, "what was accepted is lost");
        }
        while self.theirs.honest() && !self.theirs.ended() && self.written < self.composed.len() {
            while self.receive() {}
            if self.over {
                break;
            }
            assert!(
                self.write(usize::MAX) > 0,
                "all has been received, and there is no room"
            );
        }
        self.theirs.leave();
        if self.theirs.honest() {
            while self.receive() {}
            assert!(self.over, "the end is not reported");
        } else {
            // A peer that lies has no more to say than its memory holds.
            let _ = (0..10_000).all(|_| self.receive());
        }
    }
}

/// Bytes of which no two stretches of the stream are alike, so that one out of place shows.
fn varied(begin: usize, length: usize) -> impl Iterator<Item = u8> {
    (begin..begin + length).map(|at| (at ^ (at >> 8)) as u8)
}
