//! One end of a pair of rings.

use super::bytes;
use super::control::{Consumer, Lie, Producer};
use super::offer::Side;
use super::{RingFault, RingMemory};

/// The longest part of a message that is copied before the peer is told of it, so that both copy at the same time.
const PART: usize = 64 * 1024;

/// One end: the producer of one ring and the consumer of the other.
#[derive(Debug)]
pub(crate) struct RingEnd {
    memory: RingMemory,
    side: Side,
    producer: Producer,
    consumer: Consumer,
}

impl From<Lie> for RingFault {
    fn from(_: Lie) -> Self {
        Self::Position
    }
}

impl RingEnd {
    pub(crate) fn new(memory: RingMemory, side: Side) -> Self {
        let (producer, consumer) = (Producer::new(memory.ring_size()), Consumer::new(memory.ring_size()));
        Self {
            memory,
            side,
            producer,
            consumer,
        }
    }

    /// The end that another process has left, where it stopped: its positions are those that it has published. The peer may have changed
    /// them, which harms nobody but the two.
    pub(crate) fn resume(memory: RingMemory, side: Side) -> Result<Self, RingFault> {
        let producer = Producer::resume(memory.control(side), memory.ring_size())?;
        let consumer = Consumer::resume(memory.control(side.other()), memory.ring_size())?;
        Ok(Self {
            memory,
            side,
            producer,
            consumer,
        })
    }

    pub(crate) fn side(&self) -> Side {
        self.side
    }

    /// Writes as much of `slices`, one behind the other, as there is room for; `ring` is called where the consumer sleeps. Returns how
    /// many bytes.
    pub(crate) fn write(&mut self, slices: [&[u8]; 2], mut ring: impl FnMut()) -> Result<usize, RingFault> {
        let control = self.memory.control(self.side);
        let data = self.memory.data(self.side);
        let part = PART.min(size_of_val(data) / 2) as u64;
        let (mut written, mut untold) = (0, 0);
        for mut bytes in slices {
            while !bytes.is_empty() {
                let wanted = (bytes.len() as u64).min(part - untold);
                if self.producer.known_room() < untold + wanted {
                    self.producer.room(control)?;
                }
                let fitting = wanted.min(self.producer.known_room() - untold);
                if fitting == 0 {
                    break;
                }
                let (now, later) = bytes.split_at(fitting as usize);
                bytes::write(data, self.producer.position() + untold, now);
                written += now.len();
                untold += fitting;
                bytes = later;
                if untold == part && self.producer.publish(control, std::mem::take(&mut untold)) {
                    ring();
                }
            }
        }
        if untold > 0 && self.producer.publish(control, untold) {
            ring();
        }
        Ok(written)
    }

    /// Takes bytes into `buffer`, which is no longer than there are bytes [`available`](Self::available); `ring` is called where the producer
    /// waits for the room.
    pub(crate) fn read(&mut self, buffer: &mut [u8], mut ring: impl FnMut()) {
        let control = self.memory.control(self.side.other());
        let data = self.memory.data(self.side.other());
        for part in buffer.chunks_mut(PART) {
            bytes::read(data, self.consumer.position(), part);
            if self.consumer.consume(control, part.len() as u64) {
                ring();
            }
        }
    }

    /// Whether there is room for a byte.
    pub(crate) fn has_room(&mut self) -> Result<bool, RingFault> {
        Ok(self.producer.known_room() > 0 || self.producer.room(self.memory.control(self.side))? > 0)
    }

    /// Asks to be rung for when there is room again. Whether there is some already.
    pub(crate) fn want_room(&mut self) -> Result<bool, RingFault> {
        Ok(self.producer.want_room(self.memory.control(self.side))?)
    }

    /// Takes that back.
    pub(crate) fn stop_waiting(&mut self) {
        self.producer.stop_waiting(self.memory.control(self.side));
    }

    /// Whether there is room again for an end that wanted some.
    pub(crate) fn has_room_again(&self) -> bool {
        self.producer.has_room_again(self.memory.control(self.side))
    }

    /// Whether the peer has taken something since this was asked last, or there is nothing for it to take.
    pub(crate) fn peer_takes(&mut self) -> Result<bool, RingFault> {
        Ok(self.producer.consumer_takes(self.memory.control(self.side))?)
    }

    /// How many bytes the peer has not taken.
    pub(crate) fn untaken(&mut self) -> Result<u64, RingFault> {
        Ok(self.producer.untaken(self.memory.control(self.side))?)
    }

    /// Counts a packet of descriptors as sent.
    pub(crate) fn count_packet(&mut self) {
        self.producer.count_packet(self.memory.control(self.side));
    }

    /// The position of the byte that is written next.
    pub(crate) fn written(&self) -> u64 {
        self.producer.position()
    }

    /// The position of the byte that is taken next.
    pub(crate) fn taken(&self) -> u64 {
        self.consumer.position()
    }

    /// How many packets of descriptors the peer says that it has sent.
    pub(crate) fn packets(&self) -> u64 {
        Consumer::packets(self.memory.control(self.side.other()))
    }

    /// How many bytes there are to be taken.
    pub(crate) fn available(&mut self) -> Result<u64, RingFault> {
        Ok(self.consumer.available(self.memory.control(self.side.other()))?)
    }

    /// Whether there may be bytes to be taken, without looking closely.
    pub(crate) fn is_ready(&self) -> bool {
        self.consumer.is_ready(self.memory.control(self.side.other()))
    }

    /// Says that this end is about to sleep. Whether there is something to be taken already.
    pub(crate) fn sleep(&mut self) -> Result<bool, RingFault> {
        Ok(self.consumer.sleep(self.memory.control(self.side.other()))?)
    }

    /// Says that this end is awake.
    pub(crate) fn wake(&mut self) {
        self.consumer.wake(self.memory.control(self.side.other()));
    }
}

impl Drop for RingEnd {
    /// Nobody takes anything from now on. A producer that is told so rings, and finds that the socket is closed.
    fn drop(&mut self) {
        self.memory.control(self.side.other()).ask_to_ring();
    }
}
