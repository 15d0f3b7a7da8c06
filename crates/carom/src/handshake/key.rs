use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

/// The secret that both ends know. It is never shown, and wiped from memory when the last copy of it is dropped; copies
/// share that memory.
///
/// ```
/// use carom::AuthKey;
///
/// let key = AuthKey::new(b"secret")?;
/// assert_eq!(format!("{key:?}"), "AuthKey(…)");
/// assert!(AuthKey::new(b"").is_err());
/// # Ok::<(), carom::handshake::EmptyKey>(())
/// ```
#[derive(Clone)]
pub struct AuthKey(Arc<Zeroizing<Vec<u8>>>);

/// An authkey of no bytes, which proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the authkey is empty, which proves nothing; give it at least one byte, or better 32 random ones")]
pub struct EmptyKey;

impl AuthKey {
    /// A key of these bytes. A `Vec` is taken over as it is; of anything else a copy is made, and the argument stays the
    /// caller's to wipe.
    ///
    /// # Errors
    ///
    /// [`EmptyKey`].
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self, EmptyKey> {
        let bytes = Zeroizing::new(bytes.into());
        if bytes.is_empty() {
            Err(EmptyKey)
        } else {
            Ok(Self(Arc::new(bytes)))
        }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for AuthKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthKey(…)")
    }
}
