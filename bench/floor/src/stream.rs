//! One end, as a measurement needs it: a stream of bytes each way.

use std::io;

pub(crate) trait Stream {
    /// Sends all of `bytes`, waiting while there is no room.
    fn send(&self, bytes: &[u8]) -> io::Result<()>;

    /// Receives the bytes that are there, at least one; 0 at the end of the stream.
    fn receive(&self, into: &mut [u8]) -> io::Result<usize>;

    /// Ends the stream, for the peer too.
    fn close(self);

    /// Fills `into`; `false` at the end of the stream.
    fn receive_exact(&self, into: &mut [u8]) -> io::Result<bool> {
        let mut have = 0;
        while have < into.len() {
            match self.receive(&mut into[have..])? {
                0 if have == 0 => return Ok(false),
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => have += count,
            }
        }
        Ok(true)
    }
}
