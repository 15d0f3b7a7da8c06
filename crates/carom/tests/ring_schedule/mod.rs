//! The form of the `ring` target's inputs. Shared by the target and the replay of its corpus.

use std::io::ErrorKind;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use carom::frame::{FrameError, Header};
use carom::ring::{RING_MIN, RingRole};
use carom::spin::Spin;
use carom::{Connection, Error};

use crate::reference::{Outcome, parse};
use crate::ring_peer::RingPeer;

/// The most that a peer is given to write, in bytes.
const COMPOSED_MAX: usize = 64 * 1024;

/// The events of one connection over shared memory, in their order: our calls, none of which waits, and those of a peer that keeps the
/// rules until it writes where it may not.
#[derive(Debug)]
pub(crate) struct RingSchedule {
    limit: u64,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, Copy)]
enum Step {
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
    /// The peer says that it sleeps, or waits for room, whether it does or not.
    Sleep,
    WantRoom,
    Descriptors,
    Leave,
    /// From here on, the peer keeps no rule.
    Scribble(usize, u64),
    Smear(usize, u8),
    Signal([u8; 2]),
}

impl RingSchedule {
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
            steps.push(match operation % 21 {
                0 | 1 => Step::Send(usize::from(u16::from_be_bytes([next(), next()]))),
                2 => Step::Flush,
                3 | 4 => Step::Receive,
                5 => Step::Poll,
                6 | 7 => Step::Compose(usize::from(u16::from_be_bytes([next(), next()]))),
                8 => Step::Raw([next(), next(), next(), next()]),
                9 | 10 => Step::Write(usize::from(u16::from_be_bytes([next(), next()]))),
                11 | 12 => Step::Read(usize::from(u16::from_be_bytes([next(), next()]))),
                13 => Step::Sleep,
                14 => Step::WantRoom,
                15 => Step::Descriptors,
                16 => Step::Leave,
                17 => {
                    let word = RingPeer::positions()[usize::from(next()) % 6];
                    Step::Scribble(word, u64::from(u16::from_be_bytes([next(), next()])))
                }
                18 => Step::Scribble(usize::from(next()), u64::from_be_bytes([(); 8].map(|()| next()))),
                19 => Step::Smear(usize::from(u16::from_be_bytes([next(), next()])), next()),
                _ => Step::Signal([next(), next()]),
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
        let mut play = Play::new(self.limit);
        for step in &self.steps {
            play.take(*step);
        }
        play.finish();
    }
}

/// Both ends, and the messages that each must see.
struct Play {
    ours: Connection,
    theirs: Option<RingPeer>,
    honest: bool,
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

impl Play {
    fn new(limit: u64) -> Self {
        let (ours, theirs) = UnixStream::pair().expect("a socket pair");
        let role = RingRole::Expecting(RING_MIN);
        Self {
            ours: Connection::with_ring(ours.into(), role, limit, Spin::fixed(Duration::ZERO)).expect("a Unix socket"),
            theirs: Some(RingPeer::offer(theirs, RING_MIN)),
            honest: true,
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

    fn take(&mut self, step: Step) {
        match step {
            Step::Send(length) => self.send(length),
            Step::Flush => {
                let flushed = self.ours.try_flush();
                self.check_sent(&flushed);
            }
            Step::Receive => drop(self.receive()),
            Step::Poll => self.poll(),
            Step::Compose(_) | Step::Raw(_) if self.composed.len() > COMPOSED_MAX => {}
            Step::Compose(length) => {
                self.composed.extend_from_slice(Header::new(length as u64).as_bytes());
                let begin = self.composed.len();
                self.composed.extend(varied(begin, length));
            }
            Step::Raw(bytes) => self.composed.extend_from_slice(&bytes),
            Step::Write(most) => drop(self.write(most)),
            Step::Read(most) => drop(self.read(most)),
            Step::Leave => self.theirs = None,
            Step::Sleep
            | Step::WantRoom
            | Step::Descriptors
            | Step::Scribble(..)
            | Step::Smear(..)
            | Step::Signal(_) => {
                self.meddle(step);
            }
        }
    }

    fn meddle(&mut self, step: Step) {
        let Some(theirs) = &mut self.theirs else { return };
        match step {
            Step::Sleep => theirs.sleep(),
            Step::WantRoom => theirs.want_room(),
            Step::Descriptors => {
                // A second packet for the same byte is against the rules, and so is one that no byte follows.
                let (reader, _writer) = std::io::pipe().expect("a pipe");
                // The kernel may refuse them in our name.
                let _ = theirs.send_fds(&[reader.as_fd()]);
                self.honest = false;
            }
            Step::Scribble(word, value) => theirs.scribble(word, value),
            Step::Smear(at, value) => theirs.smear(at, value),
            Step::Signal(bytes) => theirs.signal(&bytes),
            _ => unreachable!("the caller's"),
        }
        self.honest &= matches!(step, Step::Sleep | Step::WantRoom);
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

    /// A send only fails where the peer has gone, or lies.
    fn check_sent(&self, outcome: &carom::Result<bool>) {
        let expected = match outcome {
            Ok(_) => true,
            Err(Error::Io(error)) if error.kind() == ErrorKind::BrokenPipe => self.theirs.is_none(),
            Err(_) => !self.honest,
        };
        assert!(expected, "{outcome:?}");
    }

    /// Whether a message came. Each one that an honest peer has written arrives once and in order, and all of them before what went
    /// wrong.
    fn receive(&mut self) -> bool {
        let received = self.ours.try_recv_bytes();
        if !self.honest {
            return received.is_ok_and(|message| message.is_some());
        }
        let expected = &self.expected;
        let failed = match received {
            Ok(Some(message)) => {
                let next = expected.messages.get(self.received);
                assert!(next == Some(&message), "message {} differs", self.received);
                self.received += 1;
                return true;
            }
            Ok(None) => {
                assert!(
                    !self.over && self.theirs.is_some(),
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
        let ended = self.theirs.is_none();
        match failed {
            Error::Eof => assert!(ended && (self.over || expected.end == Ok(())), "{expected:?}"),
            Error::Frame(FrameError::Truncated) => assert!(ended && expected.end == Err(FrameError::Truncated)),
            Error::Frame(fault) => assert_eq!(expected.end, Err(fault)),
            Error::NotReadable => assert!(self.over && !self.ours.readable()),
            Error::Io(error) => {
                assert!(ended && error.kind() == ErrorKind::ConnectionReset, "{error}");
                assert!(self.read < self.accepted.len(), "the peer has read everything");
            }
            other => panic!("{other:?}"),
        }
        self.over = true;
        false
    }

    fn poll(&mut self) {
        let ready = self.ours.poll(Some(Duration::ZERO));
        if !self.honest {
            return;
        }
        let Ok(ready) = ready else {
            assert!(self.over && !self.ours.readable());
            return;
        };
        let fault = !matches!(self.expected.end, Ok(()) | Err(FrameError::Truncated));
        let more = self.expected.messages.len() > self.received;
        assert_eq!(ready, more || fault || self.theirs.is_none());
    }

    /// How many bytes there was room for.
    fn write(&mut self, most: usize) -> usize {
        let Some(theirs) = &mut self.theirs else { return 0 };
        let rest = &self.composed[self.written..];
        let written = theirs.write(&rest[..rest.len().min(most)]);
        self.written += written;
        self.expected = parse(&self.composed[..self.written], self.limit);
        written
    }

    /// How many bytes came.
    fn read(&mut self, most: usize) -> usize {
        let Some(theirs) = &mut self.theirs else { return 0 };
        let bytes = theirs.read(most);
        if self.honest {
            let expected = self.accepted.get(self.read..self.read + bytes.len());
            assert!(expected == Some(&bytes[..]), "the peer reads what was not sent");
        }
        self.read += bytes.len();
        bytes.len()
    }

    /// The peer reads to the end and writes all it has to; then it goes, and we receive to the end.
    fn finish(mut self) {
        while self.honest && self.theirs.is_some() && self.read < self.accepted.len() {
            let flushed = self.ours.try_flush();
            self.check_sent(&flushed);
            assert!(self.read(usize::from(u16::MAX)) > 0, "what was accepted is lost");
        }
        while self.honest && self.theirs.is_some() && self.written < self.composed.len() {
            while self.receive() {}
            if self.over {
                break;
            }
            assert!(
                self.write(usize::MAX) > 0,
                "all has been received, and there is no room"
            );
        }
        self.theirs = None;
        // A peer that lies has no more to say than its memory holds.
        for _ in 0..10_000 {
            if !self.receive() {
                break;
            }
        }
        if self.honest {
            assert!(self.over, "the end is not reported");
        }
    }
}

/// Bytes of which no two stretches of the stream are alike, so that one out of place shows.
fn varied(begin: usize, length: usize) -> impl Iterator<Item = u8> {
    (begin..begin + length).map(|at| (at ^ (at >> 8)) as u8)
}
