//! The beginning and the end of the tests' conversations.

use std::io::{self, Read};
use std::sync::{Mutex, MutexGuard, PoisonError};

use carom::{Connection, Result, sys};

/// The message that ends a conversation.
pub(crate) const LAST: &[u8] = b"the last";

/// One test at a time: descriptors are counted.
static ALONE: Mutex<()> = Mutex::new(());

pub(crate) fn alone() -> MutexGuard<'static, ()> {
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    // Done first, since a process does it once: a thread started under a fault would have its calls intercepted for as long as it lives.
    drop(carom::pipe().unwrap());
    let (mut reader, writer) = io::pipe().unwrap();
    sys::close_aside([writer.into()]);
    assert_eq!(reader.read(&mut [0]).unwrap(), 0);
    alone
}

/// Sends back each message; returns whether the last one was among them.
pub(crate) fn echo(connection: &mut Connection) -> Result<bool> {
    loop {
        let message = connection.recv_bytes()?;
        connection.send_bytes(&message)?;
        if message == LAST {
            return Ok(true);
        }
    }
}
