//! The form of the `handshake` target's inputs. Shared by the target and the replay of its corpus.

use carom::AuthKey;
use carom::handshake::{Handshake, Options, Status};

/// A peer that sends any bytes.
#[derive(Debug)]
pub(crate) struct Stranger<'a> {
    /// Whether our end listens.
    listens: bool,
    /// Whether the peer first answers our challenge as one that knows the key, so that the second half is reached. A
    /// client is only let down there: its challenge comes last.
    answers: bool,
    /// How many bytes arrive at a time.
    piece: usize,
    sends: &'a [u8],
}

impl<'a> Stranger<'a> {
    /// Reads an input. All bytes mean something: the roles, how the stream is cut, and the stream.
    pub(crate) fn read(bytes: &'a [u8]) -> Self {
        let (head, sends) = bytes.split_at(bytes.len().min(2));
        let roles = head.first().copied().unwrap_or(0);
        Self {
            listens: roles & 1 != 0,
            answers: roles & 3 == 3,
            piece: usize::from(head.get(1).copied().unwrap_or(0)).max(1),
            sends,
        }
    }

    /// Our end neither panics nor lets in a peer that does not know the key; it takes no byte that it did not ask for; and
    /// where the stream is cut changes nothing.
    ///
    /// # Panics
    ///
    /// Panics if one of these does not hold.
    pub(crate) fn check(&self) {
        let whole = self.outcome(self.sends.len().max(1));
        assert_eq!(whole, self.outcome(self.piece), "{self:?}");
        assert!(self.answers || !matches!(whole.0, Status::Done(_)), "let in: {self:?}");
    }

    /// Its outcome, and the numbers of bytes that it then wants and has to send.
    fn outcome(&self, piece: usize) -> (Status, usize, usize) {
        let key = AuthKey::new(b"a key that no fuzzer finds").expect("the key isn't empty");
        let begin = if self.listens {
            Handshake::listener
        } else {
            Handshake::client
        };
        let mut handshake = begin(&key, Options::default()).expect("the system has random numbers");
        if self.answers {
            let mut honest = Handshake::client(&key, Options::default()).expect("the system has random numbers");
            honest.feed(&handshake.take_outgoing()).expect("a challenge");
            handshake.feed(&honest.take_outgoing()).expect("an answer");
        }
        for piece in self.sends.chunks(piece) {
            let wanted = handshake.wants();
            let Ok(taken) = handshake.feed(piece) else { break };
            assert!(taken <= piece.len() && (taken >= wanted.min(piece.len())), "{self:?}");
            assert!(taken == piece.len() || handshake.wants() == 0, "{self:?}");
        }
        (
            handshake.status().clone(),
            handshake.wants(),
            handshake.outgoing().len(),
        )
    }
}
