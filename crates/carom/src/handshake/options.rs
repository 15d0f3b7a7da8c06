use super::Digest;

/// The form of the challenge that we send, and the meaning of bare answers and short challenges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Dialect {
    /// That of `CPython` 3.12 and later, which legacy peers understand.
    #[default]
    Modern,
    /// That of Red Hat's builds of older Pythons. The two can't be told apart on the wire.
    RedHat,
}

/// The messages that a handshake sends and accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Options {
    pub(crate) dialect: Dialect,
    pub(crate) accepted: Vec<Digest>,
    pub(crate) descriptors: bool,
}

impl Options {
    /// The modern dialect, all digests, and no descriptors.
    pub fn new() -> Self {
        Self {
            dialect: Dialect::Modern,
            accepted: Digest::ALL.to_vec(),
            descriptors: false,
        }
    }

    /// The form of our challenge.
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = dialect;
        self
    }

    /// The digests that are accepted in the peer's answer, and that its challenge is answered with. Our own challenge asks
    /// for SHA-256 or, without it, for the first of these.
    pub fn digests(mut self, accepted: impl IntoIterator<Item = Digest>) -> Self {
        self.accepted = accepted.into_iter().collect();
        self
    }

    /// Whether the socket takes descriptors once the peer has proved that it knows the key; before that, none does where the
    /// kernel can refuse them.
    pub fn descriptors(mut self, on: bool) -> Self {
        self.descriptors = on;
        self
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}
