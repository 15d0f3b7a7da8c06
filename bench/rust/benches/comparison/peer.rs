//! The other process: this program once more, started with the name of a way and the place to meet.

use std::cell::RefCell;
use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command};

/// The first argument of the peer.
pub(crate) const PEER: &str = "peer";

/// Where both ends meet, and the peer. It has ended, and its socket's folder is gone, once this is dropped.
pub(crate) struct Place {
    way: &'static str,
    folder: PathBuf,
    peer: RefCell<Option<Child>>,
}

impl Place {
    pub(crate) fn new(way: &'static str) -> Self {
        let folder = env::temp_dir().join(format!("carom-comparison-{}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        Self {
            way,
            folder,
            peer: RefCell::default(),
        }
    }

    /// Where the socket is to be.
    pub(crate) fn path(&self) -> String {
        self.folder.join("socket").to_str().unwrap().to_owned()
    }

    /// Starts the peer, which connects to [`path`](Self::path).
    pub(crate) fn start(&self) {
        self.start_at(&self.path());
    }

    /// Starts the peer, which connects to `name`: on the processor that `PEER_PROCESSOR` names, if it does.
    pub(crate) fn start_at(&self, name: &str) {
        let program = env::current_exe().unwrap();
        let mut command = match env::var("PEER_PROCESSOR") {
            Ok(processor) => {
                let mut command = Command::new("taskset");
                command.arg("-c").arg(processor).arg(program);
                command
            }
            Err(_) => Command::new(program),
        };
        *self.peer.borrow_mut() = Some(command.args([PEER, self.way, name]).spawn().unwrap());
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(mut peer) = self.peer.take() {
            peer.wait().unwrap();
        }
        fs::remove_dir_all(&self.folder).unwrap();
    }
}
