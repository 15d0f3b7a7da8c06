//! Typed messages.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::collections::BTreeMap;

use carom::{Error, pipe};
use proptest::prelude::*;
use serde::ser::Error as _;
use serde::{Deserialize, Serialize, Serializer};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Shape {
    Nothing,
    Circle(f64),
    Polygon {
        points: Vec<(i32, i32)>,
        label: Option<String>,
    },
}

fn shape() -> impl Strategy<Value = Shape> {
    prop_oneof![
        Just(Shape::Nothing),
        (-1e9..1e9).prop_map(Shape::Circle),
        (
            prop::collection::vec(any::<(i32, i32)>(), 0..20),
            any::<Option<String>>()
        )
            .prop_map(|(points, label)| Shape::Polygon { points, label }),
    ]
}

proptest! {
    #[test]
    fn values_arrive_equal(shapes in prop::collection::btree_map(any::<String>(), shape(), 0..8)) {
        let (mut a, mut b) = pipe()?;
        a.send(&shapes)?;
        prop_assert_eq!(b.recv::<BTreeMap<String, Shape>>()?, shapes);
    }
}

#[test]
fn numbers_at_their_limits_arrive_equal() {
    let (mut a, mut b) = pipe().unwrap();
    let value = (u64::MAX, i64::MIN, f64::MIN_POSITIVE, '🂡', (), true, String::new());
    a.send(&value).unwrap();
    assert_eq!(b.recv::<(u64, i64, f64, char, (), bool, String)>().unwrap(), value);
}

#[test]
fn the_ends_may_know_different_fields() {
    #[derive(Serialize)]
    struct Newer {
        name: &'static str,
        added: u8,
    }
    #[derive(Deserialize, PartialEq, Debug)]
    struct Older {
        #[serde(default)]
        removed: u8,
        name: String,
    }
    let (mut a, mut b) = pipe().unwrap();
    a.send(&Newer { name: "x", added: 1 }).unwrap();
    assert_eq!(
        b.recv::<Older>().unwrap(),
        Older {
            removed: 0,
            name: "x".into()
        }
    );
}

#[test]
fn a_struct_is_sent_as_a_map_of_its_fields() {
    #[derive(Serialize)]
    struct Point {
        x: u8,
    }
    let (mut a, mut b) = pipe().unwrap();
    a.send(&Point { x: 7 }).unwrap();
    assert_eq!(b.recv_bytes().unwrap(), b"\x81\xa1x\x07");
}

#[test]
fn a_message_of_another_shape_is_consumed_and_the_next_one_is_unharmed() {
    let (mut a, mut b) = pipe().unwrap();
    a.send("a word").unwrap();
    a.send_bytes(b"\xc1 is no MessagePack").unwrap();
    a.send_bytes(b"").unwrap();
    a.send(&42).unwrap();
    for _ in 0..3 {
        assert!(matches!(b.recv::<u32>(), Err(Error::Decode(_))));
    }
    assert_eq!(b.recv::<u32>().unwrap(), 42);
}

#[test]
fn a_value_that_can_not_be_encoded_sends_nothing() {
    struct Refusing;
    impl Serialize for Refusing {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(S::Error::custom("not today"))
        }
    }
    let (mut a, mut b) = pipe().unwrap();
    let error = a.send(&("a beginning", Refusing)).unwrap_err();
    assert!(
        matches!(error, Error::Encode(_)) && error.to_string().contains("not today"),
        "{error}"
    );
    a.send("fine").unwrap();
    assert_eq!(b.recv::<String>().unwrap(), "fine");
}

#[test]
fn bytes_of_another_protocol_are_named_and_handed_back() {
    let pickle = b"\x80\x05\x95\x06\x00\x00\x00\x00\x00\x00\x00\x8c\x02hi\x94.";
    let (mut a, mut b) = pipe().unwrap();
    // A pickle begins as an empty map does, and a challenge as the number 35.
    a.send_bytes(pickle).unwrap();
    a.send_bytes(b"#CHALLENGE#{sha256}0123456789").unwrap();
    a.send_bytes(b"\x01\x02").unwrap();
    let Err(Error::Decode(error)) = b.recv::<BTreeMap<String, u8>>() else {
        panic!("a pickle was taken for a map")
    };
    assert!(error.to_string().contains("is a pickle"), "{error}");
    assert_eq!(error.into_message(), pickle);
    let error = b.recv::<u8>().unwrap_err();
    assert!(error.to_string().contains("asks for an authkey"), "{error}");
    let error = b.recv::<u8>().unwrap_err();
    assert!(error.to_string().contains("more bytes follow"), "{error}");
}

#[test]
#[cfg(unix)]
fn descriptors_come_with_the_value_that_they_were_sent_with() {
    use std::fs::File;
    use std::io::{Read, Write};
    use std::os::fd::AsFd;

    let (mut a, b) = pipe().unwrap();
    let mut b = b.accept_descriptors().unwrap();
    let (first, second) = (std::io::pipe().unwrap(), std::io::pipe().unwrap());
    a.send("before").unwrap();
    a.send_with_fds(&("log to", 1), &[first.1.as_fd()]).unwrap();
    a.send("between").unwrap();
    // Longer than what is read in one go.
    a.send_with_fds(&"x".repeat(100_000), &[second.1.as_fd(), second.1.as_fd()])
        .unwrap();
    drop((first.1, second.1));
    let (word, none) = b.recv_with_fds::<String>().unwrap();
    assert_eq!((word.as_str(), none.len()), ("before", 0));
    assert!(b.poll(None).unwrap());
    let (value, mut fds) = b.recv_with_fds::<(String, u32)>().unwrap();
    assert_eq!((value, fds.len()), (("log to".to_owned(), 1), 1));
    File::from(fds.remove(0)).write_all(b"hello").unwrap();
    assert_eq!(b.recv_with_fds::<String>().unwrap().0, "between");
    // A receive that has no use for them closes them.
    assert_eq!(b.recv::<String>().unwrap().len(), 100_000);
    a.send("after").unwrap();
    assert_eq!(b.recv_with_fds::<String>().unwrap().1.len(), 0);
    let mut texts = [String::new(), String::new()];
    for ((mut reader, text), expected) in [first.0, second.0].into_iter().zip(&mut texts).zip(["hello", ""]) {
        reader.read_to_string(text).unwrap();
        assert_eq!(text, expected);
    }
}

#[test]
#[cfg(unix)]
fn an_end_that_takes_no_descriptors_gets_none() {
    use std::os::fd::AsFd;

    let (mut a, mut b) = pipe().unwrap();
    let (_reader, writer) = std::io::pipe().unwrap();
    // Some kernels refuse at the sender, others let the receiver close them.
    match a.send_bytes_with_fds(b"\x01", &[writer.as_fd()]) {
        Ok(()) => assert_eq!(b.recv_with_fds::<u8>().unwrap().1.len(), 0),
        Err(error) => assert!(matches!(error, Error::Io(_)), "{error}"),
    }
    a.send(&2).unwrap();
    assert_eq!(b.recv::<u8>().unwrap(), 2);
}

/// What `serde_bytes` does.
#[test]
fn bytes_that_are_serialized_as_such_are_sent_as_such_and_received_as_a_vector() {
    struct Bytes(Vec<u8>);
    impl Serialize for Bytes {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_bytes(&self.0)
        }
    }
    let (mut a, mut b) = pipe().unwrap();
    let bytes = Bytes((0..=255).collect());
    a.send(&bytes).unwrap();
    let message = b.recv_bytes().unwrap();
    assert_eq!(message.len(), 256 + 3, "a header of bin 16, and the bytes");
    a.send_bytes(&message).unwrap();
    assert_eq!(b.recv::<Vec<u8>>().unwrap(), bytes.0);
}
