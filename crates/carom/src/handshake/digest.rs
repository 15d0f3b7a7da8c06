use std::fmt;

use hmac::{Hmac, KeyInit, Mac, SimpleHmac};
use md5::Md5;
use sha2::{Sha256, Sha384};
use sha3::{Sha3_256, Sha3_384};

use super::AuthKey;

/// A hash function that an answer can be made with, by HMAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Digest {
    /// MD5, the only one that legacy peers know. Broken as a hash; as HMAC no attack on it is known, but there is no reason
    /// to choose it.
    Md5,
    /// SHA-256, which modern peers ask for.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA3-256.
    Sha3_256,
    /// SHA3-384.
    Sha3_384,
}

impl Digest {
    /// All of them: those that `CPython` 3.12 and later accept.
    pub const ALL: [Self; 5] = [Self::Md5, Self::Sha256, Self::Sha384, Self::Sha3_256, Self::Sha3_384];

    /// The name, as it stands between braces on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha3_256 => "sha3_256",
            Self::Sha3_384 => "sha3_384",
        }
    }

    /// The digest of that name, exactly.
    #[must_use]
    pub fn from_name(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|digest| digest.name().as_bytes() == name)
    }

    /// The length of a MAC in bytes.
    #[must_use]
    pub fn size(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha256 | Self::Sha3_256 => 32,
            Self::Sha384 | Self::Sha3_384 => 48,
        }
    }

    /// The MAC of `message` under `key`.
    pub(super) fn mac(self, key: &AuthKey, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Md5 => mac::<Hmac<Md5>>(key, message),
            Self::Sha256 => mac::<Hmac<Sha256>>(key, message),
            Self::Sha384 => mac::<Hmac<Sha384>>(key, message),
            Self::Sha3_256 => mac::<SimpleHmac<Sha3_256>>(key, message),
            Self::Sha3_384 => mac::<SimpleHmac<Sha3_384>>(key, message),
        }
    }

    /// Whether `claimed` is the MAC of `message` under `key`, in a time that does not depend on how much of it is right.
    pub(super) fn verify(self, key: &AuthKey, message: &[u8], claimed: &[u8]) -> bool {
        match self {
            Self::Md5 => verify::<Hmac<Md5>>(key, message, claimed),
            Self::Sha256 => verify::<Hmac<Sha256>>(key, message, claimed),
            Self::Sha384 => verify::<Hmac<Sha384>>(key, message, claimed),
            Self::Sha3_256 => verify::<SimpleHmac<Sha3_256>>(key, message, claimed),
            Self::Sha3_384 => verify::<SimpleHmac<Sha3_384>>(key, message, claimed),
        }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

fn mac<M: Mac + KeyInit>(key: &AuthKey, message: &[u8]) -> Vec<u8> {
    // HMAC takes keys of any length. Were that to change, no peer would accept an empty answer.
    <M as KeyInit>::new_from_slice(key.as_bytes())
        .map(|mac| mac.chain_update(message).finalize().into_bytes().to_vec())
        .unwrap_or_default()
}

fn verify<M: Mac + KeyInit>(key: &AuthKey, message: &[u8], claimed: &[u8]) -> bool {
    <M as KeyInit>::new_from_slice(key.as_bytes())
        .is_ok_and(|mac| mac.chain_update(message).verify_slice(claimed).is_ok())
}
