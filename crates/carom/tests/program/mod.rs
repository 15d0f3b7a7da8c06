//! A program whose output a test reads, and the Python interpreters that tests run.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::env;
use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

/// A process that is ended with the test.
pub(crate) struct Program(Child);

impl Program {
    pub(crate) fn start(command: &mut Command) -> Self {
        Self::spawn(command).unwrap_or_else(|error| panic!("{command:?}: {error}"))
    }

    /// Runs a script that takes an address and a key.
    pub(crate) fn python(interpreter: &str, script: &str, address: impl AsRef<OsStr>, key: &str) -> Self {
        let started = Self::spawn(Command::new(interpreter).args(["-c", script]).arg(address).arg(key));
        started.unwrap_or_else(|error| {
            panic!("{interpreter}: {error}; these tests need Python 3 on the PATH, or CAROM_PYTHONS")
        })
    }

    fn spawn(command: &mut Command) -> io::Result<Self> {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            // Under Wine, an interpreter that inherits a file as one of the three does not start.
            .stderr(if cfg!(windows) { Stdio::null() } else { Stdio::inherit() });
        command.spawn().map(Self)
    }

    /// The first line of the output.
    pub(crate) fn line(&mut self) -> String {
        // The only reader, and nothing follows that line before the peer has connected.
        let mut line = String::new();
        BufReader::with_capacity(1, self.0.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        line.trim_end().to_owned()
    }

    /// The output from here to its end.
    pub(crate) fn rest(mut self) -> String {
        let mut rest = String::new();
        self.0.stdout.as_mut().unwrap().read_to_string(&mut rest).unwrap();
        rest.trim_end().to_owned()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The interpreters that `CAROM_PYTHONS` lists, or the usual one.
pub(crate) fn pythons() -> Vec<String> {
    let usual = if cfg!(windows) { "python" } else { "python3" };
    let listed = env::var_os("CAROM_PYTHONS").unwrap_or_else(|| usual.into());
    let interpreters = env::split_paths(&listed).map(|path| path.display().to_string());
    interpreters.filter(|path| !path.is_empty()).collect()
}
