//! The work of the other process, by the name of the way that it was started with.

use std::env;

use crate::message::{Bytes, Order};
use crate::peer::PEER;
use crate::{asynchronous, blocking, runtime};

/// Is the peer, where this process was started as one. Whether it was.
pub(crate) fn ran() -> bool {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [first, way, name] = &arguments[..] else {
        return false;
    };
    if first != PEER {
        return false;
    }
    match &way[..] {
        "carom" => blocking::serve::<Bytes>(blocking::Carom::connect(name)),
        "carom, typed" => blocking::serve::<Order>(blocking::Carom::connect(name)),
        "interprocess" => blocking::serve::<Bytes>(blocking::Interprocess::connect(name)),
        "interprocess, typed" => blocking::serve::<Order>(blocking::Interprocess::connect(name)),
        "ipc-channel" => blocking::serve(blocking::IpcBytes::connect(name)),
        "ipc-channel, typed" => blocking::serve(blocking::IpcOrders::connect(name)),
        "carom::tokio" => {
            runtime().block_on(async { asynchronous::serve::<Bytes>(asynchronous::Carom::connect(name).await).await });
        }
        "carom::tokio, typed" => {
            runtime().block_on(async { asynchronous::serve::<Order>(asynchronous::Carom::connect(name).await).await });
        }
        "LengthDelimitedCodec" => runtime().block_on(async {
            asynchronous::serve::<bytes::Bytes>(asynchronous::LengthDelimited::connect(name).await).await;
        }),
        "LengthDelimitedCodec, typed" => runtime().block_on(async {
            asynchronous::serve::<Order>(asynchronous::LengthDelimited::connect(name).await).await;
        }),
        way => panic!("no way is called {way}"),
    }
    true
}
