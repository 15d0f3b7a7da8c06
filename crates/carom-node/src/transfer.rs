//! Moves bytes between descriptors and memory that JavaScript lends for one call.

use std::cell::RefCell;
use std::rc::Rc;

use carom::channel::Received;
use carom::frame::{FrameError, Runs, Tail};
use napi::bindgen_prelude::Result;

use crate::deadline::deadline;
use crate::driver::Driver;
use crate::environment::Environment;
use crate::report::Report;
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
        let channel = slots.channel(id)?;
        let (tail, drained) = match channel.receive(slab, &mut runs, deadline(timeout)) {
            Ok(Received::Bytes { tail, drained }) => (tail, drained),
            Ok(Received::Nothing) => return Ok(status::NOTHING),
            Ok(Received::End) => return Ok(status::END),
            Err(error) => return Ok(status::failure(&error, report.announced())),
        };
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
        Ok(match slots.channel(id)?.receive_payload(memory, deadline(timeout)) {
            Ok(Some(bytes)) => bytes as f64,
            Ok(None) => status::NOTHING,
            Err(carom::Error::Frame(FrameError::Truncated)) => status::TRUNCATED,
            Err(error) => status::failure(&error, &mut 0.0),
        })
    }

    /// Hands `head`, then `body`, to the kernel. Returns how many bytes it took.
    pub(crate) fn send(&self, id: u32, head: &[u8], body: &[u8], timeout: f64) -> Result<f64> {
        let mut slots = self.environment.slots.borrow_mut();
        Ok(match slots.channel(id)?.send(head, body, deadline(timeout)) {
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
