//! carom beside interprocess, ipc-channel and tokio's socket with `LengthDelimitedCodec`, between two processes: a message there and back,
//! and messages one way, of which the last is answered.

mod asynchronous;
mod blocking;
mod message;
mod peer;
mod serving;

use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput};
use tokio::runtime::{Builder, Runtime};

use message::{Bytes, Message, Order, Task};
use peer::Place;

/// A runtime as a program with one task for its connection has it.
pub(crate) fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// What is measured of a way.
#[derive(Clone, Copy)]
enum Path {
    RoundTrip,
    OneWay,
}

fn blocking<M: Message, E: blocking::End<M>>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    way: &'static str,
    (size, path): (usize, Path),
    accept: impl Fn(&Place) -> E,
) {
    let (echo, take) = (M::new(size, Task::Echo), M::new(size, Task::Take));
    group.bench_function(name, |bencher| {
        let place = Place::new(way);
        let mut end = accept(&place);
        bencher.iter_custom(|times| {
            let start = Instant::now();
            match path {
                Path::RoundTrip => {
                    for _ in 0..times {
                        end.send(&echo);
                        end.recv().unwrap();
                    }
                }
                Path::OneWay => {
                    for _ in 1..times {
                        end.feed(&take);
                    }
                    end.feed(&echo);
                    end.flush();
                    end.recv().unwrap();
                }
            }
            start.elapsed()
        });
        drop(end);
    });
}

fn asynchronous<M: Message, E: asynchronous::End<M>>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    way: &'static str,
    (size, path): (usize, Path),
    accept: impl AsyncFn(&Place) -> E,
) {
    let (echo, take) = (M::new(size, Task::Echo), M::new(size, Task::Take));
    group.bench_function(name, |bencher| {
        let place = Place::new(way);
        let runtime = runtime();
        let mut end = runtime.block_on(accept(&place));
        bencher.iter_custom(|times| {
            runtime.block_on(async {
                let start = Instant::now();
                match path {
                    Path::RoundTrip => {
                        for _ in 0..times {
                            end.send(&echo).await;
                            end.recv().await.unwrap();
                        }
                    }
                    Path::OneWay => {
                        for _ in 1..times {
                            end.feed(&take).await;
                        }
                        end.feed(&echo).await;
                        end.flush().await;
                        end.recv().await.unwrap();
                    }
                }
                start.elapsed()
            })
        });
        let _guard = runtime.enter();
        drop(end);
    });
}

fn bytes(group: &mut BenchmarkGroup<'_, WallTime>, size: usize, path: Path) {
    let case = (size, path);
    blocking::<Bytes, _>(group, "carom", "carom", case, blocking::Carom::accept);
    if let Path::OneWay = path {
        let accept = |place: &Place| blocking::CaromUnbatched(blocking::Carom::accept(place));
        blocking::<Bytes, _>(group, "carom, each sent at once", "carom", case, accept);
    }
    blocking::<Bytes, _>(
        group,
        "interprocess",
        "interprocess",
        case,
        blocking::Interprocess::accept,
    );
    blocking(group, "ipc-channel", "ipc-channel", case, blocking::IpcBytes::accept);
    asynchronous::<Bytes, _>(group, "carom tokio", "carom::tokio", case, asynchronous::Carom::accept);
    let accept = asynchronous::LengthDelimited::accept;
    asynchronous::<bytes::Bytes, _>(
        group,
        "tokio LengthDelimitedCodec",
        "LengthDelimitedCodec",
        case,
        accept,
    );
}

fn typed(group: &mut BenchmarkGroup<'_, WallTime>, path: Path) {
    let case = (0, path);
    blocking::<Order, _>(group, "carom", "carom, typed", case, blocking::Carom::accept);
    if let Path::OneWay = path {
        let accept = |place: &Place| blocking::CaromUnbatched(blocking::Carom::accept(place));
        blocking::<Order, _>(group, "carom, each sent at once", "carom, typed", case, accept);
    }
    blocking::<Order, _>(
        group,
        "interprocess",
        "interprocess, typed",
        case,
        blocking::Interprocess::accept,
    );
    blocking(
        group,
        "ipc-channel",
        "ipc-channel, typed",
        case,
        blocking::IpcOrders::accept,
    );
    asynchronous::<Order, _>(
        group,
        "carom tokio",
        "carom::tokio, typed",
        case,
        asynchronous::Carom::accept,
    );
    let accept = asynchronous::LengthDelimited::accept;
    asynchronous::<Order, _>(
        group,
        "tokio LengthDelimitedCodec",
        "LengthDelimitedCodec, typed",
        case,
        accept,
    );
}

/// Values of 8 MiB of bytes: as serde takes a `Vec<u8>`, as `serde_bytes` has it, and without serde. Both ends are in this process.
fn large(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("8 MiB");
    let (mut sender, mut receiver) = carom::pipe().unwrap();
    let echo = std::thread::spawn(move || {
        let mut received = 0;
        while let Ok(message) = receiver.recv_bytes() {
            received += message.len();
            receiver.send_bytes(b"").unwrap();
        }
        received
    });
    let message = vec![200u8; 8 << 20];
    group.bench_function("send of a Vec", |bencher| {
        bencher.iter(|| {
            sender.send(&message).unwrap();
            sender.recv_bytes().unwrap()
        });
    });
    group.bench_function("send of serde_bytes", |bencher| {
        bencher.iter(|| {
            sender.send(serde_bytes::Bytes::new(&message)).unwrap();
            sender.recv_bytes().unwrap()
        });
    });
    group.bench_function("send_bytes", |bencher| {
        bencher.iter(|| {
            sender.send_bytes(&message).unwrap();
            sender.recv_bytes().unwrap()
        });
    });
    drop(sender);
    echo.join().unwrap();
    group.finish();
}

fn main() {
    if serving::ran() {
        return;
    }
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_millis(1500))
        .sample_size(15)
        .without_plots()
        .configure_from_args();
    for (word, path) in [("round trip", Path::RoundTrip), ("one way", Path::OneWay)] {
        for (size, name) in [(64, "64 B"), (1 << 20, "1 MiB")] {
            let mut group = criterion.benchmark_group(format!("{word}, {name}"));
            group.throughput(Throughput::Bytes(size as u64));
            bytes(&mut group, size, path);
            group.finish();
        }
        let mut group = criterion.benchmark_group(format!("{word}, typed"));
        group.throughput(Throughput::Elements(1));
        typed(&mut group, path);
        group.finish();
    }
    large(&mut criterion);
    criterion.final_summary();
}
