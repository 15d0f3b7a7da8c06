//! The socket beside a ring: doorbells, packets of descriptors, and the end of the peer.

use std::collections::VecDeque;
use std::io::{self, IoSlice};

use crate::Result;
use crate::ring::RingFault;
use crate::ring::sending::{ATTEMPTS, send_whole};
use crate::sys::{self, BorrowedFd, Deadline, PeerFds, Transport};

/// The byte that wakes an end.
const BELL: u8 = 1;

/// The byte that begins a packet. The position of the byte in the ring that the descriptors belong to follows, as 8 bytes. It
/// is sent before that byte is published.
const PACKET: u8 = 2;

/// The bytes of a packet.
const PACKET_SIZE: usize = 9;

/// How many packets are held. An honest peer sends the next one only when the bytes that the last one belongs to are in the ring.
const HELD_MAX: usize = 2;

/// How often the socket is read in one go, so that a peer that floods it delays no other.
const READS_MAX: usize = 16;

/// The receiving half of what the two sockets carry.
#[derive(Debug, Default)]
pub(super) struct Signals {
    /// The packet that has come in part.
    begun: Vec<u8>,
    begun_fds: PeerFds,
    held: VecDeque<(u64, PeerFds)>,
    /// How many packets have come, or never will although the peer says so.
    packets: u64,
    /// The peer has closed its socket.
    pub(super) ended: bool,
    /// There may be more than was read.
    pub(super) unread: bool,
}

impl Signals {
    /// Reads what has come, once, waiting for it by `deadline`. Whether anything came, the end included. `taken` is the position in
    /// the ring up to which bytes have been taken.
    pub(super) fn hear_once(&mut self, fd: BorrowedFd<'_>, taken: u64, deadline: Deadline) -> Result<bool> {
        if self.ended {
            return Ok(true);
        }
        self.unread = true;
        let mut buffer = [0; 256];
        match sys::receive_with_fds(fd, &mut buffer, deadline) {
            Ok(None) => {
                self.unread = false;
                return Ok(false);
            }
            Ok(Some(arrived)) if arrived.bytes == 0 => {
                (self.ended, self.unread) = (true, false);
            }
            // The peer has gone without reading its doorbells: the end follows. What it has read of the ring says whether it missed any
            // message.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {}
            Ok(Some(arrived)) => self.sort(&buffer[..arrived.bytes], arrived.fds, taken)?,
            Err(error) => return Err(error.into()),
        }
        Ok(true)
    }

    /// Reads all that has come.
    pub(super) fn hear(&mut self, fd: BorrowedFd<'_>, taken: u64) -> Result<()> {
        for _ in 0..READS_MAX {
            if self.ended || self.is_full() || !self.hear_once(fd, taken, Deadline::Now)? {
                break;
            }
        }
        Ok(())
    }

    /// Reads the packets that the peer says it has sent, `announced` since the beginning. They have come already; a few attempts show
    /// whether it lies.
    pub(super) fn collect(&mut self, fd: BorrowedFd<'_>, announced: u64, taken: u64) -> Result<()> {
        for _ in 0..ATTEMPTS {
            self.hear(fd, taken)?;
            if !self.misses(announced) || self.unread {
                return Ok(());
            }
        }
        self.packets = announced;
        Ok(())
    }

    /// Whether packets have been announced that were not read yet.
    pub(super) fn misses(&self, announced: u64) -> bool {
        self.packets != announced
    }

    /// Whether no more is read before a packet's message is.
    pub(super) fn is_full(&self) -> bool {
        self.held.len() >= HELD_MAX
    }

    /// Whether descriptors have been taken out of the socket that no caller has received yet.
    pub(super) fn holds_something(&self) -> bool {
        !self.held.is_empty() || !self.begun.is_empty()
    }

    /// The position that the next packet belongs to.
    pub(super) fn next_packet(&self) -> Option<u64> {
        self.held.front().map(|(position, _)| *position)
    }

    /// Takes the descriptors of the byte at `position`.
    pub(super) fn take_packet(&mut self, position: u64) -> PeerFds {
        if self.next_packet() != Some(position) {
            return PeerFds::default();
        }
        self.held.pop_front().map(|(_, fds)| fds).unwrap_or_default()
    }

    /// Descriptors come with the last packet that one read has the beginning of.
    fn sort(&mut self, bytes: &[u8], fds: PeerFds, taken: u64) -> Result<(), RingFault> {
        let mut complete = None;
        for byte in bytes {
            match (self.begun.len(), *byte) {
                (0, BELL) => {}
                (0, PACKET) => {
                    self.begun.push(PACKET);
                    complete = Some(false);
                }
                (0, _) => return Err(RingFault::Signal),
                (PACKET_SIZE.., _) => unreachable!("a packet was taken when it was complete"),
                _ => {
                    self.begun.push(*byte);
                    if self.begun.len() == PACKET_SIZE {
                        self.hold(taken)?;
                        complete = complete.map(|_| true);
                    }
                }
            }
        }
        match (complete, self.held.back_mut()) {
            (Some(false), _) => self.begun_fds = fds,
            (Some(true), Some((_, held))) => *held = fds,
            _ => {}
        }
        Ok(())
    }

    /// Keeps the packet that is complete.
    fn hold(&mut self, taken: u64) -> Result<(), RingFault> {
        let position = self.begun[1..]
            .iter()
            .fold(0, |number, byte| number << 8 | u64::from(*byte));
        self.begun = Vec::new();
        if position < taken || self.held.back().is_some_and(|(last, _)| position <= *last) {
            return Err(RingFault::Signal);
        }
        self.held.push_back((position, std::mem::take(&mut self.begun_fds)));
        self.packets = self.packets.wrapping_add(1);
        Ok(())
    }
}

/// Wakes the peer.
pub(super) fn ring(fd: BorrowedFd<'_>) -> io::Result<()> {
    let mut attempt = 1;
    loop {
        match sys::send(fd, Transport::Socket, &mut [IoSlice::new(&[BELL])], Deadline::Now) {
            Ok(1..) => return Ok(()),
            // A socket without room has bytes in it that wake the peer.
            Ok(0) if attempt == ATTEMPTS => return Ok(()),
            Ok(0) => {}
            Err(error) if is_short_of_memory(&error) && attempt < ATTEMPTS => std::thread::yield_now(),
            Err(error) => return Err(error),
        }
        attempt += 1;
    }
}

/// Sends descriptors for the byte at `position`, which is not published yet. Whether there was room by `deadline`.
pub(super) fn send_packet(
    fd: BorrowedFd<'_>,
    position: u64,
    fds: &[BorrowedFd<'_>],
    deadline: Deadline,
) -> io::Result<bool> {
    let mut packet = [PACKET; PACKET_SIZE];
    packet[1..].copy_from_slice(&position.to_be_bytes());
    send_whole(fd, &packet, fds, deadline)
}

fn is_short_of_memory(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::OutOfMemory || sys::error_name(error) == Some("ENOBUFS")
}
