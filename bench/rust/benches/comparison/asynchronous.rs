//! The ways to send from a task of tokio: `carom::tokio`, and tokio's own socket with a codec for lengths.

use bytes::Bytes as Shared;
use carom::tokio::{Connection, Listener, connect};
use carom::{Address, listener};
use futures_util::{SinkExt, StreamExt};
use tokio::net::{UnixListener, UnixStream};
use tokio_util::codec::{Framed, LengthDelimitedCodec};

use crate::message::{Bytes, Message, Order, Task};
use crate::peer::Place;

/// As [`blocking::End`](crate::blocking::End).
#[allow(async_fn_in_trait, reason = "nothing is spawned")]
pub(crate) trait End<M> {
    async fn send(&mut self, message: &M);
    async fn feed(&mut self, message: &M);
    async fn flush(&mut self);
    async fn recv(&mut self) -> Option<M>;
}

/// What the peer does until the other end is gone.
pub(crate) async fn serve<M: Message>(mut end: impl End<M>) {
    while let Some(message) = end.recv().await {
        if message.task() == Task::Echo {
            end.send(&message).await;
        }
    }
}

pub(crate) struct Carom(Connection);

impl Carom {
    pub(crate) async fn accept(place: &Place) -> Self {
        let listener = Listener::bind(&Address::unix(place.path()), listener::Options::default())
            .await
            .unwrap();
        place.start();
        Self(listener.accept().await.unwrap().without_authentication().unwrap())
    }

    pub(crate) async fn connect(name: &str) -> Self {
        Self(connect(&Address::unix(name), None).await.unwrap())
    }
}

impl End<Bytes> for Carom {
    async fn send(&mut self, message: &Bytes) {
        self.0.send_bytes(&message.0).await.unwrap();
    }
    async fn feed(&mut self, message: &Bytes) {
        self.0.feed_bytes(&message.0).await.unwrap();
    }
    async fn flush(&mut self) {
        self.0.flush().await.unwrap();
    }
    async fn recv(&mut self) -> Option<Bytes> {
        self.0.recv_bytes().await.ok().map(Bytes)
    }
}

impl End<Order> for Carom {
    async fn send(&mut self, message: &Order) {
        self.0.send(message).await.unwrap();
    }
    async fn feed(&mut self, message: &Order) {
        self.0.feed(message).await.unwrap();
    }
    async fn flush(&mut self) {
        self.0.flush().await.unwrap();
    }
    async fn recv(&mut self) -> Option<Order> {
        self.0.recv().await.ok()
    }
}

/// tokio's socket with `LengthDelimitedCodec`, in the memory of the crate `bytes`, which both share without copies.
pub(crate) struct LengthDelimited(Framed<UnixStream, LengthDelimitedCodec>);

impl LengthDelimited {
    fn new(stream: UnixStream) -> Self {
        Self(Framed::new(stream, LengthDelimitedCodec::new()))
    }

    pub(crate) async fn accept(place: &Place) -> Self {
        let listener = UnixListener::bind(place.path()).unwrap();
        place.start();
        Self::new(listener.accept().await.unwrap().0)
    }

    pub(crate) async fn connect(name: &str) -> Self {
        Self::new(UnixStream::connect(name).await.unwrap())
    }
}

impl End<Shared> for LengthDelimited {
    async fn send(&mut self, message: &Shared) {
        self.0.send(message.clone()).await.unwrap();
    }
    async fn feed(&mut self, message: &Shared) {
        self.0.feed(message.clone()).await.unwrap();
    }
    async fn flush(&mut self) {
        SinkExt::<Shared>::flush(&mut self.0).await.unwrap();
    }
    async fn recv(&mut self) -> Option<Shared> {
        Some(self.0.next().await?.ok()?.freeze())
    }
}

impl End<Order> for LengthDelimited {
    async fn send(&mut self, message: &Order) {
        let message = postcard::to_stdvec(message).unwrap();
        self.0.send(Shared::from(message)).await.unwrap();
    }
    async fn feed(&mut self, message: &Order) {
        let message = postcard::to_stdvec(message).unwrap();
        self.0.feed(Shared::from(message)).await.unwrap();
    }
    async fn flush(&mut self) {
        SinkExt::<Shared>::flush(&mut self.0).await.unwrap();
    }
    async fn recv(&mut self) -> Option<Order> {
        let message = self.0.next().await?.ok()?;
        Some(postcard::from_bytes(&message).unwrap())
    }
}
