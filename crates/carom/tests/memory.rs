//! Memory grows with the bytes that arrive, not with a peer's claims. One test, alone in its process: it counts all memory.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use carom::pipe;

mod peer;

use peer::{fifo, frame, payload, socket};

static USED: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: the system's allocator does the work.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let used = USED.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(used, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        USED.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How much more memory `work` used at its peak than before it, and how much more is used after it.
fn growth(work: impl FnOnce()) -> (usize, usize) {
    let before = USED.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    work();
    (
        PEAK.load(Ordering::Relaxed) - before,
        USED.load(Ordering::Relaxed).saturating_sub(before),
    )
}

const NOW: Option<Duration> = Some(Duration::ZERO);
const KIB: usize = 1024;

#[test]
fn memory_grows_with_the_bytes_that_arrive() {
    // The slab of the thread is there from the first receive on.
    let (mut a, mut b) = pipe().unwrap();
    a.send_bytes(b"x").unwrap();
    b.recv_bytes().unwrap();

    for claim in [&0x7fff_ffff_u32.to_be_bytes()[..], &[0xff; 12]] {
        let (mut connection, mut peer) = socket();
        peer.write_all(claim).unwrap();
        let (peak, _) = growth(|| assert!(!connection.poll(NOW).unwrap()));
        assert!(peak <= 300 * KIB, "a claim alone took {peak} bytes");

        let (part, mut arrived) = (payload(64 * KIB), 0);
        let (peak, _) = growth(|| {
            for _ in 0..64 {
                peer.write_all(&part).unwrap();
                arrived += part.len();
                assert!(!connection.poll(NOW).unwrap());
            }
        });
        // A growing vector has its old memory and twice as much while it moves.
        assert!(
            peak <= 3 * arrived + 300 * KIB,
            "{arrived} bytes that arrived took {peak} bytes"
        );
    }

    let (mut connection, mut peer) = socket();
    let burst = frame(b"small").repeat(10_000);
    let mut receive = || {
        peer.write_all(&burst).unwrap();
        for _ in 0..10_000 {
            connection.recv_bytes().unwrap();
        }
    };
    // The thread's list of runs has grown with the first burst.
    receive();
    let (_, kept) = growth(receive);
    assert_eq!(kept, 0, "a connection at rest holds no memory");

    let (mut receiver, mut sender) = fifo();
    let message = payload(4 * KIB * KIB);
    let (_, kept) = growth(|| {
        assert!(sender.try_send_bytes(&message).unwrap());
        while !sender.try_flush().unwrap() {
            receiver.poll(NOW).unwrap();
        }
        assert!(receiver.recv_bytes().unwrap() == message);
    });
    assert_eq!(kept, 0, "neither do its peer and the message");
}
