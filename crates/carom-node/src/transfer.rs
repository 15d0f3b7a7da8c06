//! Moves bytes between descriptors and memory that JavaScript lends for one call.

use std::cell::RefCell;
use std::rc::Rc;

use carom::channel::Received;
use carom::frame::{FrameError, Runs, Tail};
use carom::sys::Deadline;
use napi::bindgen_prelude::Result;

use crate::deadline::deadline;
use crate::driver::Driver;
use crate::environment::Environment;
use crate::report::Report;
use crate::slots::Slots;
use crate::status;

/// The calls that every message makes. A count that they return is of bytes or runs; a negative one is a status.
pub(crate) struct Transfer {
    environment: Rc<Environment>,
    driver: Rc<dyn Driver>,
    runs: RefCell<Runs>,
}

impl Transfer {
    pub(crate) fn new(environment: Rc<Environment>, driver: Rc<dyn Driver>) -> Rc<Self> {
        Rc::new(Self {
            environment,
            driver,
            runs: RefCell::default(),
        })
    }

    /// Reads into `slab`, once. Returns how many runs of whole frames are there; `report` says where, and more: see
    /// [`report`](crate::report).
    pub(crate) fn receive(&self, id: u32, slab: &mut [u8], report: &mut [f64], timeout: f64) -> Result<f64> {
        let mut slots = self.environment.slots.borrow_mut();
        let mut runs = self.runs.borrow_mut();
        let mut report = Report::new(report, slab.len())?;
        let by = deadline(timeout);
        let (tail, drained) = loop {
            match slots.channel(id)?.receive(slab, &mut runs, by) {
                Ok(Received::Bytes { tail, drained }) => break (tail, drained && self.is_drained(&mut slots, id, by)),
                Ok(Received::Nothing) if self.environment.park(&mut slots, id) => {}
                Ok(Received::Nothing) => return Ok(status::NOTHING),
                Ok(Received::End) => return Ok(status::END),
                Err(error) => return Ok(status::failure(&error, report.announced())),
            }
        };
        let channel = slots.channel(id)?;
        let (announced, arrived) = match tail {
            Tail::Carried {
                announced: Some(length),
            } => (length as f64, 0..0),
            Tail::Carried { announced: None } if channel.decoder().inside_message() => (-2.0, 0..0),
            Tail::Carried { announced: None } => (-1.0, 0..0),
            Tail::Own { announced, arrived } => (announced as f64, arrived),
        };
        report.describe(announced, arrived, drained, channel.has_descriptors());
        Ok(report.list(&runs))
    }

    /// Reads more of a long message to `memory[start..end]`, once. Returns how many bytes.
    pub(crate) fn receive_payload(
        &self,
        id: u32,
        memory: &mut [u8],
        start: f64,
        end: f64,
        timeout: f64,
    ) -> Result<f64> {
        let mut slots = self.environment.slots.borrow_mut();
        let memory = memory.get_mut(start as usize..end as usize).unwrap_or_default();
        let by = deadline(timeout);
        let mut filled = 0;
        loop {
            let channel = slots.channel(id)?;
            match channel.receive_payload(&mut memory[filled..], by) {
                Ok(Some(bytes)) => filled += bytes,
                Ok(None) if filled > 0 || self.environment.park(&mut slots, id) => {}
                Ok(None) => return Ok(status::NOTHING),
                // The next call finds it again.
                Err(_) if filled > 0 => return Ok(filled as f64),
                Err(carom::Error::Frame(FrameError::Truncated)) => return Ok(status::TRUNCATED),
                Err(error) => return Ok(status::failure(&error, &mut 0.0)),
            }
            let complete = filled == memory.len() || slots.channel(id)?.decoder().payload_remaining() == 0;
            if filled > 0 && (complete || by != Deadline::Now || self.is_drained(&mut slots, id, by)) {
                self.environment.repark(&mut slots, id);
                return Ok(filled as f64);
            }
        }
    }

    /// Whether the channel `id`, in which a read by the deadline `by` has left nothing, has nothing still, so that JavaScript waits for
    /// a report before it reads again.
    fn is_drained(&self, slots: &mut Slots, id: u32, by: Deadline) -> bool {
        if by == Deadline::Now {
            return !self.environment.park(slots, id);
        }
        // A program that has blocked may do so again, and its peer need not ring meanwhile: JavaScript reads again first.
        self.environment.repark(slots, id);
        slots.ring(id).is_none()
    }

    /// Hands `head`, then `body`, to the kernel. Returns how many bytes it took.
    pub(crate) fn send(&self, id: u32, head: &[u8], body: &[u8], timeout: f64) -> Result<f64> {
        let mut slots = self.environment.slots.borrow_mut();
        let sent = slots.channel(id)?.send(head, body, deadline(timeout));
        self.environment.repark(&mut slots, id);
        Ok(match sent {
            Ok(0) if !head.is_empty() || !body.is_empty() => status::NOTHING,
            Ok(bytes) => bytes as f64,
            Err(error) => status::failure(&error, &mut 0.0),
        })
    }

    /// Whether the event loop goes on while nothing else keeps it.
    pub(crate) fn keep_alive(&self, on: bool) {
        self.driver.keep_alive(on);
    }
}
