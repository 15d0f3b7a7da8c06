//! Positions, and who sleeps: all of the ring's protocol but the bytes.
//!
//! The tests run this file under loom, which tries every order in which two threads can take its steps, and every value that the
//! memory model lets a load see.

#[cfg(not(loom))]
use std::sync::atomic::{AtomicU32, AtomicU64, fence};

#[cfg(loom)]
use loom::sync::atomic::{AtomicU32, AtomicU64, fence};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};

/// The largest position at which an end goes on where another has stopped. From here, no end comes to the end of the numbers.
const POSITION_MAX: u64 = u64::MAX / 2;

/// Memory that one end writes is on a cache line of its own; processors fetch two at a time.
#[derive(Debug, Default)]
#[repr(C, align(128))]
struct Line<T>(T);

/// The two ends of one ring tell each other by it how far they are, in the memory that they share. Any bytes are a value of it.
#[derive(Debug, Default)]
#[repr(C)]
pub(crate) struct Control {
    written: Line<Written>,
    /// How many bytes the consumer has taken.
    tail: Line<AtomicU64>,
    /// The consumer wants to be rung for when there is something to take. Nobody writes this while both are awake, so that the
    /// producer finds it in its own cache.
    asleep: Line<AtomicU32>,
    /// The producer wants to be rung for when there is room again.
    wants_room: Line<AtomicU32>,
}

#[derive(Debug, Default)]
#[repr(C)]
struct Written {
    /// How many bytes the producer has written.
    head: AtomicU64,
    /// How many packets of descriptors the producer has sent beside them.
    packets: AtomicU64,
}

impl Control {
    /// Has the producer ring for what it sends next: before the consumer has begun, and after it has left. Where nobody is at the other
    /// end, the producer then learns it at once.
    pub(crate) fn ask_to_ring(&self) {
        self.asleep.0.store(1, Relaxed);
    }
}

/// The peer has written a position that can't be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lie;

/// The producer's own positions.
#[derive(Debug)]
pub(crate) struct Producer {
    size: u64,
    head: u64,
    /// The consumer's position, as it was last seen.
    tail: u64,
    packets: u64,
    waiting: bool,
}

impl Producer {
    pub(crate) fn new(size: u64) -> Self {
        Self {
            size,
            head: 0,
            tail: 0,
            packets: 0,
            waiting: false,
        }
    }

    /// One that goes on where another has stopped.
    pub(crate) fn resume(control: &Control, size: u64) -> Result<Self, Lie> {
        let (head, tail) = (control.written.0.head.load(Acquire), control.tail.0.load(Acquire));
        if head > POSITION_MAX || head.checked_sub(tail).is_none_or(|used| used > size) {
            return Err(Lie);
        }
        let packets = control.written.0.packets.load(Relaxed);
        Ok(Self {
            head,
            tail,
            packets,
            ..Self::new(size)
        })
    }

    /// The position of the byte that is written next.
    pub(crate) fn position(&self) -> u64 {
        self.head
    }

    /// How many bytes can be written, as far as is known without asking the consumer.
    pub(crate) fn known_room(&self) -> u64 {
        self.size - (self.head - self.tail)
    }

    /// How many bytes can be written.
    pub(crate) fn room(&mut self, control: &Control) -> Result<u64, Lie> {
        let tail = control.tail.0.load(Acquire);
        if tail.wrapping_sub(self.tail) > self.head - self.tail {
            return Err(Lie);
        }
        self.tail = tail;
        Ok(self.known_room())
    }

    /// Whether the consumer has taken something since its position was last seen, or there is nothing to take.
    pub(crate) fn consumer_takes(&mut self, control: &Control) -> Result<bool, Lie> {
        let before = self.tail;
        Ok(self.room(control)? == self.size || self.tail != before)
    }

    /// How many bytes the consumer has not taken.
    pub(crate) fn untaken(&mut self, control: &Control) -> Result<u64, Lie> {
        Ok(self.size - self.room(control)?)
    }

    /// Tells the consumer of `bytes` more, which have been written. Whether it sleeps, and a doorbell is due.
    pub(crate) fn publish(&mut self, control: &Control, bytes: u64) -> bool {
        self.head += bytes;
        control.written.0.head.store(self.head, Release);
        fence(SeqCst);
        control.asleep.0.load(Relaxed) != 0 && control.asleep.0.swap(0, Relaxed) != 0
    }

    /// Counts a packet of descriptors that has been sent, before the bytes that it belongs to are published.
    pub(crate) fn count_packet(&mut self, control: &Control) {
        self.packets = self.packets.wrapping_add(1);
        control.written.0.packets.store(self.packets, Relaxed);
    }

    /// Asks to be rung for when there is room again, of which there is none. Whether there is some already; if not, a doorbell
    /// follows.
    pub(crate) fn want_room(&mut self, control: &Control) -> Result<bool, Lie> {
        control.wants_room.0.store(1, Relaxed);
        fence(SeqCst);
        self.waiting = true;
        if self.room(control)? == 0 {
            return Ok(false);
        }
        self.stop_waiting(control);
        Ok(true)
    }

    /// Takes back what [`want_room`](Self::want_room) asked for.
    pub(crate) fn stop_waiting(&mut self, control: &Control) {
        if self.waiting {
            self.waiting = false;
            control.wants_room.0.store(0, Relaxed);
        }
    }

    /// Whether there is room for an end that wanted some: the consumer has rung, or a good part is free.
    pub(crate) fn has_room_again(&self, control: &Control) -> bool {
        self.waiting && {
            let taken = control.tail.0.load(Relaxed).wrapping_sub(self.tail);
            control.wants_room.0.load(Relaxed) == 0 || taken >= self.size / 4
        }
    }
}

/// The consumer's own positions.
#[derive(Debug)]
pub(crate) struct Consumer {
    size: u64,
    tail: u64,
    /// The producer's position, as it was last seen.
    head: u64,
    asleep: bool,
}

impl Consumer {
    /// One that has taken nothing yet, and is rung for from the beginning: see [`Control::ask_to_ring`].
    pub(crate) fn new(size: u64) -> Self {
        Self {
            size,
            tail: 0,
            head: 0,
            asleep: true,
        }
    }

    /// One that goes on where another has stopped.
    pub(crate) fn resume(control: &Control, size: u64) -> Result<Self, Lie> {
        let tail = control.tail.0.load(Acquire);
        if tail > POSITION_MAX {
            return Err(Lie);
        }
        Ok(Self {
            tail,
            head: tail,
            ..Self::new(size)
        })
    }

    /// The position of the byte that is taken next.
    pub(crate) fn position(&self) -> u64 {
        self.tail
    }

    /// How many bytes there are to be taken.
    pub(crate) fn available(&mut self, control: &Control) -> Result<u64, Lie> {
        let head = control.written.0.head.load(Acquire);
        let fresh = head.wrapping_sub(self.head);
        if fresh > self.size - (self.head - self.tail) {
            return Err(Lie);
        }
        self.head = head;
        Ok(self.head - self.tail)
    }

    /// Whether there may be bytes to be taken, without looking closely.
    pub(crate) fn is_ready(&self, control: &Control) -> bool {
        control.written.0.head.load(Relaxed) != self.tail
    }

    /// How many packets of descriptors the producer has sent before the bytes that are [`available`](Self::available).
    pub(crate) fn packets(control: &Control) -> u64 {
        control.written.0.packets.load(Relaxed)
    }

    /// Tells the producer that `bytes` have been taken. Whether it waits for room and there is a good part of it: a doorbell is due. An
    /// empty ring is one.
    pub(crate) fn consume(&mut self, control: &Control, bytes: u64) -> bool {
        self.tail += bytes;
        control.tail.0.store(self.tail, Release);
        fence(SeqCst);
        if control.wants_room.0.load(Relaxed) == 0 {
            return false;
        }
        let left = self.head - self.tail;
        self.size - left >= self.size / 4 && control.wants_room.0.swap(0, Relaxed) != 0
    }

    /// Says that this end is about to sleep. Whether there is something to be taken already; if not, a doorbell follows.
    pub(crate) fn sleep(&mut self, control: &Control) -> Result<bool, Lie> {
        control.asleep.0.store(1, Relaxed);
        fence(SeqCst);
        self.asleep = true;
        if self.available(control)? == 0 {
            return Ok(false);
        }
        self.wake(control);
        Ok(true)
    }

    /// Says that this end is awake.
    pub(crate) fn wake(&mut self, control: &Control) {
        if self.asleep {
            self.asleep = false;
            control.asleep.0.store(0, Relaxed);
        }
    }
}
