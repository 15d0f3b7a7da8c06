//! The report of a receive to JavaScript, in an array that it lends: where each thing is, and how long the array must be.

use carom::frame::{self, Runs};
use napi::bindgen_prelude::Result;
use napi_derive::napi;

/// The size of the slab that small messages are read into, and that they are staged in before they leave, in bytes.
#[napi]
pub const SLAB: u32 = frame::SLAB as u32;

/// The size of the largest slab that a receive takes, where long messages are expected, in bytes.
#[napi]
pub const READ_MAX: u32 = 1024 * 1024;

/// The longest run of several messages, in bytes: a message that is longer is a run of its own.
#[napi]
pub const RUN_MAX: u32 = frame::RUN_MAX as u32;

/// In a report: the announced length of an incomplete message; -1 where none is incomplete, -2 where its header is.
#[napi]
pub const REPORT_ANNOUNCED: u32 = 0;

/// In a report: where the first bytes of an incomplete message begin in the slab, if the decoder has not kept them.
#[napi]
pub const REPORT_START: u32 = 1;

/// In a report: where those bytes end; 0 where there are none.
#[napi]
pub const REPORT_END: u32 = 2;

/// In a report: 1 where the kernel had no more.
#[napi]
pub const REPORT_DRAINED: u32 = 3;

/// In a report: 1 where descriptors have arrived that nobody has taken.
#[napi]
pub const REPORT_DESCRIPTORS: u32 = 4;

/// In a report: the end of the first run. Those of the others follow.
#[napi]
pub const REPORT_RUNS: u32 = 5;

/// How many numbers a report has for the largest slab.
#[napi]
pub const REPORT_SIZE: u32 = REPORT_RUNS + Runs::most_in(READ_MAX as usize) as u32;

const HEAD: usize = REPORT_RUNS as usize;

/// The array, split by what it holds.
pub(crate) struct Report<'call> {
    head: &'call mut [f64; HEAD],
    ends: &'call mut [f64],
}

impl<'call> Report<'call> {
    /// Refuses an array that is too short for all runs that a slab of `slab` bytes may have: the messages of those that it has no
    /// room for would be lost.
    pub(crate) fn new(array: &'call mut [f64], slab: usize) -> Result<Self> {
        let (length, runs) = (array.len(), Runs::most_in(slab));
        match array.split_first_chunk_mut() {
            Some((head, ends)) if ends.len() >= runs => {
                let mut report = Self { head, ends };
                report.describe(-1.0, 0..0, true, false);
                Ok(report)
            }
            _ => Err(napi::Error::from_reason(format!(
                "a report of {length} numbers is too short for a slab of {slab} bytes, which takes {}",
                HEAD + runs
            ))),
        }
    }

    /// The announced length of an incomplete message.
    pub(crate) fn announced(&mut self) -> &mut f64 {
        &mut self.head[REPORT_ANNOUNCED as usize]
    }

    pub(crate) fn describe(
        &mut self,
        announced: f64,
        arrived: std::ops::Range<usize>,
        drained: bool,
        descriptors: bool,
    ) {
        self.head[REPORT_ANNOUNCED as usize] = announced;
        self.head[REPORT_START as usize] = arrived.start as f64;
        self.head[REPORT_END as usize] = arrived.end as f64;
        self.head[REPORT_DRAINED as usize] = u8::from(drained).into();
        self.head[REPORT_DESCRIPTORS as usize] = u8::from(descriptors).into();
    }

    /// Writes where the runs end, and returns how many there are.
    pub(crate) fn list(&mut self, runs: &Runs) -> f64 {
        let ends = runs.ends();
        for (slot, end) in self.ends[..ends.len()].iter_mut().zip(ends) {
            *slot = *end as f64;
        }
        ends.len() as f64
    }
}
