//! Moves bytes between descriptors and memory that JavaScript lends for one call.

use std::cell::RefCell;
use std::rc::Rc;

use carom::channel::Received;
use carom::frame::{FrameError, Runs, Tail};
use napi::bindgen_prelude::Result;

use crate::deadline::deadline;
use crate::driver::Driver;
use crate::environment::Environment;
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

    /// Reads into `slab`, once. Returns how many runs of whole frames are there; `report` has, from its start: the announced
    /// length of an incomplete message (or -1, or -2 if its header is incomplete too), where its first bytes are in the slab
    /// if they were not kept (start and end, else 0 and 0), 1 if the kernel had no more, 1 if there are descriptors to be
    /// taken, and the end of each run.
    pub(crate) fn receive(&self, id: u32, slab: &mut [u8], report: &mut [f64], timeout: f64) -> Result<f64> {
        let mut slots = self.environment.slots.borrow_mut();
        let mut runs = self.runs.borrow_mut();
        let Some((head, ends)) = report.split_first_chunk_mut::<5>() else {
            return Err(napi::Error::from_reason("the report is too short"));
        };
        *head = [-1.0, 0.0, 0.0, 1.0, 0.0];
        let channel = slots.channel(id)?;
        let (tail, drained) = match channel.receive(slab, &mut runs, deadline(timeout)) {
            Ok(Received::Bytes { tail, drained }) => (tail, drained),
            Ok(Received::Nothing) => return Ok(status::NOTHING),
            Ok(Received::End) => return Ok(status::END),
            Err(error) => return Ok(status::failure(&error, &mut head[0])),
        };
        let (announced, start, end) = match tail {
            Tail::Carried {
                announced: Some(length),
            } => (length as f64, 0, 0),
            Tail::Carried { announced: None } if channel.decoder().inside_message() => (-2.0, 0, 0),
            Tail::Carried { announced: None } => (-1.0, 0, 0),
            Tail::Own { announced, arrived } => (announced as f64, arrived.start, arrived.end),
        };
        let (drained, descriptors) = (u8::from(drained), u8::from(channel.has_descriptors()));
        *head = [announced, start as f64, end as f64, drained.into(), descriptors.into()];
        for (slot, end) in ends.iter_mut().zip(runs.ends()) {
            *slot = *end as f64;
        }
        Ok(runs.ends().len() as f64)
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
            Err(error) => status::system(&error),
        })
    }

    /// Whether the event loop goes on while nothing else keeps it.
    pub(crate) fn keep_alive(&self, on: bool) {
        self.driver.keep_alive(on);
    }
}
