//! The ring's protocol in every order in which two ends can take its steps, with every value that a load may see: `RUSTFLAGS='--cfg
//! loom' cargo test -p carom --test ring_orders --release`. Loom fails a test in which an end can sleep for ever.
#![cfg(loom)]
#![allow(dead_code, reason = "a part of the file under test is used")]
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use loom::cell::UnsafeCell;
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

#[path = "../src/ring/control.rs"]
mod control;

use control::{Consumer, Control, Producer};

/// A model of a socket: a bell that is heard by the end that waits for it, whenever it was rung.
#[derive(Default)]
struct Bell {
    rung: Mutex<usize>,
    changed: Condvar,
}

impl Bell {
    fn ring(&self) {
        *self.rung.lock().unwrap() += 1;
        self.changed.notify_all();
    }

    /// Waits until it was rung, and takes all of that.
    fn hear(&self) -> usize {
        let mut rung = self.rung.lock().unwrap();
        while *rung == 0 {
            rung = self.changed.wait(rung).unwrap();
        }
        std::mem::take(&mut *rung)
    }
}

/// One ring, of a word for each byte, and the bells of its two ends. Loom fails a test in which a word may be written while it is read,
/// which the ring's own words, being atomic, would only show by their values.
struct World {
    control: Control,
    words: Vec<UnsafeCell<u64>>,
    producer: Bell,
    consumer: Bell,
}

// SAFETY: loom finds out whether it is so.
unsafe impl Sync for World {}

impl World {
    fn new(size: usize) -> Arc<Self> {
        Arc::new(Self {
            control: Control::default(),
            words: (0..size).map(|_| UnsafeCell::new(0)).collect(),
            producer: Bell::default(),
            consumer: Bell::default(),
        })
    }

    fn size(&self) -> u64 {
        self.words.len() as u64
    }

    /// Sends the numbers from 1 to `last`, as many at a time as there is room for. Returns how often the bell was rung.
    fn produce(&self, last: u64) -> usize {
        let mut producer = Producer::new(self.size());
        let mut rung = 0;
        while producer.position() < last {
            let mut room = producer.known_room();
            if room == 0 {
                room = producer.room(&self.control).unwrap();
            }
            if room == 0 {
                if !producer.want_room(&self.control).unwrap() {
                    self.producer.hear();
                }
                continue;
            }
            let count = room.min(last - producer.position());
            for number in producer.position()..producer.position() + count {
                // SAFETY: loom finds out whether anybody reads it.
                self.words[(number % self.size()) as usize].with_mut(|word| unsafe { *word = number + 1 });
            }
            if producer.publish(&self.control, count) {
                rung += 1;
                self.consumer.ring();
            }
            producer.stop_waiting(&self.control);
        }
        rung
    }

    /// Takes numbers until `last` has come, at most `most` at a time, and checks that they come in order. Returns how often it slept.
    fn consume(&self, last: u64, most: u64) -> usize {
        let mut consumer = Consumer::new(self.size());
        consumer.wake(&self.control);
        let mut slept = 0;
        while consumer.position() < last {
            let available = consumer.available(&self.control).unwrap().min(most);
            if available == 0 {
                if !consumer.sleep(&self.control).unwrap() {
                    slept += 1;
                    self.consumer.hear();
                }
                continue;
            }
            consumer.wake(&self.control);
            for number in consumer.position()..consumer.position() + available {
                // SAFETY: loom finds out whether anybody writes it.
                let word = self.words[(number % self.size()) as usize].with(|word| unsafe { *word });
                assert_eq!(word, number + 1, "a byte that was not written yet, or written over");
            }
            if consumer.consume(&self.control, available) {
                self.producer.ring();
            }
        }
        slept
    }
}

/// Runs both ends in the orders with up to `preemptions` switches that neither of them asked for.
fn run(size: usize, last: u64, most: u64, preemptions: usize) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(preemptions);
    model.check(move || {
        let world = World::new(size);
        let producer = {
            let world = Arc::clone(&world);
            thread::spawn(move || world.produce(last))
        };
        world.consume(last, most);
        producer.join().unwrap();
    });
}

#[test]
fn a_consumer_that_falls_asleep_gets_what_is_sent_meanwhile() {
    run(2, 2, 2, 4);
}

#[test]
fn a_producer_that_falls_asleep_gets_the_room_that_is_made_meanwhile() {
    run(1, 3, 1, 3);
}

#[test]
fn both_ends_may_sleep_in_turn_and_nothing_is_written_over() {
    run(2, 5, 1, 3);
}

#[test]
fn a_producer_is_woken_although_only_a_part_of_the_ring_is_taken_at_a_time() {
    run(8, 10, 3, 2);
}

#[test]
fn descriptors_are_announced_before_the_bytes_that_they_belong_to() {
    loom::model(|| {
        let world = World::new(2);
        let producer = {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                let mut producer = Producer::new(world.size());
                producer.publish(&world.control, 1);
                producer.count_packet(&world.control);
                producer.publish(&world.control, 1);
            })
        };
        let mut consumer = Consumer::new(world.size());
        let available = consumer.available(&world.control).unwrap();
        let packets = Consumer::packets(&world.control);
        assert!(available < 2 || packets == 1, "{available} bytes, {packets} packets");
        producer.join().unwrap();
    });
}
