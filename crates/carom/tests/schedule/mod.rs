//! The form of the `connection` target's inputs. Shared by the target and the replay of its corpus.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use carom::frame::{FrameError, Header};
use carom::spin::Spin;
use carom::{Connection, Error};

use crate::reference::{Outcome, parse};

/// The most that a peer is given to write, in bytes.
const COMPOSED_MAX: usize = 256 * 1024;

/// The events of one connection, in their order: our calls, none of which waits, and those of a peer that reads and writes
/// in any pieces, leaves half of a message, sends any bytes, and goes away at any moment.
#[derive(Debug)]
pub(crate) struct Schedule {
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
    Shutdown(Shutdown),
    Leave,
}

impl Schedule {
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
            steps.push(match operation % 16 {
                0 | 1 => Step::Send(length()),
                2 => Step::Flush,
                3 | 4 => Step::Receive,
                5 => Step::Poll,
                6 | 7 => Step::Compose(length()),
                8 => Step::Raw([next(), next(), next(), next()]),
                9 | 10 => Step::Write(length()),
                11 | 12 => Step::Read(length()),
                13 => Step::Shutdown(Shutdown::Write),
                14 => Step::Shutdown(Shutdown::Read),
                _ => Step::Leave,
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
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each may be so without the others")]
struct Play {
    ours: Connection,
    theirs: Option<UnixStream>,
    limit: u64,
    /// Our accepted frames, and the number of their bytes that the peer has read.
    accepted: Vec<u8>,
    read: usize,
    /// The peer still takes bytes.
    listens: bool,
    /// The bytes that the peer is to write, and the number written so far.
    composed: Vec<u8>,
    written: usize,
    /// The messages in these bytes.
    expected: Outcome,
    /// The peer writes no more.
    ended: bool,
    /// The peer has left with bytes of ours unread: the kernel reports a reset in place of the end.
    reset: bool,
    /// How many messages we have received, and whether a fault or the end followed them.
    received: usize,
    over: bool,
}

impl Play {
    fn new(limit: u64) -> Self {
        let (ours, theirs) = UnixStream::pair().expect("a socket pair");
        for end in [&ours, &theirs] {
            // Little room, so that a call soon finds none. The kernel has a minimum.
            rustix::net::sockopt::set_socket_send_buffer_size(end, 1).expect("a buffer");
        }
        theirs.set_nonblocking(true).expect("a socket");
        Self {
            ours: Connection::with_options(ours.into(), limit, Spin::fixed(Duration::ZERO)).expect("a stream socket"),
            theirs: Some(theirs),
            limit,
            accepted: Vec::new(),
            read: 0,
            listens: true,
            composed: Vec::new(),
            written: 0,
            expected: parse(&[], limit),
            ended: false,
            reset: false,
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
            Step::Write(most) => self.write(most),
            Step::Read(most) => drop(self.read(most)),
            Step::Shutdown(how) => self.shutdown(how),
            Step::Leave => self.leave(),
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

    /// A send only fails where the peer takes no more.
    fn check_sent(&self, outcome: &carom::Result<bool>) {
        let expected = match outcome {
            Ok(_) => true,
            Err(Error::Io(error)) if error.kind() == ErrorKind::BrokenPipe => !self.listens,
            Err(Error::Io(error)) if error.kind() == ErrorKind::ConnectionReset => self.reset,
            Err(_) => false,
        };
        assert!(expected, "{outcome:?}");
    }

    /// Whether a message came. Each one that the peer has written arrives once and in order, and all of them before what
    /// went wrong.
    fn receive(&mut self) -> bool {
        let expected = &self.expected;
        let received = match self.ours.try_recv_bytes() {
            Ok(Some(message)) => {
                assert!(
                    expected.messages.get(self.received) == Some(&message),
                    "message {} differs",
                    self.received
                );
                self.received += 1;
                return true;
            }
            Ok(None) => {
                assert!(
                    !self.over && !self.ended,
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
        assert_eq!(self.received, expected.messages.len(), "{received:?} came too early");
        match received {
            Error::Eof => assert!(self.ended && (self.over || expected.end == Ok(())), "{expected:?}"),
            Error::Frame(FrameError::Truncated) => assert!(self.ended && expected.end == Err(FrameError::Truncated)),
            Error::Frame(fault) => assert_eq!(expected.end, Err(fault)),
            Error::NotReadable => assert!(self.over && !self.ours.readable()),
            Error::Io(error) => assert!(self.reset && error.kind() == ErrorKind::ConnectionReset, "{error}"),
            other => panic!("{other:?}"),
        }
        self.over = true;
        false
    }

    fn poll(&mut self) {
        let Ok(ready) = self.ours.poll(Some(Duration::ZERO)) else {
            assert!(self.over && !self.ours.readable());
            return;
        };
        let fault = !matches!(self.expected.end, Ok(()) | Err(FrameError::Truncated));
        let more = self.expected.messages.len() > self.received;
        assert_eq!(ready, more || fault || self.ended);
    }

    fn write(&mut self, most: usize) {
        let Some(theirs) = self.theirs.as_mut().filter(|_| !self.ended) else {
            return;
        };
        let rest = &self.composed[self.written..];
        match theirs.write(&rest[..rest.len().min(most)]) {
            Ok(bytes) => {
                self.written += bytes;
                self.expected = parse(&self.composed[..self.written], self.limit);
            }
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
        }
    }

    /// How many bytes came.
    fn read(&mut self, most: usize) -> usize {
        let Some(theirs) = &mut self.theirs else { return 0 };
        let mut memory = vec![0; most];
        let bytes = match theirs.read(&mut memory) {
            Ok(bytes) => bytes,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                return 0;
            }
        };
        assert!(
            self.accepted.get(self.read..self.read + bytes) == Some(&memory[..bytes]),
            "the peer reads what was not sent"
        );
        self.read += bytes;
        bytes
    }

    fn shutdown(&mut self, how: Shutdown) {
        if let Some(theirs) = &self.theirs {
            theirs.shutdown(how).expect("a socket");
            self.ended |= how == Shutdown::Write;
            self.listens &= how != Shutdown::Read;
        }
    }

    fn leave(&mut self) {
        if let Some(theirs) = self.theirs.take() {
            let unread = rustix::io::ioctl_fionread(&theirs).expect("a socket");
            self.reset = unread > 0;
            self.ended = true;
            self.listens = false;
        }
    }

    /// The peer reads to the end and writes all it has to; then it goes, and we receive to the end.
    fn finish(mut self) {
        while self.theirs.is_some() && self.listens && self.read < self.accepted.len() {
            let flushed = self.ours.try_flush();
            self.check_sent(&flushed);
            assert!(self.read(usize::from(u16::MAX)) > 0, "what was accepted is lost");
        }
        while self.theirs.is_some() && !self.ended && self.written < self.composed.len() {
            while self.receive() {}
            if self.over {
                break;
            }
            let before = self.written;
            self.write(usize::MAX);
            assert!(self.written > before, "all has been received, and there is no room");
        }
        self.leave();
        while self.receive() {}
        assert!(self.over, "the end is not reported");
    }
}

/// Bytes of which no two stretches of the stream are alike, so that one out of place shows.
fn varied(begin: usize, length: usize) -> impl Iterator<Item = u8> {
    (begin..begin + length).map(|at| (at ^ (at >> 8)) as u8)
}
