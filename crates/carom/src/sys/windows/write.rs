//! Writes that nobody waits for. The system takes back what a thread has begun and has not ended when the thread does, and of a
//! message that was being read nobody could say then how much has left. So such a write is begun by a thread that stays.

use std::io;
use std::ptr;
use std::sync::mpsc::{Sender, SyncSender, channel, sync_channel};
use std::sync::{Mutex, PoisonError};

use windows_sys::Wdk::Storage::FileSystem::{
    FILE_PIPE_LOCAL_INFORMATION, FilePipeLocalInformation, NtQueryInformationFile,
};
use windows_sys::Win32::Foundation::HANDLE;
use windows_sys::Win32::Storage::FileSystem::WriteFile;
use windows_sys::Win32::System::IO::{IO_STATUS_BLOCK, OVERLAPPED};

/// How many bytes the pipe takes now, without a reader; 0 where that is not told. A write of no more than that ends before its
/// call does, unless somebody else writes to the same end.
pub(super) fn room(handle: HANDLE) -> u32 {
    let (mut status, mut information) = (IO_STATUS_BLOCK::default(), FILE_PIPE_LOCAL_INFORMATION::default());
    // SAFETY: the handle is open, and what is written fits.
    let failed = unsafe {
        NtQueryInformationFile(
            handle,
            &raw mut status,
            (&raw mut information).cast(),
            size_of::<FILE_PIPE_LOCAL_INFORMATION>() as u32,
            FilePipeLocalInformation,
        )
    };
    if failed == 0 {
        information.WriteQuotaAvailable
    } else {
        0
    }
}

/// A write that is to be begun.
pub(super) struct Write {
    pub(super) handle: HANDLE,
    pub(super) memory: *const u8,
    pub(super) length: u32,
    pub(super) overlapped: *mut OVERLAPPED,
}

// SAFETY: the pointers are only passed on to the system, by one thread.
unsafe impl Send for Write {}

/// A write, and whom to tell how its beginning went.
type Order = (Write, SyncSender<io::Result<()>>);

/// To the thread that stays, once there is one.
static STARTER: Mutex<Option<Sender<Order>>> = Mutex::new(None);

impl Write {
    /// Begins the write on this thread.
    ///
    /// # Safety
    ///
    /// The handle is open, and the memory stays until the write has ended.
    pub(super) unsafe fn begin(self) -> io::Result<()> {
        // SAFETY: the caller's word.
        let begun = unsafe { WriteFile(self.handle, self.memory, self.length, ptr::null_mut(), self.overlapped) };
        if begun == 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(())
    }

    /// Begins the write on a thread that stays.
    ///
    /// # Safety
    ///
    /// The same as for [`begin`](Self::begin).
    pub(super) unsafe fn begin_for_good(self) -> io::Result<()> {
        let (done, begun) = sync_channel(1);
        let mut starter = STARTER.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = match &mut *starter {
            Some(sender) => sender,
            none => none.insert(start()?),
        };
        // A thread that is gone drops what would be said of the write, which is an error below.
        let _ = sender.send((self, done));
        drop(starter);
        begun.recv().map_err(io::Error::other)?
    }
}

fn start() -> io::Result<Sender<Order>> {
    let (sender, orders) = channel::<Order>();
    std::thread::Builder::new()
        .name("carom-write".to_owned())
        .spawn(move || {
            for (write, done) in orders {
                // SAFETY: the thread that has sent it waits, with the handle and the memory.
                let _ = done.send(unsafe { write.begin() });
            }
        })?;
    Ok(sender)
}
