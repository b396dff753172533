//! How this module makes system calls, and how it names files in messages.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::error::Error;
use crate::text::escape;

/// Makes a system call again where a signal interrupted it. The standard library does so when it opens, flushes, and
/// reads or writes whole buffers, and not when it looks at, renames or removes files, or changes their owner. A network
/// or FUSE file system may interrupt these too, and that is no reason to report a history as unwritten
/// (docs/durability.md; `tests/faults.rs` interrupts each call of a publish once).
pub(super) fn uninterrupted<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Options that neither follow a link nor wait for the other end of a pipe: another program may have put either there.
pub(super) fn open_options() -> OpenOptions {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let mut options = OpenOptions::new();
    options.custom_flags(flags.bits().cast_signed());
    options
}

/// Whether opening with [`open_options`] failed because the path leads to a link.
pub(super) fn is_link(cause: &io::Error) -> bool {
    cause.raw_os_error() == Some(Errno::LOOP.raw_os_error())
}

/// The error of the step `step` on the file or folder `path`.
pub(super) fn step_failed(step: &str, path: &Path, cause: &io::Error) -> Error {
    Error::environment(format!("{step} {}: {cause}", escaped_path(path)))
}

/// A path for a message.
pub(super) fn escaped_path(path: &Path) -> String {
    escape::escaped(path.as_os_str().as_encoded_bytes())
}
