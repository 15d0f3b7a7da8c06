//! Futures of a tokio connection that are dropped at any of their awaits.
#![cfg(all(unix, feature = "auth", feature = "serde", feature = "tokio"))]
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::future::{Future, poll_fn};
use std::mem;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use carom::tokio::{Connection, Listener, Receiver, connect, pipe};
use carom::{AuthKey, Authentication, Error, listener};
use proptest::prelude::*;

mod peer;

use peer::payload;

/// Polls `future` at most `polls` times, as the runtime wakes it, and then drops it: its output, if there was one by then.
async fn polled<F: Future>(future: F, polls: u32) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// A call of the sender, and how often its future is polled before it is dropped.
#[derive(Debug, Clone, Copy)]
enum Step {
    Send(usize, u32),
    Feed(usize, u32),
    Flush(u32),
    Yield,
}

fn step() -> impl Strategy<Value = Step> {
    let size = prop_oneof![
        Just(0),
        1..200_usize,
        8_000..9_000_usize,
        60_000..70_000_usize,
        150_000..400_000_usize
    ];
    prop_oneof![
        4 => (size.clone(), 0..5_u32).prop_map(|(size, polls)| Step::Send(size, polls)),
        4 => (size, 0..5_u32).prop_map(|(size, polls)| Step::Feed(size, polls)),
        2 => (0..4_u32).prop_map(Step::Flush),
        1 => Just(Step::Yield),
    ]
}

/// Makes the calls of `steps`, and returns the messages that were accepted: by a call that came to its end, or by one that was dropped
/// after the kernel had taken a part.
async fn send_all(a: Connection, steps: &[Step]) -> (Connection, Vec<Vec<u8>>) {
    let mut a = a;
    let mut accepted = Vec::new();
    for step in steps {
        match *step {
            Step::Send(size, polls) => {
                // Only then does a rest tell that this very message has begun.
                a.flush().await.unwrap();
                let message = payload(size);
                let sent = polled(a.send_bytes(&message), polls).await.map(Result::unwrap);
                if sent.is_some() || a.wants_write() {
                    accepted.push(message);
                }
            }
            Step::Feed(size, polls) => {
                a.flush().await.unwrap();
                let message = payload(size);
                let fed = polled(a.feed_bytes(&message), polls).await.map(Result::unwrap);
                if fed.is_some() || a.wants_write() {
                    accepted.push(message);
                }
            }
            Step::Flush(polls) => {
                let _ = polled(a.flush(), polls).await.map(Result::unwrap);
            }
            Step::Yield => tokio::task::yield_now().await,
        }
    }
    a.flush().await.unwrap();
    (a, accepted)
}

/// Receives all messages, giving up each call after the polls that `polls` has in turn.
async fn receive_all(mut receiver: Receiver, polls: Vec<u32>) -> Vec<Vec<u8>> {
    let mut messages = Vec::new();
    for polls in polls.into_iter().cycle() {
        match polled(receiver.recv_bytes(), polls).await {
            None => tokio::task::yield_now().await,
            Some(Ok(message)) => messages.push(message),
            Some(Err(Error::Eof)) => break,
            Some(Err(error)) => panic!("{error}"),
        }
    }
    messages
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_dropped_future_loses_no_message_and_leaves_no_half_frame(
        steps in prop::collection::vec(step(), 1..20),
        // At least one call is polled often enough to receive.
        mut polls in prop::collection::vec(0..4_u32, 0..6),
    ) {
        polls.push(3);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (accepted, received) = runtime.block_on(async {
            let (a, b) = pipe().unwrap();
            let (_sender, receiver) = b.split();
            let receiving = tokio::spawn(receive_all(receiver, polls));
            let (a, accepted) = send_all(a, &steps).await;
            a.close().await.unwrap();
            (accepted, receiving.await.unwrap())
        });
        prop_assert_eq!(accepted.len(), received.len());
        prop_assert!(accepted == received);
    }
}

#[tokio::test]
async fn a_send_that_is_dropped_before_the_kernel_took_anything_sends_nothing() {
    let (mut a, mut b) = pipe().unwrap();
    assert!(polled(a.send_bytes(b"never"), 0).await.is_none());
    a.send_bytes(b"sent").await.unwrap();
    assert_eq!(b.recv_bytes().await.unwrap(), b"sent");
}

#[tokio::test]
async fn a_send_that_is_leaked_half_way_ends_sending() {
    let (mut a, mut b) = pipe().unwrap();
    let message = payload(1 << 20);
    {
        // Leaked on purpose: neither is its destructor run, nor does it borrow what is used below.
        let mut leaked: Pin<Box<dyn Future<Output = _>>> = Box::pin(a.send_bytes(&message));
        assert!(poll_fn(|cx| Poll::Ready(leaked.as_mut().poll(cx).is_pending())).await);
        let begun = b.recv_bytes();
        assert!(polled(begun, 2).await.is_none());
        assert!(poll_fn(|cx| Poll::Ready(leaked.as_mut().poll(cx).is_pending())).await);
        mem::forget(leaked);
    }
    assert!(matches!(a.send_bytes(b"next").await, Err(Error::NotWritable)));
    assert!(matches!(a.flush().await, Err(Error::NotWritable)));
}

#[tokio::test]
async fn a_connection_is_accepted_and_proved_whatever_calls_were_dropped_before() {
    let listener = Listener::bind_private(listener::Options::default()).unwrap();
    let authentication = Authentication::new(AuthKey::new(b"secret").unwrap());
    let mut cut = (0, 0);
    for polls in 0.. {
        let address = listener.address().clone();
        let key = authentication.clone();
        // The client is given up first in its first steps, then later.
        let client = tokio::spawn(async move { polled(connect(&address, Some(&key)), polls).await });
        let incoming = loop {
            // A client that was never polled does not come.
            match polled(listener.accept(), 1).await {
                Some(incoming) => break Some(incoming.unwrap()),
                None if client.is_finished() && polls == 0 => break None,
                None => tokio::task::yield_now().await,
            }
        };
        let server = match incoming {
            Some(incoming) => polled(incoming.authenticate(&authentication), polls).await,
            None => None,
        };
        match (client.await.unwrap(), server) {
            (Some(Ok(mut client)), Some(Ok(mut server))) => {
                server.send_bytes(b"welcome").await.unwrap();
                assert_eq!(client.recv_bytes().await.unwrap(), b"welcome");
                break;
            }
            (client, server) => {
                cut.0 += u32::from(client.is_none());
                cut.1 += u32::from(server.is_none());
            }
        }
    }
    assert!(cut.0 > 1 && cut.1 > 1, "calls were dropped in the middle: {cut:?}");
}

#[tokio::test]
async fn the_task_of_the_last_poll_is_woken() {
    let (mut a, mut b) = pipe().unwrap();
    let mut nobody = Context::from_waker(Waker::noop());
    assert!(polled(b.recv_bytes(), 1).await.is_none());
    {
        let receiving = pin!(b.recv_bytes());
        assert!(receiving.poll(&mut nobody).is_pending());
    }
    a.send_bytes(b"x").await.unwrap();
    assert_eq!(b.recv_bytes().await.unwrap(), b"x");
}
