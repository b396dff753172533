//! What the program takes from the machine it runs on.

use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use s3newip::error::Error;

/// The clock, in epoch seconds.
pub(crate) fn clock() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs().cast_signed())
}

/// 16 bytes that nobody outside can guess.
///
/// # Errors
/// The system has none.
pub(crate) fn seed() -> Result<[u8; 16], Error> {
    let mut seed = [0; 16];
    getrandom::fill(&mut seed).map_err(Error::environment)?;
    Ok(seed)
}

/// Whether the other end of standard output has been closed.
pub(crate) fn reader_is_gone() -> bool {
    let stdout = io::stdout();
    let mut descriptors = [PollFd::new(&stdout, PollFlags::empty())];
    let at_once = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let found = poll(&mut descriptors, Some(&at_once));
    let [descriptor] = descriptors;
    found.is_ok() && descriptor.revents().intersects(PollFlags::ERR)
}
