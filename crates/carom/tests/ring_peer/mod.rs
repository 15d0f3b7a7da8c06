//! The other end of a ring, written down from the documentation in the plainest way, without the crate: it can also do what no honest
//! end does.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::io::{ErrorKind, IoSlice, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64};

use carom::sys::{self, Deadline};

/// The bytes before the two rings.
const CONTROL: usize = 4096;

/// Where a ring's control block begins, and what is where in it.
const BLOCK: usize = 512;
const HEAD: usize = 0;
const PACKETS: usize = 8;
const TAIL: usize = 128;
const ASLEEP: usize = 256;
const WANTS_ROOM: usize = 384;

/// The frame that offers memory to an end on the second side.
pub(crate) const OFFER: [u8; 12] = *b"\xff\xff\xff\xfecarom\x01\x01\x00";

/// An end on the first side: it writes the first ring and reads the second.
pub(crate) struct RingPeer {
    pub(crate) socket: UnixStream,
    fd: OwnedFd,
    memory: *mut u8,
    size: usize,
    head: u64,
    tail: u64,
    packets: u64,
}

// SAFETY: the mapping is the process's; all of it is read and written atomically.
unsafe impl Send for RingPeer {}

impl RingPeer {
    /// Offers memory for rings of `size` bytes over `socket`.
    pub(crate) fn offer(socket: UnixStream, size: usize) -> Self {
        let fd = memfd(CONTROL + 2 * size, SEALS, 0);
        let peer = Self::over(socket, &fd, size);
        peer.send_offer(&OFFER, &[fd.as_fd()]);
        peer
    }

    /// A second view of the same memory, for a thread that scribbles.
    pub(crate) fn clone_of(peer: &Self) -> Self {
        Self::over(
            peer.socket.try_clone().unwrap(),
            &peer.fd.try_clone().unwrap(),
            peer.size,
        )
    }

    fn over(socket: UnixStream, fd: &OwnedFd, size: usize) -> Self {
        let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED);
        // SAFETY: a new mapping of a file of that length.
        let memory = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                CONTROL + 2 * size,
                protection,
                flags,
                fd.as_raw_fd(),
                0,
            )
        };
        assert_ne!(memory, libc::MAP_FAILED);
        Self {
            socket,
            fd: fd.try_clone().unwrap(),
            memory: memory.cast(),
            size,
            head: 0,
            tail: 0,
            packets: 0,
        }
    }

    /// Sends bytes that are meant as an offer, with descriptors.
    pub(crate) fn send_offer(&self, offer: &[u8], fds: &[BorrowedFd<'_>]) {
        sys::send_with_fds(self.socket.as_fd(), &[IoSlice::new(offer)], fds, Deadline::Never).unwrap();
    }

    fn word(&self, at: usize) -> &AtomicU64 {
        // SAFETY: inside the mapping, aligned, and as long as it.
        unsafe { &*self.memory.add(at).cast() }
    }

    fn flag(&self, at: usize) -> &AtomicU32 {
        // SAFETY: as above.
        unsafe { &*self.memory.add(at).cast() }
    }

    fn byte(&self, ring: usize, position: u64) -> &AtomicU8 {
        let at = CONTROL + ring * self.size + position as usize % self.size;
        // SAFETY: as above.
        unsafe { &*self.memory.add(at).cast() }
    }

    /// Writes bytes, as many as there is room for, and rings where the other end sleeps. Returns how many.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> usize {
        let tail = self.word(TAIL).load(SeqCst);
        let room = (self.size as u64).saturating_sub(self.head.wrapping_sub(tail)) as usize;
        let count = bytes.len().min(room);
        for (index, byte) in bytes[..count].iter().enumerate() {
            self.byte(0, self.head.wrapping_add(index as u64)).store(*byte, SeqCst);
        }
        self.head = self.head.wrapping_add(count as u64);
        self.word(HEAD).store(self.head, SeqCst);
        if self.flag(ASLEEP).swap(0, SeqCst) != 0 {
            self.signal(&[1]);
        }
        count
    }

    /// Sends descriptors for the byte that is written next.
    pub(crate) fn send_fds(&mut self, fds: &[BorrowedFd<'_>]) -> std::io::Result<usize> {
        let mut packet = vec![2];
        packet.extend(self.head.to_be_bytes());
        let sent = sys::send_with_fds(self.socket.as_fd(), &[IoSlice::new(&packet)], fds, Deadline::Now)?;
        self.packets += 1;
        self.word(PACKETS).store(self.packets, SeqCst);
        Ok(sent)
    }

    /// Reads up to `most` bytes, and rings where the other end waits for room.
    pub(crate) fn read(&mut self, most: usize) -> Vec<u8> {
        let head = self.word(BLOCK + HEAD).load(SeqCst);
        let count = most.min(head.wrapping_sub(self.tail).min(self.size as u64) as usize);
        let bytes = (0..count as u64).map(|index| self.byte(1, self.tail.wrapping_add(index)).load(SeqCst));
        let bytes: Vec<u8> = bytes.collect();
        self.tail = self.tail.wrapping_add(count as u64);
        self.word(BLOCK + TAIL).store(self.tail, SeqCst);
        if count > 0 && self.flag(BLOCK + WANTS_ROOM).swap(0, SeqCst) != 0 {
            self.signal(&[1]);
        }
        bytes
    }

    /// Sends bytes through the socket, as far as it has room.
    pub(crate) fn signal(&self, bytes: &[u8]) {
        self.socket.set_nonblocking(true).unwrap();
        let sent = (&self.socket).write(bytes);
        self.socket.set_nonblocking(false).unwrap();
        if let Err(error) = sent {
            assert!(
                matches!(
                    error.kind(),
                    ErrorKind::WouldBlock | ErrorKind::BrokenPipe | ErrorKind::ConnectionReset
                ),
                "{error}"
            );
        }
    }

    /// Takes what the socket has. Returns how many bytes.
    pub(crate) fn hear(&self) -> usize {
        self.socket.set_nonblocking(true).unwrap();
        let heard = (&self.socket).read(&mut [0; 4096]).unwrap_or(0);
        self.socket.set_nonblocking(false).unwrap();
        heard
    }

    /// Says that this end sleeps.
    pub(crate) fn sleep(&self) {
        self.flag(BLOCK + ASLEEP).store(1, SeqCst);
    }

    /// Says that this end waits for room.
    pub(crate) fn want_room(&self) {
        self.flag(WANTS_ROOM).store(1, SeqCst);
    }

    /// Whether all that was written has been taken.
    pub(crate) fn all_taken(&self) -> bool {
        self.word(TAIL).load(SeqCst) == self.head
    }

    /// Whether the other end has written nothing that is left to read.
    pub(crate) fn has_read_all(&self) -> bool {
        self.word(BLOCK + HEAD).load(SeqCst) == self.tail
    }

    /// Writes a number where it does not belong: `at` counts the words of the control blocks.
    pub(crate) fn scribble(&self, at: usize, value: u64) {
        self.word(at % (2 * BLOCK / 8) * 8).store(value, SeqCst);
    }

    /// The position of the word that has the number of written bytes of one of the rings, for [`scribble`](Self::scribble).
    pub(crate) fn positions() -> [usize; 6] {
        [HEAD, PACKETS, TAIL, BLOCK + HEAD, BLOCK + PACKETS, BLOCK + TAIL].map(|at| at / 8)
    }

    /// Writes a byte of the rings.
    pub(crate) fn smear(&self, at: usize, value: u8) {
        self.byte(at / self.size % 2, at as u64).store(value, SeqCst);
    }
}

impl Drop for RingPeer {
    fn drop(&mut self) {
        // SAFETY: mapped by this object.
        unsafe { libc::munmap(self.memory.cast(), CONTROL + 2 * self.size) };
    }
}

/// The seals that a ring's memory must have.
pub(crate) const SEALS: i32 = libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_SEAL;

/// Memory of `length` bytes with these seals, made with more `flags`.
pub(crate) fn memfd(length: usize, seals: i32, flags: u32) -> OwnedFd {
    // SAFETY: the name ends with a zero, and the descriptor is new.
    let fd = unsafe {
        let number = libc::memfd_create(c"peer".as_ptr(), libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING | flags);
        assert!(number >= 0, "{}", std::io::Error::last_os_error());
        OwnedFd::from_raw_fd(number)
    };
    // SAFETY: calls on a descriptor of ours.
    unsafe {
        assert_eq!(libc::ftruncate(fd.as_raw_fd(), length as i64), 0);
        assert_eq!(libc::fcntl(fd.as_raw_fd(), libc::F_ADD_SEALS, seals), 0);
    }
    fd
}
