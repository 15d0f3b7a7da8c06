use std::error::Error as StdError;
use std::fmt;

/// Why a value could not be encoded. Nothing was sent.
#[derive(Debug)]
pub struct EncodeError(Box<dyn StdError + Send + Sync>);

#[cfg(feature = "serde")]
impl EncodeError {
    pub(crate) fn new(source: impl StdError + Send + Sync + 'static) -> Self {
        Self(Box::new(source))
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the value can't be encoded: {}", self.0)
    }
}

impl StdError for EncodeError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.0)
    }
}

/// Why a message is no value of the type that was expected. The message is here, so that nothing is lost.
pub struct DecodeError {
    message: Vec<u8>,
    source: Box<dyn StdError + Send + Sync>,
}

impl DecodeError {
    #[cfg(feature = "serde")]
    pub(crate) fn new(message: Vec<u8>, source: impl StdError + Send + Sync + 'static) -> Self {
        Self {
            message,
            source: Box::new(source),
        }
    }

    /// The message, as it came.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        &self.message
    }

    /// The message, as it came.
    #[must_use]
    pub fn into_message(self) -> Vec<u8> {
        self.message
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match foreign(&self.message) {
            Some(foreign) => f.write_str(foreign),
            None => write!(f, "the message can't be decoded: {}", self.source),
        }
    }
}

impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecodeError")
            .field("message", &format_args!("{} bytes", self.message.len()))
            .field("source", &self.source)
            .finish()
    }
}

impl StdError for DecodeError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.source)
    }
}

/// Names a message that was clearly not meant as a typed one, and the way out. A pickle of protocol 2 or later begins with the opcode
/// `PROTO` and ends with `STOP`; `MessagePack` gives the first byte to a map of no entries, behind which nothing may follow.
fn foreign(message: &[u8]) -> Option<&'static str> {
    match message {
        [0x80, 2..=5, .., b'.'] => Some(
            "the message is a pickle, which Python's `send` makes, where a MessagePack value was expected; \
             receive it by `recv_bytes` and decode it by a pickle library, or have Python send MessagePack by `send_bytes`",
        ),
        _ if message.starts_with(b"#CHALLENGE#") => Some(
            "the message is a listener's challenge where a value was expected: the listener asks for an authkey; \
             connect with the key that it has",
        ),
        _ => None,
    }
}
