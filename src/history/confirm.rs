//! After a replacement that somebody else was asked to make: the history is read again until it holds this run.
//!
//! ```text
//! read        every sighting is there: done
//! pause       bounded, longer each time, never twice the same: two runs do not meet again at the same moment
//! place       merged with what the history has become, handed over again
//! ```
//!
//! Merging is idempotent, so a run that was overtaken by another writer merges and hands over once more and nothing is
//! lost by it. What a pair was before this run is what the first merge found: later ones meet the run's own rows.

use std::thread;
use std::time::{Duration, Instant};

use super::History;
use super::block::Wanted;
use super::merge::Merged;
use super::publish::{Placed, Publication, PublishError, place};
use super::route::Failure;
use crate::pair::PairHasher;
use crate::sightings::Sightings;

/// The shortest pauses before the file is handed over again; each is lengthened by up to its own length.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(100),
    Duration::from_millis(400),
    Duration::from_millis(1000),
    Duration::from_millis(2000),
];

/// After this time nothing is handed over again: others wait for the lock.
const PATIENCE: Duration = Duration::from_secs(10);

/// Makes sure that the history holds every sighting after a replacement that was `doubtful`; `merged` is what its merge
/// did.
///
/// # Errors
/// The history still does not hold them: why, and that it is not certain what it holds.
pub(super) fn confirm(
    history: &History,
    hasher: &PairHasher,
    sightings: &mut Sightings,
    publication: &Publication<'_>,
    merged: Merged,
    doubtful: Failure,
) -> Result<Merged, PublishError> {
    let before = sightings.pasts();
    let confirmed = insist(history, hasher, sightings, publication, doubtful);
    sightings.set_pasts(before);
    match confirmed {
        Ok(()) => Ok(merged),
        Err(PublishError::Cancelled) => Err(PublishError::Cancelled),
        Err(PublishError::History(error)) => Err(PublishError::Failed(Failure {
            uncertain: true,
            merged: Some(merged),
            ..Failure::on_disk(error.to_string())
        })),
        Err(PublishError::Failed(failure)) => Err(PublishError::Failed(Failure {
            uncertain: true,
            merged: Some(merged),
            ..failure
        })),
    }
}

/// Reads, pauses, hands over again, until the history holds every sighting.
fn insist(
    history: &History,
    hasher: &PairHasher,
    sightings: &mut Sightings,
    publication: &Publication<'_>,
    mut doubtful: Failure,
) -> Result<(), PublishError> {
    let started = Instant::now();
    for shortest in PAUSES {
        if holds(history, hasher, sightings)? {
            return Ok(());
        }
        if started.elapsed() > PATIENCE {
            break;
        }
        thread::sleep(jittered(shortest));
        match place(history, hasher, sightings, publication)? {
            Placed::Durably(_) => return Ok(()),
            Placed::Perhaps(_, failure) => doubtful = failure,
        }
    }
    match holds(history, hasher, sightings)? {
        true => Ok(()),
        false => Err(PublishError::Failed(doubtful)),
    }
}

/// Whether the history holds every sighting: a merge would change nothing.
fn holds(
    history: &History,
    hasher: &PairHasher,
    sightings: &Sightings,
) -> Result<bool, PublishError> {
    let mut met = vec![false; sightings.len()];
    let mut current = true;
    let sieve = sightings.sieve();
    history.read(Wanted::of(&sieve, hasher), &mut |run| {
        let Some(run) = run else {
            met.fill(false);
            current = true;
            return;
        };
        for row in run.rows {
            let id = row.key.and_then(|key| sightings.find(key));
            let met = id.and_then(|id| met.get_mut(id.index()));
            let pair = id.and_then(|id| sightings.get(id));
            if let (Some(met), Some(pair)) = (met, pair) {
                *met = true;
                current &= pair.change(row.first, row.last).is_none();
            }
        }
    })?;
    Ok(current && met.into_iter().all(|met| met))
}

/// A pause from once to twice this long.
fn jittered(shortest: Duration) -> Duration {
    // Without randomness the pause is only less useful.
    let random = getrandom::u32().unwrap_or_default();
    shortest + shortest.mul_f64(f64::from(random) / f64::from(u32::MAX))
}
