//! The Node-API binding of `carom`: translates, and does nothing else.
//!
//! One [`Reactor`](reactor::Reactor) serves one JavaScript environment (the main thread, or a worker). JavaScript names
//! connections by number, lends memory call by call, and is told of readiness through one callback. No call keeps a pointer
//! into JavaScript's memory after it has returned.
#![allow(
    clippy::missing_errors_doc,
    reason = "what JavaScript calls; its errors are documented there"
)]

pub mod address;
pub mod calls;
pub mod child;
pub mod connect;
mod deadline;
pub mod descriptors;
pub mod dispatch;
mod driver;
mod environment;
pub mod handshake;
mod image;
pub mod listener;
pub mod numbers;
pub mod pages;
mod processor_time;
pub mod reactor;
pub mod report;
mod rings;
pub mod shared_memory;
mod slots;
mod spin;
pub mod status;
mod transfer;
