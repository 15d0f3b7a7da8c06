//! The wire, without any I/O: headers, and the decoder that finds the messages in a stream.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use carom::frame::{
    Announcement, CARRY_MAX, Decoder, FrameError, Header, MAX_SHORT, RUN_MAX, Runs, SLAB_MIN, Tail, read_header,
};
use proptest::prelude::*;
use proptest::sample::Index;

mod reference;

use reference::{Outcome, decode, parse};

/// A payload of which no two stretches are alike.
fn payload(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at ^ (at >> 8) ^ (at >> 16)) as u8).collect()
}

/// The 64-bit form, whatever the length.
fn long_form(length: u64) -> Vec<u8> {
    [&(-1_i32).to_be_bytes()[..], &length.to_be_bytes()].concat()
}

fn frame(message: &[u8], long: bool) -> Vec<u8> {
    let header = if long {
        long_form(message.len() as u64)
    } else {
        Header::new(message.len() as u64).as_bytes().to_vec()
    };
    [&header, message].concat()
}

/// Lengths of payloads, most of them where the decoder decides something.
fn length() -> impl Strategy<Value = usize> {
    let around = |boundary: usize| boundary - 14..boundary + 3;
    prop_oneof![
        4 => 0..40_usize,
        2 => around(RUN_MAX),
        2 => around(CARRY_MAX / 2),
        2 => around(SLAB_MIN),
        1 => around(64 * 1024),
        1 => 0..200_000_usize,
    ]
}

fn messages() -> impl Strategy<Value = Vec<(Vec<u8>, bool)>> {
    prop::collection::vec((length().prop_map(payload), any::<bool>()), 0..12)
}

fn piece() -> impl Strategy<Value = usize> {
    prop_oneof![1..16_usize, 1..2 * SLAB_MIN, Just(usize::MAX)]
}

fn slab() -> impl Strategy<Value = usize> {
    prop_oneof![Just(SLAB_MIN), SLAB_MIN..SLAB_MIN + 16, SLAB_MIN..8 * SLAB_MIN]
}

/// Takes turns.
fn in_turn(values: &[usize]) -> impl FnMut() -> usize + '_ {
    let mut values = values.iter().copied().cycle();
    move || values.next().unwrap()
}

/// Gives the decoder one piece at the start of a stream.
fn find(decoder: &mut Decoder, bytes: &[u8]) -> Result<(Tail, Vec<u8>), FrameError> {
    let (mut slab, mut runs) = (vec![0; SLAB_MIN.max(bytes.len() + CARRY_MAX)], Runs::default());
    let start = decoder.begin(&mut slab);
    slab[start..start + bytes.len()].copy_from_slice(bytes);
    let tail = decoder.find(&slab[..start + bytes.len()], &mut runs)?;
    Ok((tail, slab[..runs.end()].to_vec()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_messages_cut_anywhere_are_found_equal_and_in_order(
        messages in messages(),
        pieces in prop::collection::vec(piece(), 1..8),
        slabs in prop::collection::vec(slab(), 1..4),
    ) {
        let stream: Vec<_> = messages.iter().flat_map(|(message, long)| frame(message, *long)).collect();
        let outcome = decode(&stream, u64::MAX, in_turn(&pieces), in_turn(&slabs));
        prop_assert_eq!(outcome.end, Ok(()));
        prop_assert_eq!(outcome.messages.len(), messages.len());
        prop_assert!(outcome.messages.iter().eq(messages.iter().map(|(message, _)| message)));
    }

    #[test]
    fn a_stream_that_ends_anywhere_is_read_as_the_simple_reading_does(
        messages in messages(),
        end in any::<Index>(),
        limit in prop_oneof![Just(u64::MAX), (0..20_000_u64)],
        pieces in prop::collection::vec(piece(), 1..8),
        slabs in prop::collection::vec(slab(), 1..4),
    ) {
        let mut stream: Vec<_> = messages.iter().flat_map(|(message, long)| frame(message, *long)).collect();
        stream.truncate(end.index(stream.len() + 1));
        let outcome = decode(&stream, limit, in_turn(&pieces), in_turn(&slabs));
        prop_assert!(outcome == parse(&stream, limit));
    }

    #[test]
    fn bytes_without_any_order_are_read_as_the_simple_reading_does(
        stream in prop::collection::vec(prop_oneof![3 => Just(0_u8), 1 => Just(0xff), 2 => 0..9_u8, 1 => any::<u8>()], 0..256),
        pieces in prop::collection::vec(1..32_usize, 1..8),
    ) {
        let outcome = decode(&stream, u64::MAX, in_turn(&pieces), || SLAB_MIN);
        prop_assert_eq!(outcome, parse(&stream, u64::MAX));
    }

    #[test]
    fn every_negative_length_but_minus_one_is_malformed(length in i32::MIN..-1) {
        prop_assert_eq!(read_header(&length.to_be_bytes()), Err(FrameError::MalformedLength { length }));
    }
}

#[test]
fn a_header_takes_the_short_form_wherever_it_fits() {
    assert_eq!(Header::new(0).as_bytes(), [0, 0, 0, 0]);
    assert_eq!(Header::new(4).as_bytes(), [0, 0, 0, 4]);
    assert_eq!(Header::new(MAX_SHORT).as_bytes(), [0x7f, 0xff, 0xff, 0xff]);
    assert_eq!(
        Header::new(MAX_SHORT + 1).as_bytes(),
        [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0x80, 0, 0, 0]
    );
    assert_eq!(Header::new(u64::MAX).as_bytes(), [0xff; 12]);
}

#[test]
fn a_header_is_read_when_its_last_byte_is_there() {
    for payload in [0, 1, MAX_SHORT, MAX_SHORT + 1, u64::MAX] {
        let header = Header::new(payload);
        let bytes = header.as_bytes();
        for end in 0..bytes.len() {
            assert_eq!(read_header(&bytes[..end]), Ok(None), "{end} bytes of {bytes:x?}");
        }
        assert_eq!(
            read_header(bytes),
            Ok(Some(Announcement {
                header: bytes.len(),
                payload
            }))
        );
    }
}

#[test]
fn the_long_form_of_a_small_length_is_accepted() {
    assert_eq!(
        read_header(&long_form(3)),
        Ok(Some(Announcement { header: 12, payload: 3 }))
    );
    let outcome = decode(
        &[frame(b"abc", true), frame(b"", true)].concat(),
        u64::MAX,
        || 1,
        || SLAB_MIN,
    );
    assert_eq!(
        outcome,
        Outcome {
            messages: vec![b"abc".to_vec(), Vec::new()],
            end: Ok(())
        }
    );
}

#[test]
fn negative_lengths_at_the_edges_are_malformed() {
    for length in [i32::MIN, i32::MIN + 1, -3, -2] {
        let error = FrameError::MalformedLength { length };
        assert_eq!(
            decode(&length.to_be_bytes(), u64::MAX, || 1, || SLAB_MIN).end,
            Err(error)
        );
    }
}

#[test]
fn a_stream_cut_in_two_at_any_byte_holds_the_same_messages() {
    let stream = [
        frame(b"", false),
        frame(b"short", false),
        frame(b"", true),
        frame(&payload(300), true),
        frame(&payload(CARRY_MAX), false),
        frame(b"behind a long one", false),
    ]
    .concat();
    let whole = parse(&stream, u64::MAX);
    for cut in 1..stream.len() {
        // The first piece ends at the cut; the rest comes at once.
        let mut pieces = [cut, usize::MAX].into_iter();
        let outcome = decode(
            &stream,
            u64::MAX,
            || pieces.next().unwrap_or(usize::MAX),
            || 2 * SLAB_MIN,
        );
        assert!(outcome == whole, "cut at {cut}");
    }
}

#[test]
fn an_end_anywhere_but_between_two_messages_is_a_truncation() {
    let frames = [
        frame(b"", false),
        frame(b"abc", true),
        frame(&payload(CARRY_MAX + 1), false),
        frame(b"z", false),
    ];
    let mut boundaries = vec![0];
    for frame in &frames {
        boundaries.push(boundaries.last().unwrap() + frame.len());
    }
    let stream = frames.concat();
    for end in 0..=stream.len() {
        let outcome = decode(&stream[..end], u64::MAX, || usize::MAX, || 2 * SLAB_MIN);
        let expected = if boundaries.contains(&end) {
            Ok(())
        } else {
            Err(FrameError::Truncated)
        };
        assert_eq!(outcome.end, expected, "end at {end}");
        let whole = boundaries
            .iter()
            .filter(|boundary| (1..=end).contains(*boundary))
            .count();
        assert_eq!(outcome.messages.len(), whole, "end at {end}");
    }
}

#[test]
fn a_length_above_the_limit_is_refused_before_the_payload() {
    for (length, long) in [(11, false), (11, true), (MAX_SHORT, false), (u64::MAX, true)] {
        let header = if long {
            long_form(length)
        } else {
            Header::new(length).as_bytes().to_vec()
        };
        let error = FrameError::TooLong {
            announced: length,
            limit: 10,
        };
        assert_eq!(find(&mut Decoder::new(10), &header).unwrap_err(), error);
    }
}

#[test]
fn a_length_at_the_limit_is_accepted() {
    assert_eq!(decode(&frame(&payload(10), false), 10, || 3, || SLAB_MIN).end, Ok(()));
    assert_eq!(decode(&frame(b"", false), 0, || 1, || SLAB_MIN).messages, [b""]);
    assert!(decode(&frame(b"x", false), 0, || 1, || SLAB_MIN).end.is_err());
}

#[test]
fn messages_before_a_fault_are_found_first() {
    let good = [frame(b"one", false), frame(b"", false)].concat();
    for (fault, error) in [
        ((-2_i32).to_be_bytes(), FrameError::MalformedLength { length: -2 }),
        (
            101_u32.to_be_bytes(),
            FrameError::TooLong {
                announced: 101,
                limit: 100,
            },
        ),
    ] {
        let mut decoder = Decoder::new(100);
        let (tail, found) = find(
            &mut decoder,
            &[&good[..], &fault, b"what follows is never read"].concat(),
        )
        .unwrap();
        assert_eq!((tail, found), (Tail::Carried { announced: None }, good.clone()));
        assert!(!decoder.inside_message());
        assert_eq!(decoder.end(), Err(error));
        assert_eq!(
            find(&mut decoder, &good).unwrap_err(),
            error,
            "nothing is found behind a fault"
        );
    }
}

#[test]
fn an_incomplete_small_message_tells_its_length_as_soon_as_it_is_known() {
    let mut decoder = Decoder::new(u64::MAX);
    assert_eq!(
        find(&mut decoder, &[0, 0]).unwrap().0,
        Tail::Carried { announced: None }
    );
    assert_eq!(
        find(&mut decoder, &[0, 9]).unwrap().0,
        Tail::Carried { announced: Some(9) }
    );
    assert_eq!(
        find(&mut decoder, b"12345678").unwrap().0,
        Tail::Carried { announced: Some(9) }
    );
    assert!(decoder.inside_message());
    assert_eq!(find(&mut decoder, b"9").unwrap().0, Tail::Carried { announced: None });
    assert!(!decoder.inside_message());
}

#[test]
fn an_incomplete_long_message_moves_to_memory_of_its_own() {
    let announced = (CARRY_MAX - 3) as u64;
    let mut decoder = Decoder::new(u64::MAX);
    let (tail, found) = find(
        &mut decoder,
        &[&frame(b"small", false)[..], Header::new(announced).as_bytes(), b"ab"].concat(),
    )
    .unwrap();
    assert_eq!(found, frame(b"small", false));
    assert_eq!(
        tail,
        Tail::Own {
            announced,
            arrived: 13..15
        }
    );
    assert_eq!(
        (decoder.payload_remaining(), decoder.inside_message()),
        (announced - 2, true)
    );
    assert_eq!(decoder.end(), Err(FrameError::Truncated));
    decoder.payload_filled(announced as usize - 2);
    assert_eq!(
        (decoder.payload_remaining(), decoder.inside_message(), decoder.end()),
        (0, false, Ok(()))
    );
}

#[test]
fn an_incomplete_message_is_carried_up_to_its_limit() {
    let mut decoder = Decoder::new(u64::MAX);
    let message = payload(CARRY_MAX - 4);
    let bytes = frame(&message, false);
    let (last, first) = bytes.split_last().unwrap();
    assert_eq!(
        find(&mut decoder, first).unwrap().0,
        Tail::Carried {
            announced: Some(message.len() as u64)
        }
    );
    assert_eq!(find(&mut decoder, &[*last]).unwrap().1, bytes);
}

#[test]
fn the_longest_claim_is_a_claim() {
    let mut decoder = Decoder::new(u64::MAX);
    let (tail, _) = find(&mut decoder, &[&long_form(u64::MAX)[..], b"abc"].concat()).unwrap();
    assert_eq!(
        tail,
        Tail::Own {
            announced: u64::MAX,
            arrived: 12..15
        }
    );
    assert_eq!(decoder.payload_remaining(), u64::MAX - 3);
}

#[test]
fn a_slab_has_no_more_runs_than_frames_that_just_fail_to_share_one() {
    // A short one and one that fills a run take turns: each two have a byte more than a run may have.
    let pair = [frame(b"", false), frame(&payload(RUN_MAX - 7), false)].concat();
    assert_eq!(pair.len(), RUN_MAX + 1);
    for pairs in 1..8 {
        let stream = [pair.repeat(pairs), frame(b"", false)].concat();
        let mut runs = Runs::default();
        Decoder::new(u64::MAX).find(&stream, &mut runs).unwrap();
        assert_eq!(runs.ends().len(), Runs::most_in(stream.len()));
    }
}

#[test]
fn small_messages_share_runs_and_a_long_one_has_its_own() {
    let small = frame(&payload(96), false);
    let long = frame(&payload(RUN_MAX), false);
    let fit = RUN_MAX / small.len();
    let stream = [small.repeat(fit + 1), long.clone(), small.clone()].concat();
    let (mut decoder, mut runs) = (Decoder::new(u64::MAX), Runs::default());
    decoder.find(&stream, &mut runs).unwrap();
    let (first, second) = (fit * small.len(), (fit + 1) * small.len());
    assert_eq!(runs.ends(), [first, second, second + long.len(), stream.len()]);
}
