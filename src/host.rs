//! What a run takes from the machine and the process around it: `main` passes in the real ones, tests their own.

use std::path::PathBuf;
use std::time::Duration;

use crate::reltime::Zone;

/// The surroundings of one run.
#[derive(Debug, Clone)]
pub struct Host {
    /// The program's path, by which the search command finds its app; empty where the system does not tell it.
    pub executable: PathBuf,
    /// The clock, in epoch seconds.
    pub clock: i64,
    /// 16 random bytes, for keys of hash functions.
    pub seed: [u8; 16],
    /// How long to wait for another run to finish with the history.
    pub lock_wait: Duration,
    /// Returns the machine's time zone. A function, because it opens files, and the answer to getinfo opens none.
    pub zone: fn() -> Zone,
    /// Returns whether the reader of standard output is gone.
    pub hung_up: fn() -> bool,
}
