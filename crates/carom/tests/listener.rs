//! Listeners: addresses of each family, socket files, and addresses that can't be used.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics has failed")]

use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use std::{env, thread};

use carom::listener::{Options, PeerAddress};
use carom::sys::Deadline;
use carom::{Address, Connection, Error, Listener};
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::net::sockopt;

mod scratch;

use scratch::Scratch;

fn bind(address: &Address) -> Listener {
    Listener::bind(address, Options::default()).unwrap()
}

fn refused(address: &Address) -> Error {
    Listener::bind(address, Options::default()).expect_err("the address is bound twice")
}

fn errno(error: &Error) -> Option<i32> {
    match error {
        Error::System(error) => error.errno(),
        other => panic!("{other}"),
    }
}

fn accepted(listener: &Listener) -> (OwnedFd, PeerAddress) {
    listener.accept(Deadline::Never).unwrap().unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

/// A message goes each way.
fn converse(listener: &Listener) {
    let mut client = carom::connect(listener.address(), None, Deadline::Never).unwrap();
    let mut server = Connection::new(accepted(listener).0).unwrap();
    client.send_bytes(b"ping").unwrap();
    assert_eq!(server.recv_bytes().unwrap(), b"ping");
    server.send_bytes(b"pong").unwrap();
    assert_eq!(client.recv_bytes().unwrap(), b"pong");
}

#[test]
fn a_listener_of_each_family_is_reached() {
    let scratch = Scratch::new("families");
    converse(&bind(&scratch.address("socket")));
    converse(&bind(&Address::tcp("localhost", 0)));
    converse(&bind(&Address::tcp("127.0.0.1", 0)));
    converse(&Listener::bind_private(Options::default()).unwrap());
    #[cfg(target_os = "linux")]
    converse(&bind(&Address::unix(format!("\0carom-test-{}", std::process::id()))));
}

#[test]
fn a_listener_is_reached_over_version_6_where_the_machine_has_it() {
    match Listener::bind(&Address::tcp("::1", 0), Options::default()) {
        Ok(listener) => {
            assert!(listener.address().to_string().starts_with("[::1]:"));
            converse(&listener);
        }
        Err(error) => assert!(
            [Errno::ADDRNOTAVAIL, Errno::AFNOSUPPORT]
                .map(|errno| Some(errno.raw_os_error()))
                .contains(&errno(&error)),
            "{error}"
        ),
    }
}

#[test]
fn port_0_becomes_the_port_that_the_system_picked() {
    let listener = bind(&Address::tcp("localhost", 0));
    let Address::Tcp { host, port } = listener.address() else {
        panic!("{}", listener.address())
    };
    assert_eq!(host, "127.0.0.1");
    assert_ne!(*port, 0);
}

#[test]
fn a_port_can_be_listened_on_again_at_once() {
    let listener = bind(&Address::tcp("127.0.0.1", 0));
    let address = listener.address().clone();
    converse(&listener);
    drop(listener);
    converse(&bind(&address));
}

#[test]
fn an_address_in_use_is_an_error() {
    let scratch = Scratch::new("in-use");
    let mut addresses = vec![scratch.address("socket"), Address::tcp("127.0.0.1", 0)];
    if cfg!(target_os = "linux") {
        addresses.push(Address::unix(format!("\0carom-test-in-use-{}", std::process::id())));
    }
    for address in addresses {
        let listener = bind(&address);
        let error = refused(listener.address());
        assert_eq!(errno(&error), Some(Errno::ADDRINUSE.raw_os_error()));
        assert!(
            error
                .to_string()
                .ends_with(": somebody listens there already (EADDRINUSE)"),
            "{error}"
        );
        // Finding out whether a process listens has not disturbed the one that does.
        assert!(listener.try_accept().unwrap().is_none());
        converse(&listener);
    }
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
fn only_a_socket_that_listens_is_adopted() {
    let errno = |fd: OwnedFd| match Listener::from_fd(fd).unwrap_err() {
        Error::Io(error) => Errno::from_io_error(&error),
        other => panic!("{other}"),
    };
    #[cfg(not(target_vendor = "apple"))]
    assert_eq!(errno(UnixStream::pair().unwrap().0.into()), Some(Errno::INVAL));
    assert_eq!(
        errno(std::net::UdpSocket::bind("127.0.0.1:0").unwrap().into()),
        Some(Errno::PROTOTYPE)
    );
    assert_eq!(errno(File::open("/dev/null").unwrap().into()), Some(Errno::NOTSOCK));
    let foreign = TcpListener::bind("127.0.0.1:0").unwrap();
    let listener = Listener::from_fd(foreign.into()).unwrap();
    assert!(listener.try_accept().unwrap().is_none());
    converse(&listener);
}

#[test]
fn no_client_came_in_time() {
    let listener = Listener::bind_private(Options::default()).unwrap();
    assert!(listener.try_accept().unwrap().is_none());
    assert!(
        listener
            .accept(Deadline::after(Some(Duration::from_millis(20))))
            .unwrap()
            .is_none()
    );
    assert!(matches!(
        listener.accept_connection(None, Deadline::Now),
        Err(Error::TimedOut)
    ));
}

#[test]
fn several_may_wait_for_the_same_connection() {
    let listener = Listener::bind_private(Options::default()).unwrap();
    thread::scope(|scope| {
        let waiters: Vec<_> = (0..4).map(|_| scope.spawn(|| accepted(&listener))).collect();
        let clients: Vec<_> = (0..4)
            .map(|_| carom::connect(listener.address(), None, Deadline::Never).unwrap())
            .collect();
        for waiter in waiters {
            waiter.join().unwrap();
        }
        drop(clients);
    });
}

#[test]
fn an_accepted_connection_has_the_peer_s_address() {
    let scratch = Scratch::new("peer");
    let listener = bind(&scratch.address("socket"));
    let _client = UnixStream::connect(scratch.path("socket")).unwrap();
    let (_, peer) = accepted(&listener);
    assert_eq!(
        (&peer, peer.to_string().as_str()),
        (&PeerAddress::Unnamed, "an unnamed peer")
    );

    let listener = bind(&Address::tcp("127.0.0.1", 0));
    let Address::Tcp { port, .. } = listener.address() else {
        panic!("{}", listener.address())
    };
    let client = TcpStream::connect(("127.0.0.1", *port)).unwrap();
    let (_, peer) = accepted(&listener);
    assert_eq!(peer, PeerAddress::Named(client.local_addr().unwrap().into()));
}

#[test]
fn sockets_are_close_on_exec_blocking_and_without_delay() {
    let listener = bind(&Address::tcp("127.0.0.1", 0));
    let client = carom::connect::socket(listener.address(), Deadline::Never).unwrap();
    let (server, _) = accepted(&listener);
    for fd in [&client, &server] {
        assert!(
            rustix::io::fcntl_getfd(fd)
                .unwrap()
                .contains(rustix::io::FdFlags::CLOEXEC)
        );
        assert!(!rustix::fs::fcntl_getfl(fd).unwrap().contains(OFlags::NONBLOCK));
        assert!(sockopt::tcp_nodelay(fd).unwrap());
    }
    assert!(
        rustix::fs::fcntl_getfl(listener.as_fd())
            .unwrap()
            .contains(OFlags::NONBLOCK)
    );
}

#[test]
#[cfg(target_os = "linux")]
fn a_listener_survives_that_no_descriptor_is_left() {
    use std::os::fd::AsRawFd;

    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    const NAME: &str = "a_listener_survives_that_no_descriptor_is_left";
    if env::var_os("CAROM_TEST_LIMIT").is_none() {
        // The limit is the process', so it is one of its own.
        let output = Command::new(env::current_exe().unwrap())
            .args(["--exact", NAME, "--nocapture"])
            .env("CAROM_TEST_LIMIT", "1")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        return;
    }
    let listener = Listener::bind_private(Options::default()).unwrap();
    let client = carom::connect::socket(listener.address(), Deadline::Never).unwrap();
    let limit = getrlimit(Resource::Nofile);
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: Some(client.as_raw_fd() as u64 + 1),
            ..limit
        },
    )
    .unwrap();
    for _ in 0..2 {
        let error = listener.accept(Deadline::Never).unwrap_err();
        assert_eq!(errno(&error), Some(Errno::MFILE.raw_os_error()));
        assert!(matches!(&error, Error::System(error) if error.operation() == carom::Operation::Accept));
    }
    setrlimit(Resource::Nofile, limit).unwrap();
    accepted(&listener);
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
