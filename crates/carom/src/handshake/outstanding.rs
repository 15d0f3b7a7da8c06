//! The challenges of this process that wait for an answer.
//!
//! A client that is sent another client's challenge, and answers it, gives the peer the very answer that the other one waits
//! for: so a listener that does not know the key could be accepted by two clients, each of which answers for it. Challenges
//! are 20 random bytes at least, so one that this process has made, for an end of the same role, is never a peer's own.
//!
//! An end of the other role is another matter: a client and a listener of one process that meet answer each other's.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Challenges, by whether a listener has made them.
type Challenges = HashSet<(bool, Vec<u8>)>;

/// Those of all threads, hence of all JavaScript environments; none before the first.
static OUTSTANDING: Mutex<Option<Challenges>> = Mutex::new(None);

/// A challenge of ours, outstanding until this is dropped.
#[derive(Debug)]
pub(super) struct Outstanding {
    listens: bool,
    challenge: Vec<u8>,
}

impl Outstanding {
    /// `listens`: it is made by the end that has accepted the connection.
    pub(super) fn new(listens: bool, challenge: Vec<u8>) -> Self {
        all().get_or_insert_default().insert((listens, challenge.clone()));
        Self { listens, challenge }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.challenge
    }

    /// Whether an end of this role waits for the answer to `challenge`.
    pub(super) fn has(listens: bool, challenge: &[u8]) -> bool {
        all()
            .as_ref()
            .is_some_and(|all| all.contains(&(listens, challenge.to_vec())))
    }
}

impl Drop for Outstanding {
    fn drop(&mut self) {
        let challenge = std::mem::take(&mut self.challenge);
        if let Some(all) = all().as_mut() {
            all.remove(&(self.listens, challenge));
        }
    }
}

/// A thread that has panicked meanwhile has left the set whole.
fn all() -> MutexGuard<'static, Option<Challenges>> {
    OUTSTANDING.lock().unwrap_or_else(PoisonError::into_inner)
}
