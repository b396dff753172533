//! The standard output of a scan, whose flush returns when the result is where it is to be: the history then learns it.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::fs::{FileType, OFlags, fcntl_getfl, fstat, stat};
use rustix::io::ioctl_fionread;
use s3newip::error::Error;

use crate::machine::hangs_up_within;

/// How long to sleep until a pipe is looked at again.
const PAUSE: Duration = Duration::from_millis(10);

/// How long a reader that has taken everything is given to hang up: `head` takes more than it shows.
const AFTERWARDS: Duration = Duration::from_millis(100);

/// Standard output without a buffer.
#[derive(Debug)]
pub(crate) struct StandardOutput {
    file: File,
    kind: FileType,
    /// Whether something was written that has not been flushed.
    written: bool,
}

impl StandardOutput {
    /// # Errors
    /// The system refuses.
    pub(crate) fn open() -> Result<Self, Error> {
        let file = io::stdout().as_fd().try_clone_to_owned();
        let file = File::from(file.map_err(Error::environment)?);
        let status = fstat(&file).map_err(Error::environment)?;
        Ok(Self {
            file,
            kind: FileType::from_raw_mode(status.st_mode),
            written: false,
        })
    }

    /// Whether the process was started without it, as by `>&-`. The runtime then opens /dev/null in its place, for reading
    /// and writing, before any code of this program runs; a shell's `> /dev/null` is for writing alone.
    pub(crate) fn is_closed(&self) -> bool {
        let device = |of: rustix::fs::Stat| (of.st_mode, of.st_rdev);
        let (Ok(ours), Ok(null)) = (fstat(&self.file), stat("/dev/null")) else {
            return false;
        };
        let both =
            fcntl_getfl(&self.file).is_ok_and(|flags| flags & OFlags::RWMODE == OFlags::RDWR);
        self.kind == FileType::CharacterDevice && device(ours) == device(null) && both
    }

    /// Waits until the reader of a pipe has taken everything: what lies in a pipe is lost when its reader hangs up.
    fn wait_for_reader(&self) -> io::Result<()> {
        let mut wait = Duration::ZERO;
        while !hangs_up_within(&self.file, wait) {
            if wait == AFTERWARDS {
                return Ok(());
            }
            let left = ioctl_fionread(&self.file).unwrap_or_default();
            wait = if left > 0 { PAUSE } else { AFTERWARDS };
        }
        Err(io::ErrorKind::BrokenPipe.into())
    }
}

impl Write for StandardOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.written = true;
        self.file.write(bytes)
    }

    /// A file is on the disk then, and a pipe's reader has taken everything and not hung up.
    fn flush(&mut self) -> io::Result<()> {
        if !std::mem::take(&mut self.written) {
            return Ok(());
        }
        match self.kind {
            FileType::Fifo => self.wait_for_reader(),
            FileType::RegularFile => self.file.sync_data(),
            _ => Ok(()),
        }
    }
}
