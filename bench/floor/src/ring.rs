//! A ring of bytes each way, in memory that a process shares with its fork. An end that waits looks again and again.

use std::cell::Cell;
use std::io;
use std::os::unix::process::parent_id;
use std::process;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::stream::Stream;

/// The longest part that is copied before the peer learns of it, so that both copy at the same time.
const PART: usize = 64 * 1024;

/// How often an end looks before it asks whether the process that began the measurement still runs.
const LOOKS: u32 = 1 << 20;

/// Memory that one end writes is on a cache line of its own; processors fetch two at a time.
#[repr(C, align(128))]
struct Line<T>(T);

/// The two ends of one ring tell each other by it how far they are. Memory of zeros is an empty ring.
#[repr(C)]
struct Control {
    /// How many bytes were written.
    head: Line<AtomicUsize>,
    /// How many bytes were taken.
    tail: Line<AtomicUsize>,
    /// Nothing more will be written.
    closed: Line<AtomicBool>,
}

/// One end's view of one ring.
struct Ring {
    control: &'static Control,
    bytes: NonNull<u8>,
    /// A power of two.
    size: usize,
    /// This end's position.
    own: Cell<usize>,
    /// The other end's, as it was last seen.
    other: Cell<usize>,
}

/// One end: it writes one ring and reads the other. The memory stays mapped until the process ends.
pub(crate) struct RingEnd {
    sending: Ring,
    receiving: Ring,
    /// The process that began the measurement.
    owner: u32,
}

impl RingEnd {
    /// Both ends of a new pair, whose rings have `size` bytes, rounded up to a power of two.
    pub(crate) fn pair(size: usize) -> io::Result<(Self, Self)> {
        let size = size.next_power_of_two();
        // SAFETY: no address is asked for, so nothing that is mapped already is touched.
        let start = unsafe {
            libc::mmap(
                ptr::null_mut(),
                2 * (size_of::<Control>() + size),
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast::<u8>()).ok_or(io::ErrorKind::OutOfMemory)?;
        let ring = |index: usize| {
            // SAFETY: the two control blocks and then the two rings lie in the mapping, which begins at a page and is never unmapped.
            // Zeros are a control block, of atomic values only.
            unsafe {
                Ring {
                    control: start.cast::<Control>().add(index).as_ref(),
                    bytes: start.add(2 * size_of::<Control>() + index * size),
                    size,
                    own: Cell::new(0),
                    other: Cell::new(0),
                }
            }
        };
        let end = |sending, receiving| Self {
            sending: ring(sending),
            receiving: ring(receiving),
            owner: process::id(),
        };
        Ok((end(0, 1), end(1, 0)))
    }

    /// Looks until `look` finds something, or the peer has closed: then 0.
    fn wait(&self, mut look: impl FnMut() -> usize) -> usize {
        loop {
            for _ in 0..LOOKS {
                let found = look();
                if found > 0 {
                    return found;
                }
                if self.receiving.control.closed.0.load(Ordering::Acquire) {
                    // The bytes that came before that are there by now.
                    return look();
                }
                std::hint::spin_loop();
            }
            if process::id() != self.owner && parent_id() != self.owner {
                return 0;
            }
        }
    }
}

impl Stream for RingEnd {
    fn send(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let room = self.wait(|| self.sending.room());
            if room == 0 {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            let (now, later) = bytes.split_at(room.min(bytes.len()).min(PART));
            self.sending.write(now);
            bytes = later;
        }
        Ok(())
    }

    fn receive(&self, into: &mut [u8]) -> io::Result<usize> {
        let there = self.wait(|| self.receiving.available());
        let count = there.min(into.len()).min(PART);
        self.receiving.read(&mut into[..count]);
        Ok(count)
    }

    fn close(self) {
        self.sending.control.closed.0.store(true, Ordering::Release);
    }
}

impl Ring {
    /// How many bytes can be written. The peer's position is looked at only where none can, as far as is known.
    fn room(&self) -> usize {
        if self.own.get() - self.other.get() == self.size {
            self.other.set(self.control.tail.0.load(Ordering::Acquire));
        }
        self.size - (self.own.get() - self.other.get())
    }

    /// How many bytes can be taken.
    fn available(&self) -> usize {
        if self.own.get() == self.other.get() {
            self.other.set(self.control.head.0.load(Ordering::Acquire));
        }
        self.other.get() - self.own.get()
    }

    /// Writes `bytes`, for which there is room.
    fn write(&self, bytes: &[u8]) {
        let at = self.own.get() & (self.size - 1);
        let (first, second) = bytes.split_at(bytes.len().min(self.size - at));
        // SAFETY: both parts lie in the ring, and the peer doesn't read there before it has seen the new head.
        unsafe {
            ptr::copy_nonoverlapping(first.as_ptr(), self.bytes.as_ptr().add(at), first.len());
            ptr::copy_nonoverlapping(second.as_ptr(), self.bytes.as_ptr(), second.len());
        }
        self.own.set(self.own.get() + bytes.len());
        self.control.head.0.store(self.own.get(), Ordering::Release);
    }

    /// Takes as many bytes as `into` has, which are available.
    fn read(&self, into: &mut [u8]) {
        let at = self.own.get() & (self.size - 1);
        let count = into.len();
        let (first, second) = into.split_at_mut(count.min(self.size - at));
        // SAFETY: both parts lie in the ring, and the peer doesn't write there before it has seen the new tail.
        unsafe {
            ptr::copy_nonoverlapping(self.bytes.as_ptr().add(at), first.as_mut_ptr(), first.len());
            ptr::copy_nonoverlapping(self.bytes.as_ptr(), second.as_mut_ptr(), second.len());
        }
        self.own.set(self.own.get() + count);
        self.control.tail.0.store(self.own.get(), Ordering::Release);
    }
}
