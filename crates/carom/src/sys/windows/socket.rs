//! A TCP socket. It never waits in a call: nobody else shares its mode here.

use std::io::{self, IoSlice, Read, Write};
use std::os::windows::io::AsRawSocket;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use socket2::Socket as Raw;
use windows_sys::Win32::Networking::WinSock::{
    FD_ACCEPT, FD_CLOSE, FD_CONNECT, FD_READ, FD_SET, FD_WRITE, SOCKET, SOCKET_ERROR, TIMEVAL, WSAENOTSOCK, WSAEVENT,
    WSAEnumNetworkEvents, WSAEventSelect, WSANETWORKEVENTS, select,
};

use super::event::{Event, Wait};
use super::selector::Watchers;
use crate::sys::Deadline;

/// A socket.
#[derive(Debug)]
pub(super) struct Socket {
    // Dropped first: nothing is called after that.
    watch: OnceLock<(Wait, Event)>,
    watchers: Arc<Watchers>,
    raw: Raw,
}

impl Socket {
    pub(super) fn new(raw: Raw) -> io::Result<Self> {
        let socket = Self {
            watch: OnceLock::new(),
            watchers: Arc::default(),
            raw,
        };
        // An accepted socket has inherited what its listener is watched for.
        // SAFETY: the socket is open.
        if unsafe { WSAEventSelect(socket.number(), 0, 0) } == SOCKET_ERROR {
            return Err(io::Error::last_os_error());
        }
        socket.raw.set_nonblocking(true)?;
        Ok(socket)
    }

    pub(super) fn raw(&self) -> &Raw {
        &self.raw
    }

    fn number(&self) -> SOCKET {
        self.raw.as_raw_socket() as SOCKET
    }

    /// Reads what is there into `buffer`: `Some(0)` is the end, `None` that nothing came by `deadline`.
    pub(super) fn receive(&self, buffer: &mut [u8], deadline: Deadline) -> io::Result<Option<usize>> {
        loop {
            match (&self.raw).read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if deadline == Deadline::Now || !self.poll(true, false, deadline)? {
                        return Ok(None);
                    }
                }
                result => return result.map(Some),
            }
        }
    }

    /// Writes what the system takes of `slices` by `deadline`.
    pub(super) fn send(&self, mut slices: &mut [IoSlice<'_>], deadline: Deadline) -> io::Result<usize> {
        let mut taken = 0;
        while slices.iter().any(|slice| !slice.is_empty()) {
            match (&self.raw).write_vectored(slices) {
                Ok(bytes) => {
                    taken += bytes;
                    IoSlice::advance_slices(&mut slices, bytes);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if deadline == Deadline::Now || !self.poll(false, true, deadline)? {
                        break;
                    }
                }
                Err(_) if taken > 0 => break,
                Err(error) => return Err(error),
            }
        }
        Ok(taken)
    }

    /// Whether there is something to read, or room to write, or a connection that is being made has been made or has failed, by
    /// `deadline`.
    pub(super) fn poll(&self, readable: bool, writable: bool, deadline: Deadline) -> io::Result<bool> {
        let set = |on: bool| {
            let mut set = FD_SET::default();
            if on {
                set.fd_count = 1;
                set.fd_array[0] = self.number();
            }
            set
        };
        loop {
            let (mut read, mut write, mut failed) = (set(readable), set(writable), set(writable));
            let left = deadline.remaining();
            let time = left.map(|left| {
                // Rounded up, and in slices: a wait that ends early is made again.
                let left = left.min(Duration::from_secs(3600)) + Duration::from_nanos(999);
                TIMEVAL {
                    tv_sec: left.as_secs() as i32,
                    tv_usec: left.subsec_micros() as i32,
                }
            });
            let time = time.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
            // SAFETY: the sets have one socket, which is open, and are written by this call only.
            match unsafe { select(0, &raw mut read, &raw mut write, &raw mut failed, time) } {
                SOCKET_ERROR => return Err(io::Error::last_os_error()),
                0 if deadline.remaining().is_some_and(|left| left.is_zero()) => return Ok(false),
                0 => {}
                _ => return Ok(true),
            }
        }
    }

    pub(super) fn watchers(&self) -> &Arc<Watchers> {
        &self.watchers
    }

    /// Tells the watchers of what is there now, and of what comes.
    pub(super) fn rearm(&self) -> io::Result<()> {
        if self.watch.get().is_none() {
            let (event, watchers, number) = (Event::new()?, Arc::clone(&self.watchers), self.number());
            let recorded = event.handle() as WSAEVENT;
            let wait = Wait::new(&event, move || {
                tell(number, recorded, &watchers);
                true
            })?;
            // Where another thread was faster, its wait is as good.
            let _ = self.watch.set((wait, event));
        }
        let Some((wait, event)) = self.watch.get() else {
            return Err(io::Error::from_raw_os_error(WSAENOTSOCK));
        };
        let events = FD_READ | FD_WRITE | FD_ACCEPT | FD_CONNECT | FD_CLOSE;
        // Readiness that is there already is recorded again.
        // SAFETY: the socket and the event are open.
        if unsafe { WSAEventSelect(self.number(), event.handle() as WSAEVENT, events as i32) } == SOCKET_ERROR {
            return Err(io::Error::last_os_error());
        }
        wait.arm();
        Ok(())
    }
}

/// Tells what has been recorded of a socket.
fn tell(number: SOCKET, event: WSAEVENT, watchers: &Watchers) {
    let mut recorded = WSANETWORKEVENTS::default();
    // SAFETY: the socket and the event are open until the wait that calls this is closed.
    if unsafe { WSAEnumNetworkEvents(number, event, &raw mut recorded) } == SOCKET_ERROR {
        watchers.tell(true, true, false);
        return;
    }
    let has = |events: u32| recorded.lNetworkEvents as u32 & events != 0;
    watchers.tell(
        has(FD_READ | FD_ACCEPT | FD_CLOSE),
        has(FD_WRITE | FD_CONNECT | FD_CLOSE),
        has(FD_CLOSE),
    );
}
