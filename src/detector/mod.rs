//! The engine: from accesses to verdicts, for the search command and for `scan` alike.
//!
//! Invariants: a row is dropped only when its pair is known not to be new; what the history says under the lock, when
//! it is merged, decides, unless a run shows its result before it publishes; nothing that may be new is lost to a full
//! buffer, a full disk or another program's write.
//!
//! ```text
//! batch of rows -> sightings --------------------------+-> merge with the history -> verdicts -> rows of new pairs
//!               -> held rows <- survey (buffer full) --+
//! ```
//!
//! A survey is a reading pass over the history that settles which of the pairs seen so far are known. Its result is
//! kept where it fits in memory, so that one survey serves for the whole search.

mod batch;
mod counters;
mod details;
mod engine;
mod fingerprints;
mod outcome;
mod spill;
mod survey;

pub(crate) use batch::{AccessBatch, Batch};
pub(crate) use counters::Counters;
pub(crate) use details::{AMBIGUOUS, DETAIL_COLUMNS, Details, HTTP_STATUS};
pub(crate) use engine::Detector;
pub(crate) use outcome::{FinishError, Outcome, SEED_COLUMNS, Verdict, pair_values};
pub(crate) use spill::{HeaderId, Place};
