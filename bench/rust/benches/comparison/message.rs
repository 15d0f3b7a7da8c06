//! The messages, and what their receiver is to do with each.

use bytes::Bytes as Shared;
use serde::{Deserialize, Serialize};

/// What the peer does with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Task {
    /// It sends the message back.
    Echo,
    /// It only receives it.
    Take,
}

/// A message of one of the kinds that are measured.
pub(crate) trait Message {
    /// The message that asks for `task`.
    fn new(size: usize, task: Task) -> Self;
    /// What the message asks for.
    fn task(&self) -> Task;
}

/// Bytes, of which the first says what is asked for.
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl Message for Bytes {
    fn new(size: usize, task: Task) -> Self {
        let mut bytes = vec![7; size];
        bytes[0] = u8::from(task == Task::Take);
        Self(bytes)
    }

    fn task(&self) -> Task {
        if self.0[0] == 0 { Task::Echo } else { Task::Take }
    }
}

/// The same in the memory that tokio's codec works with.
impl Message for Shared {
    fn new(size: usize, task: Task) -> Self {
        <Bytes as Message>::new(size, task).0.into()
    }

    fn task(&self) -> Task {
        if self[0] == 0 { Task::Echo } else { Task::Take }
    }
}

/// A small struct, as programs send them.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Order {
    id: u32,
    customer: String,
    prices: [f64; 3],
    take: bool,
}

impl Message for Order {
    fn new(_: usize, task: Task) -> Self {
        Self {
            id: 70_000,
            customer: "Ada Lovelace".to_owned(),
            prices: [1.5, 20.25, 300.0],
            take: task == Task::Take,
        }
    }

    fn task(&self) -> Task {
        if self.take { Task::Take } else { Task::Echo }
    }
}
