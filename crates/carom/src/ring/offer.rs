//! The frame that offers shared memory: a length that no message has, then eight bytes. The memory's descriptor comes beside the
//! first byte.

use super::{OFFER_LENGTH, RingFault};

/// The bytes of an offer.
pub(crate) const OFFER: usize = 12;

const MAGIC: [u8; 5] = *b"carom";
const VERSION: u8 = 1;

/// The ring of the two that an end produces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The end that made the memory and offered it, or the first of a pair.
    First,
    /// Its peer.
    Second,
}

impl Side {
    pub(crate) fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }

    pub(crate) fn index(self) -> usize {
        usize::from(self == Self::Second)
    }
}

/// The offer to an end that is to be on this side.
pub(crate) fn encode(side: Side) -> [u8; OFFER] {
    let mut offer = [0; OFFER];
    offer[..4].copy_from_slice(&OFFER_LENGTH.to_be_bytes());
    offer[4..9].copy_from_slice(&MAGIC);
    offer[9] = VERSION;
    offer[10] = side.index() as u8;
    offer
}

/// Checks the first bytes of a peer, as many as have come, which should be an offer's.
pub(crate) fn check(begun: &[u8]) -> Result<(), RingFault> {
    let length = begun.len().min(4);
    if begun[..length] != OFFER_LENGTH.to_be_bytes()[..length] {
        return Err(RingFault::NoOffer);
    }
    Ok(())
}

/// The side that a whole offer assigns to the end that gets it.
pub(crate) fn decode(offer: &[u8; OFFER]) -> Result<Side, RingFault> {
    check(offer)?;
    for side in [Side::First, Side::Second] {
        if *offer == encode(side) {
            return Ok(side);
        }
    }
    Err(RingFault::OfferForm)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_says_which_side_its_receiver_is_on() {
        for side in [Side::First, Side::Second] {
            assert_eq!(decode(&encode(side)), Ok(side));
        }
    }

    #[test]
    fn another_version_is_no_message() {
        let mut offer = encode(Side::First);
        offer[9] += 1;
        assert_eq!(decode(&offer), Err(RingFault::OfferForm));
    }

    #[test]
    fn a_message_is_no_offer() {
        assert_eq!(check(&[0, 0]), Err(RingFault::NoOffer));
        assert_eq!(check(&[0xff, 0xff, 0xff]), Ok(()));
        assert_eq!(check(&[0xff, 0xff, 0xff, 0xff]), Err(RingFault::NoOffer));
    }
}
