//! Where a process may use one processor only, nothing spins: its peer could not run meanwhile.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::time::Duration;

use carom::spin::Spin;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

// The only test of this file: the number of processors is asked once, and is the process's.
#[test]
fn on_one_processor_an_adaptive_spin_is_none() {
    let allowed = sched_getaffinity(None).unwrap();
    let first = (0..CpuSet::MAX_CPU).find(|cpu| allowed.is_set(*cpu)).unwrap();
    let mut one = CpuSet::new();
    one.set(first);
    sched_setaffinity(None, &one).unwrap();
    let mut spin = Spin::adaptive();
    assert!(!spin.learns());
    for _ in 0..100 {
        spin.slept(Duration::from_micros(1));
        assert_eq!(spin.budget(), Duration::ZERO);
    }
}
