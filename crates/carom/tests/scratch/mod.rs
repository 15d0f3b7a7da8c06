//! A directory for a test's socket files, which must be empty when the test is done.

use std::path::PathBuf;
use std::{env, fs, process};

use carom::Address;

pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// `name` tells the tests of a process apart.
    pub(crate) fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("carom-test-{}-{name}", process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Removes the files that are there, and returns their number.
    #[allow(dead_code, reason = "each test binary uses a part")]
    pub(crate) fn clear(&self) -> usize {
        fs::read_dir(&self.0)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| {
                if path.is_dir() {
                    fs::remove_dir_all(path)
                } else {
                    fs::remove_file(path)
                }
            })
            .map(Result::unwrap)
            .count()
    }

    #[allow(dead_code, reason = "each test binary uses a part")]
    pub(crate) fn address(&self, name: &str) -> Address {
        Address::Unix(self.path(name))
    }

    /// An address that only this machine reaches: a named pipe on Windows, where the directory holds nothing of it.
    #[allow(dead_code, reason = "each test binary uses a part")]
    pub(crate) fn local(&self, name: &str) -> Address {
        if cfg!(windows) {
            let directory = self.0.file_name().unwrap().to_string_lossy();
            Address::Pipe(format!(r"\\.\pipe\{directory}-{name}"))
        } else {
            self.address(name)
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let left = fs::read_dir(&self.0).unwrap().count();
        fs::remove_dir_all(&self.0).unwrap();
        assert!(
            left == 0 || std::thread::panicking(),
            "{left} files were left in {}",
            self.0.display()
        );
    }
}
