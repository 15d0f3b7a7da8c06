//! The socket files of listeners: whose they are, who may use them, when they go, and paths that can't be used.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics has failed")]

use std::env;
use std::fs::{self, File};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::Command;

use carom::listener::Options;
use carom::{Address, Connection, Listener};
use rustix::io::Errno;

mod listening;
mod scratch;

use listening::{accepted, bind, converse, errno, refused};
use scratch::Scratch;

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn a_socket_file_that_was_left_is_an_error_that_says_so_and_stays() {
    let scratch = Scratch::new("stale");
    let path = scratch.path("socket");
    drop(UnixListener::bind(&path).unwrap());
    let error = refused(&scratch.address("socket"));
    assert_eq!(errno(&error), Some(Errno::ADDRINUSE.raw_os_error()));
    assert_eq!(
        error.to_string(),
        format!(
            "bind {}: a socket file is left there, and nobody listens (EADDRINUSE); remove it, or use the option replace",
            path.display()
        )
    );
    assert!(fs::symlink_metadata(&path).unwrap().file_type().is_socket());
    fs::remove_file(path).unwrap();
}

#[test]
fn a_file_of_another_kind_is_an_error_that_says_so_and_stays() {
    let scratch = Scratch::new("file");
    File::create(scratch.path("socket")).unwrap();
    let error = refused(&scratch.address("socket")).to_string();
    assert!(
        error.ends_with(": a file that is no socket is there (EADDRINUSE); use another path"),
        "{error}"
    );
    fs::remove_file(scratch.path("socket")).unwrap();
}

#[test]
fn a_path_that_is_too_long_is_an_error_that_names_both_lengths() {
    let scratch = Scratch::new("long");
    let room = carom::address::PATH_MAX - scratch.path("").as_os_str().len();
    drop(bind(&scratch.address(&"x".repeat(room))));
    let error = refused(&scratch.address(&"x".repeat(room + 1))).to_string();
    let limit = carom::address::PATH_MAX;
    assert!(
        error.contains(&format!(" has {} bytes, a Unix socket's can have {limit};", limit + 1)),
        "{error}"
    );
}

#[test]
fn a_directory_that_is_missing_is_an_error() {
    let scratch = Scratch::new("missing");
    let error = refused(&scratch.address("no/socket")).to_string();
    assert!(error.ends_with("(ENOENT); create it"), "{error}");
}

#[test]
fn the_socket_file_goes_with_the_listener() {
    let scratch = Scratch::new("goes");
    let listener = bind(&scratch.address("dropped"));
    assert!(scratch.path("dropped").exists());
    drop(listener);
    assert!(!scratch.path("dropped").exists());

    let listener = bind(&scratch.address("closed"));
    let client = UnixStream::connect(scratch.path("closed")).unwrap();
    let (server, _) = accepted(&listener);
    listener.close().unwrap();
    assert!(!scratch.path("closed").exists());
    let (mut client, mut server) = (
        Connection::new(client.into()).unwrap(),
        Connection::new(server).unwrap(),
    );
    client.send_bytes(b"alive").unwrap();
    assert_eq!(
        server.recv_bytes().unwrap(),
        b"alive",
        "an accepted connection outlives its listener"
    );
}

#[test]
fn a_socket_file_that_is_gone_or_is_another_s_is_left_alone() {
    let scratch = Scratch::new("another");
    let path = scratch.path("socket");
    let listener = bind(&scratch.address("socket"));
    fs::remove_file(&path).unwrap();
    let other = bind(&scratch.address("socket"));
    listener.close().unwrap();
    assert!(path.exists(), "the file is the other listener's");
    converse(&other);
    fs::remove_file(&path).unwrap();
    other.close().unwrap();
}

#[test]
fn a_socket_file_is_its_owner_s_whatever_the_umask() {
    if let Some(path) = env::var_os("CAROM_TEST_SOCKET") {
        let (path, expected) = (Path::new(&path), env::var("CAROM_TEST_MODE").unwrap());
        let options = Options::new().mode(u32::from_str_radix(&expected, 8).unwrap());
        let _listener = Listener::bind(&Address::unix(path), options).unwrap();
        assert_eq!(format!("{:o}", mode(path)), expected);
        return;
    }
    let scratch = Scratch::new("umask");
    // The umask is the process', so each combination is a process.
    for (umask, expected) in [
        ("000", "600"),
        ("022", "600"),
        ("022", "666"),
        ("077", "660"),
        ("777", "600"),
    ] {
        let status = Command::new("sh")
            .args(["-c", &format!("umask {umask}; exec \"$0\" \"$@\"")])
            .arg(env::current_exe().unwrap())
            .args([
                "--exact",
                "a_socket_file_is_its_owner_s_whatever_the_umask",
                "--nocapture",
            ])
            .env("CAROM_TEST_SOCKET", scratch.path("socket"))
            .env("CAROM_TEST_MODE", expected)
            .output()
            .unwrap();
        assert!(
            status.status.success(),
            "umask {umask}, mode {expected}: {}",
            String::from_utf8_lossy(&status.stderr)
        );
    }
}

#[test]
fn a_private_address_is_in_a_directory_for_this_user_alone_which_goes_too() {
    let listener = Listener::bind_private(Options::default()).unwrap();
    let Address::Unix(path) = listener.address().clone() else {
        panic!("{}", listener.address())
    };
    let directory = path.parent().unwrap();
    assert_eq!((mode(directory), mode(&path)), (0o700, 0o600));
    let other = Listener::bind_private(Options::default()).unwrap();
    assert_ne!(listener.address(), other.address());
    drop(listener);
    assert!(!directory.exists());
}

#[test]
fn a_listener_that_was_given_up_leaves_its_file_and_is_adopted() {
    let scratch = Scratch::new("adopted");
    let fd = bind(&scratch.address("socket")).into_fd();
    let adopted = Listener::from_fd(fd).unwrap();
    assert_eq!(*adopted.address(), scratch.address("socket"));
    converse(&adopted);
    drop(adopted);
    fs::remove_file(scratch.path("socket")).unwrap();
}

#[test]
fn a_child_does_not_remove_its_parent_s_file() {
    let listener = Listener::bind_private(Options::default()).unwrap();
    // SAFETY: the child's half of the test only makes the calls that `drop` makes, and leaves.
    match unsafe { libc::fork() } {
        0 => {
            drop(listener);
            // SAFETY: always allowed.
            unsafe { libc::_exit(0) }
        }
        child => {
            assert!(child > 0);
            // SAFETY: waits for the child that was just made.
            assert_eq!(unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) }, child);
        }
    }
    converse(&listener);
}
