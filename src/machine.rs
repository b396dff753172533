//! What the program takes from the machine it runs on.

use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::tz::TimeZone;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pipe::fcntl_setpipe_size;
use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use s3newip::error::Error;
use s3newip::history::LOCK_WAIT;
use s3newip::host::Host;
use s3newip::reltime::Zone;
use signal_hook::consts::SIGXFSZ;

/// The machine as a run sees it.
///
/// # Errors
/// The system has no random bytes.
pub(crate) fn host() -> Result<Host, Error> {
    Ok(Host {
        executable: std::env::current_exe().unwrap_or_default(),
        clock: clock(),
        seed: seed()?,
        lock_wait: LOCK_WAIT,
        zone,
        hung_up: reader_is_gone,
    })
}

/// Epoch seconds; 0 where the clock stands before 1970.
fn clock() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs().cast_signed())
}

/// Makes a write beyond the process's file size limit fail, as on a full disk: unhandled, its signal kills the process.
///
/// # Errors
/// The system refuses.
pub(crate) fn outlive_file_size_limits() -> Result<(), Error> {
    let handled = signal_hook::flag::register(SIGXFSZ, Arc::default());
    let failed =
        |cause| Error::environment(format!("the signal SIGXFSZ cannot be handled: {cause}"));
    handled.map(|_| ()).map_err(failed)
}

/// Keeps the session key that splunkd hands over out of core files, where the system has a switch for that.
pub(crate) fn leave_no_core() {
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

/// What a pipe is to hold, in bytes. The system's 64 KiB make reader and writer wait for each other three times as long
/// as it takes to copy the bytes; beyond this nothing is gained.
const PIPE_BYTES: usize = 256 << 10;

/// Makes standard input hold more where it is a pipe and the system permits.
pub(crate) fn widen_standard_input() {
    let _ = fcntl_setpipe_size(io::stdin(), PIPE_BYTES);
}

/// 16 random bytes, which an attacker who writes to the logs cannot guess.
fn seed() -> Result<[u8; 16], Error> {
    let mut seed = [0; 16];
    getrandom::fill(&mut seed)
        .map_err(|cause| Error::environment(format!("the system has no random bytes: {cause}")))?;
    Ok(seed)
}

/// The time zone that `TZ` names, else the system's setting; UTC where it is not known.
fn zone() -> Zone {
    let zone = match std::env::var_os("TZ") {
        Some(_) => None,
        None => local_time(),
    };
    zone.unwrap_or_else(TimeZone::system).into()
}

/// The system's setting, from its own file: looking for the zone's name in the database would read the whole folder.
fn local_time() -> Option<TimeZone> {
    let rules = std::fs::read("/etc/localtime").ok()?;
    TimeZone::tzif("/etc/localtime", &rules).ok()
}

/// Whether the other end of standard output has been closed.
fn reader_is_gone() -> bool {
    hangs_up_within(io::stdout(), Duration::ZERO)
}

/// Whether the reader of a pipe is gone, or goes before `wait` is over: no longer than that is waited for it.
pub(crate) fn hangs_up_within(pipe: impl AsFd, wait: Duration) -> bool {
    let mut descriptors = [PollFd::new(&pipe, PollFlags::empty())];
    let wait = Timespec {
        tv_sec: wait.as_secs().cast_signed(),
        tv_nsec: wait.subsec_nanos().into(),
    };
    let found = poll(&mut descriptors, Some(&wait));
    let [descriptor] = descriptors;
    found.is_ok() && descriptor.revents().intersects(PollFlags::ERR)
}

#[cfg(test)]
mod tests {
    use super::*;
    use s3newip::reltime::RelativeTime;

    #[test]
    #[allow(clippy::unwrap_used, reason = "a failure here is a failed test")]
    fn the_system_zone_always_has_an_offset() {
        let midnight = RelativeTime::parse("@d").unwrap();
        assert!(midnight.resolve(1_644_413_825, &zone()).is_ok());
    }
}
