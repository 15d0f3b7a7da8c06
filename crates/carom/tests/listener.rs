//! Listeners: addresses of each family, accepting, and sockets that are adopted. Their socket files are in `listener_files`.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics has failed")]

use std::fs::File;
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

use carom::listener::{Options, PeerAddress};
use carom::sys::Deadline;
use carom::{Address, Error, Listener};
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::net::sockopt;

mod listening;
mod scratch;

use listening::{accepted, bind, converse, errno, refused};
use scratch::Scratch;

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
    use std::env;
    use std::os::fd::AsRawFd;
    use std::process::Command;

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
