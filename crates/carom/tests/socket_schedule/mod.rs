//! Schedules of a connection over a socket, the inputs of the target `connection`.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use carom::spin::Spin;
use carom::{Connection, Error};

use crate::schedule::{COMMON, Peer, Schedule};

pub(crate) type SocketSchedule = Schedule<Socket>;

/// A peer that reads and writes in any pieces, leaves half of a message, sends any bytes, and goes away at any moment.
pub(crate) struct Socket {
    stream: Option<UnixStream>,
    listens: bool,
    ended: bool,
    /// It has left with bytes of ours unread: the kernel reports a reset in place of the end.
    reset: bool,
}

#[derive(Clone, Copy)]
pub(crate) enum Deed {
    Shutdown(Shutdown),
    Leave,
}

impl Peer for Socket {
    const OPERATIONS: u8 = COMMON + 3;
    const COMPOSED_MAX: usize = 256 * 1024;
    type Deed = Deed;

    fn connect(limit: u64) -> (Connection, Self) {
        let (ours, theirs) = UnixStream::pair().expect("a socket pair");
        for end in [&ours, &theirs] {
            // Little room, so that a call soon finds none. The kernel has a minimum.
            rustix::net::sockopt::set_socket_send_buffer_size(end, 1).expect("a buffer");
        }
        theirs.set_nonblocking(true).expect("a socket");
        let ours = Connection::with_options(ours.into(), limit, Spin::fixed(Duration::ZERO)).expect("a stream socket");
        let theirs = Self {
            stream: Some(theirs),
            listens: true,
            ended: false,
            reset: false,
        };
        (ours, theirs)
    }

    fn deed(operation: u8, _next: impl FnMut() -> u8) -> Deed {
        match operation {
            13 => Deed::Shutdown(Shutdown::Write),
            14 => Deed::Shutdown(Shutdown::Read),
            _ => Deed::Leave,
        }
    }

    fn act(&mut self, deed: Deed) {
        match deed {
            Deed::Shutdown(how) => {
                if let Some(stream) = &self.stream {
                    stream.shutdown(how).expect("a socket");
                    self.ended |= how == Shutdown::Write;
                    self.listens &= how != Shutdown::Read;
                }
            }
            Deed::Leave => self.leave(),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> usize {
        let Some(stream) = self.stream.as_mut().filter(|_| !self.ended) else {
            return 0;
        };
        stream.write(bytes).unwrap_or_else(|error| {
            assert_eq!(error.kind(), ErrorKind::WouldBlock);
            0
        })
    }

    fn read(&mut self, most: usize) -> Vec<u8> {
        let Some(stream) = &mut self.stream else {
            return Vec::new();
        };
        let mut bytes = vec![0; most];
        let length = stream.read(&mut bytes).unwrap_or_else(|error| {
            assert_eq!(error.kind(), ErrorKind::WouldBlock);
            0
        });
        bytes.truncate(length);
        bytes
    }

    fn leave(&mut self) {
        if let Some(stream) = self.stream.take() {
            let unread = rustix::io::ioctl_fionread(&stream).expect("a socket");
            self.reset = unread > 0;
            self.ended = true;
            self.listens = false;
        }
    }

    fn listens(&self) -> bool {
        self.listens
    }

    fn ended(&self) -> bool {
        self.ended
    }

    fn reset(&self) -> bool {
        self.reset
    }

    /// A send only fails where the peer takes no more.
    fn excuses(&self, error: &Error) -> bool {
        match error {
            Error::Io(error) if error.kind() == ErrorKind::BrokenPipe => !self.listens,
            Error::Io(error) if error.kind() == ErrorKind::ConnectionReset => self.reset,
            _ => false,
        }
    }
}
