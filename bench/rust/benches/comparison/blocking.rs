//! The ways to send that wait: carom, interprocess and ipc-channel.
#![allow(
    deprecated,
    reason = "interprocess has no other owned halves, and a buffer needs to own its half"
)]

use std::io::{BufReader, BufWriter, Read, Write};

use carom::connect::connect;
use carom::{Address, Connection, Deadline, Listener, listener};
use interprocess::local_socket::traits::Listener as _;
use interprocess::local_socket::{
    GenericFilePath, Listener as LocalListener, ListenerOptions, RecvHalf, SendHalf, Stream, prelude::*,
};
use ipc_channel::ipc::{self, IpcBytesReceiver, IpcBytesSender, IpcOneShotServer, IpcReceiver, IpcSender};

use crate::message::{Bytes, Message, Order, Task};
use crate::peer::Place;

/// One end of a way to send messages of the kind `M`.
pub(crate) trait End<M>: Sized {
    /// Sends a message that the peer is to see at once.
    fn send(&mut self, message: &M);
    /// Sends a message that may wait for others, where the way knows such.
    fn feed(&mut self, message: &M) {
        self.send(message);
    }
    /// Sends all that waits.
    fn flush(&mut self) {}
    /// Receives a message; `None` once the peer is gone.
    fn recv(&mut self) -> Option<M>;
}

/// What the peer does until the other end is gone.
pub(crate) fn serve<M: Message>(mut end: impl End<M>) {
    while let Some(message) = end.recv() {
        if message.task() == Task::Echo {
            end.send(&message);
        }
    }
}

/// How many bytes are fed before they are sent: as many as `carom::tokio` collects.
const BATCH: usize = 64 << 10;
/// About how long an [`Order`] is as a message, in bytes.
const ORDER: usize = 80;

/// carom, and how much has been fed.
pub(crate) struct Carom(Connection, usize);

impl Carom {
    fn fed(&mut self, bytes: usize) {
        self.1 += bytes;
        if self.1 >= BATCH {
            self.0.flush().unwrap();
            self.1 = 0;
        }
    }
}

impl Carom {
    pub(crate) fn accept(place: &Place) -> Self {
        let listener = Listener::bind(&Address::unix(place.path()), listener::Options::default()).unwrap();
        place.start();
        Self(listener.accept_connection(None, Deadline::Never).unwrap(), 0)
    }

    pub(crate) fn connect(name: &str) -> Self {
        Self(connect(&Address::unix(name), None, Deadline::Never).unwrap(), 0)
    }
}

impl End<Bytes> for Carom {
    fn send(&mut self, message: &Bytes) {
        self.0.send_bytes(&message.0).unwrap();
    }
    fn feed(&mut self, message: &Bytes) {
        if message.0.len() >= BATCH {
            return self.send(message);
        }
        self.0.feed_bytes(&message.0).unwrap();
        self.fed(message.0.len());
    }
    fn flush(&mut self) {
        self.0.flush().unwrap();
    }
    fn recv(&mut self) -> Option<Bytes> {
        self.0.recv_bytes().ok().map(Bytes)
    }
}

impl End<Order> for Carom {
    fn send(&mut self, message: &Order) {
        self.0.send(message).unwrap();
    }
    fn feed(&mut self, message: &Order) {
        self.0.feed(message).unwrap();
        self.fed(ORDER);
    }
    fn flush(&mut self) {
        self.0.flush().unwrap();
    }
    fn recv(&mut self) -> Option<Order> {
        self.0.recv().ok()
    }
}

/// carom where each message is sent at once, also one way.
pub(crate) struct CaromUnbatched(pub(crate) Carom);

impl<M> End<M> for CaromUnbatched
where
    Carom: End<M>,
{
    fn send(&mut self, message: &M) {
        self.0.send(message);
    }
    fn recv(&mut self) -> Option<M> {
        self.0.recv()
    }
}

/// interprocess has a stream: a length of four bytes goes before each message, behind the buffers of the standard library.
pub(crate) struct Interprocess {
    sender: BufWriter<SendHalf>,
    receiver: BufReader<RecvHalf>,
}

impl Interprocess {
    fn new(stream: Stream) -> Self {
        let (receiver, sender) = stream.split();
        Self {
            sender: BufWriter::new(sender),
            receiver: BufReader::new(receiver),
        }
    }

    pub(crate) fn accept(place: &Place) -> Self {
        let name = place.path().to_fs_name::<GenericFilePath>().unwrap();
        let listener: LocalListener = ListenerOptions::new().name(name).create_sync().unwrap();
        place.start();
        Self::new(listener.accept().unwrap())
    }

    pub(crate) fn connect(name: &str) -> Self {
        Self::new(Stream::connect(name.to_fs_name::<GenericFilePath>().unwrap()).unwrap())
    }

    fn write(&mut self, message: &[u8]) {
        self.sender.write_all(&(message.len() as u32).to_be_bytes()).unwrap();
        self.sender.write_all(message).unwrap();
    }

    fn read(&mut self) -> Option<Vec<u8>> {
        let mut length = [0; 4];
        self.receiver.read_exact(&mut length).ok()?;
        let mut message = vec![0; u32::from_be_bytes(length) as usize];
        self.receiver.read_exact(&mut message).unwrap();
        Some(message)
    }
}

impl End<Bytes> for Interprocess {
    fn send(&mut self, message: &Bytes) {
        self.feed(message);
        self.sender.flush().unwrap();
    }
    fn feed(&mut self, message: &Bytes) {
        self.write(&message.0);
    }
    fn flush(&mut self) {
        self.sender.flush().unwrap();
    }
    fn recv(&mut self) -> Option<Bytes> {
        self.read().map(Bytes)
    }
}

impl End<Order> for Interprocess {
    fn send(&mut self, message: &Order) {
        self.feed(message);
        self.sender.flush().unwrap();
    }
    fn feed(&mut self, message: &Order) {
        self.write(&postcard::to_stdvec(message).unwrap());
    }
    fn flush(&mut self) {
        self.sender.flush().unwrap();
    }
    fn recv(&mut self) -> Option<Order> {
        self.read().map(|message| postcard::from_bytes(&message).unwrap())
    }
}

/// A channel there and one back.
pub(crate) struct IpcChannel<S, R> {
    sender: S,
    receiver: R,
}

pub(crate) type IpcBytes = IpcChannel<IpcBytesSender, IpcBytesReceiver>;
pub(crate) type IpcOrders = IpcChannel<IpcSender<Order>, IpcReceiver<Order>>;

impl IpcBytes {
    pub(crate) fn accept(place: &Place) -> Self {
        let (server, name) = IpcOneShotServer::<(IpcBytesSender, IpcBytesReceiver)>::new().unwrap();
        place.start_at(&name);
        let (_, (sender, receiver)) = server.accept().unwrap();
        Self { sender, receiver }
    }

    pub(crate) fn connect(name: &str) -> Self {
        let (to_us, receiver) = ipc::bytes_channel().unwrap();
        let (sender, to_them) = ipc::bytes_channel().unwrap();
        IpcSender::connect(name.to_owned())
            .unwrap()
            .send((to_us, to_them))
            .unwrap();
        Self { sender, receiver }
    }
}

impl IpcOrders {
    pub(crate) fn accept(place: &Place) -> Self {
        let (server, name) = IpcOneShotServer::<(IpcSender<Order>, IpcReceiver<Order>)>::new().unwrap();
        place.start_at(&name);
        let (_, (sender, receiver)) = server.accept().unwrap();
        Self { sender, receiver }
    }

    pub(crate) fn connect(name: &str) -> Self {
        let (to_us, receiver) = ipc::channel::<Order>().unwrap();
        let (sender, to_them) = ipc::channel::<Order>().unwrap();
        IpcSender::connect(name.to_owned())
            .unwrap()
            .send((to_us, to_them))
            .unwrap();
        Self { sender, receiver }
    }
}

impl End<Bytes> for IpcBytes {
    fn send(&mut self, message: &Bytes) {
        self.sender.send(&message.0).unwrap();
    }
    fn recv(&mut self) -> Option<Bytes> {
        self.receiver.recv().ok().map(Bytes)
    }
}

impl End<Order> for IpcOrders {
    fn send(&mut self, message: &Order) {
        // It takes the value: a program that still needs it clones it, as here.
        self.sender.send(message.clone()).unwrap();
    }
    fn recv(&mut self) -> Option<Order> {
        self.receiver.recv().ok()
    }
}
