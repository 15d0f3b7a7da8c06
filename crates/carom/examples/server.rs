//! Serves many clients on one thread, without a runtime, and waits for none of them: a client asks for a number of bytes, and gets them.
//!
//! ```sh
//! cargo run --example server -- /tmp/bytes.sock
//! python3 -c '
//! from multiprocessing.connection import Client
//! with Client("/tmp/bytes.sock") as connection:
//!     connection.send_bytes(b"1000000")
//!     print(len(connection.recv_bytes()))'
//! ```
//!
//! A client that asks and does not read gets one answer ahead: until it has been taken, no further request of that client is received.
//! So memory is bounded, and the client's own sends wait once the kernel's buffers are full.
//!
//! Only the user who started this may connect, by the mode of the socket's file.

#[cfg(unix)]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    unix::main()
}

#[cfg(not(unix))]
fn main() {
    println!("This example is for Unix sockets.");
}

#[cfg(unix)]
mod unix {
    use std::collections::HashMap;
    use std::error::Error;
    use std::os::fd::{AsFd, OwnedFd};

    use carom::reactor::{Reactor, Registry};
    use carom::{Address, Connection, Deadline, Listener, listener};

    /// The token of the listener. Clients have those that follow.
    const LISTENER: usize = 0;

    /// The longest request, in bytes.
    const REQUEST_MAX: u64 = 100;

    /// The longest answer, in bytes.
    const ANSWER_MAX: usize = 1_000_000;

    /// How many requests of one client are answered before the others have their turn.
    const TURN: usize = 16;

    pub(super) fn main() -> Result<(), Box<dyn Error>> {
        let path = std::env::args_os().nth(1).ok_or("usage: server PATH")?;
        let listener = Listener::bind(&Address::unix(path), listener::Options::new())?;
        let mut reactor = Reactor::new()?;
        let registry = reactor.registry()?;
        registry.watch(listener.as_fd(), LISTENER, false)?;
        println!("listening");

        let mut clients = HashMap::new();
        let mut next = LISTENER;
        loop {
            let mut ready = Vec::new();
            reactor.poll(Deadline::Never, |readiness| ready.push(readiness.token))?;
            for token in ready {
                if token == LISTENER {
                    // A change is reported once, so everybody who is there is accepted.
                    while let Some((socket, _)) = listener.try_accept()? {
                        next += 1;
                        clients.insert(next, Client::new(socket, &registry, next)?);
                    }
                } else if let Some(client) = clients.get_mut(&token)
                    && let Err(error) = client.go_on(&registry, token)
                {
                    if !matches!(error, carom::Error::Eof) {
                        eprintln!("client {token}: {error}");
                    }
                    registry.forget(client.connection.as_fd())?;
                    clients.remove(&token);
                }
            }
        }
    }

    struct Client {
        connection: Connection,
        /// Whether room to write is to be reported.
        watches_room: bool,
    }

    impl Client {
        fn new(socket: OwnedFd, registry: &Registry, token: usize) -> carom::Result<Self> {
            let connection = Connection::new(socket)?.max_message_size(REQUEST_MAX);
            registry.watch(connection.as_fd(), token, false)?;
            Ok(Self {
                connection,
                watches_room: false,
            })
        }

        /// Goes as far as it can without waiting, after any report.
        fn go_on(&mut self, registry: &Registry, token: usize) -> carom::Result<()> {
            let drained = self.serve()?;
            // Asking anew reports what is there already: it is for where the question has changed, and for requests that were left.
            let wants_room = self.connection.wants_write();
            if wants_room != self.watches_room || !drained {
                self.watches_room = wants_room;
                registry.rearm(self.connection.as_fd(), token, wants_room)?;
            }
            Ok(())
        }

        /// Answers requests, up to the one whose answer the client does not take yet. `false`: there may be more, after the others' turn.
        fn serve(&mut self) -> carom::Result<bool> {
            for _ in 0..TURN {
                if !self.connection.try_flush()? {
                    return Ok(true);
                }
                let Some(request) = self.connection.try_recv_bytes()? else {
                    return Ok(true);
                };
                self.connection.feed_bytes(&answer(&request))?;
            }
            Ok(false)
        }
    }

    fn answer(request: &[u8]) -> Vec<u8> {
        let length = std::str::from_utf8(request).ok().and_then(|text| text.parse().ok());
        vec![b'x'; length.unwrap_or(0).min(ANSWER_MAX)]
    }
}
