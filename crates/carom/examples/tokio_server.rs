//! Doubles numbers for many clients at once, on tokio, with the key `secret`; at most a hundred clients have to prove themselves at a time:
//!
//! ```sh
//! cargo run --features tokio --example tokio_server -- /tmp/double.sock
//! python3 -c '
//! from multiprocessing.connection import Client
//! with Client("/tmp/double.sock", authkey=b"secret") as connection:
//!     connection.send_bytes(b"21")
//!     print(connection.recv_bytes())'
//! ```
//!
//! Each client has a task. A client that sends requests and does not read the answers stops its own task, once the kernel's buffers are
//! full: `send_bytes` waits, so no more of its requests are read, and no memory grows. The others go on.

#[cfg(unix)]
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    unix::main().await
}

#[cfg(not(unix))]
fn main() {
    println!("There is no carom::tokio here.");
}

#[cfg(unix)]
mod unix {
    use std::error::Error;
    use std::sync::Arc;
    use std::time::Duration;

    use carom::tokio::{Connection, Listener};
    use carom::{Address, AuthKey, Authentication, listener};
    use tokio::sync::Semaphore;
    use tokio::time::sleep;

    /// How many peers may be in the handshake at a time. Further ones wait in the listener's backlog.
    const HANDSHAKES: usize = 100;

    /// The longest request, in bytes.
    const REQUEST_MAX: u64 = 1 << 20;

    pub(super) async fn main() -> Result<(), Box<dyn Error>> {
        let path = std::env::args_os().nth(1).ok_or("usage: tokio_server PATH")?;
        let authentication = Arc::new(Authentication::new(AuthKey::new(b"secret")?));
        let handshakes = Arc::new(Semaphore::new(HANDSHAKES));
        let options = listener::Options::new().max_message_size(REQUEST_MAX);
        let listener = Listener::bind(&Address::unix(path), options).await?;
        println!("listening");
        loop {
            let permit = Arc::clone(&handshakes).acquire_owned().await?;
            let incoming = match listener.accept().await {
                Ok(incoming) => incoming,
                Err(error) => {
                    // No descriptor is left, for example. The clients wait, and some of those that are served will go.
                    eprintln!("{error}");
                    sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let authentication = Arc::clone(&authentication);
            tokio::spawn(async move {
                let proved = incoming.authenticate(&authentication).await;
                drop(permit);
                let served = match proved {
                    Ok(connection) => serve(connection).await,
                    Err(error) => Err(error),
                };
                if let Err(error) = served {
                    eprintln!("{error}");
                }
            });
        }
    }

    async fn serve(mut connection: Connection) -> carom::Result<()> {
        loop {
            let request = match connection.recv_bytes().await {
                Ok(request) => request,
                Err(carom::Error::Eof) => return Ok(()),
                Err(error) => return Err(error),
            };
            connection.send_bytes(&answer(&request)).await?;
        }
    }

    fn answer(request: &[u8]) -> Vec<u8> {
        let number = std::str::from_utf8(request)
            .ok()
            .and_then(|text| text.parse::<u64>().ok());
        match number.and_then(|number| number.checked_mul(2)) {
            Some(doubled) => doubled.to_string().into_bytes(),
            None => b"not a number that can be doubled".to_vec(),
        }
    }
}
