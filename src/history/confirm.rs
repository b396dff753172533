//! After a replacement that somebody else was asked to make: the history is read again until it holds this run.
//!
//! ```text
//! read        every sighting is there: done
//! pause       bounded, longer each time, never twice the same: two runs do not meet again at the same moment; the file
//!             that was handed over stays where it is, for whoever takes it late
//! place       merged with what the history has become, handed over again
//! ```
//!
//! Merging is idempotent, so a run that was overtaken by another writer merges and hands over once more and nothing is
//! lost by it. What a pair was before this run is what the first merge found: later ones meet the run's own rows.

use std::thread;
use std::time::{Duration, Instant};

use super::History;
use super::block::KeyFilter;
use super::merge::Merged;
use super::publish::{Placed, Publication, PublishError, place};
use super::route::{Asked, Failure};
use super::table::UNWRITTEN;
use crate::error::Error;
use crate::pair::PairHasher;
use crate::pairs::Sightings;

/// The shortest pauses before the file is handed over again; each is lengthened by up to its own length.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(100),
    Duration::from_millis(400),
    Duration::from_millis(1000),
    Duration::from_millis(2000),
];

/// After this time nothing is handed over again: others wait for the lock.
const PATIENCE: Duration = Duration::from_secs(10);

/// Makes sure that the history holds every sighting after a replacement that was `asked` for; `merged` is what its merge
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
    asked: Box<Asked>,
) -> Result<Merged, PublishError> {
    let before = sightings.all_recorded();
    let confirmed = insist(history, hasher, sightings, publication, asked);
    sightings.restore_recorded(before);
    match confirmed {
        Ok(()) => Ok(merged),
        Err(PublishError::Cancelled) => Err(PublishError::Cancelled),
        Err(PublishError::History(error)) => Err(uncertain(no_history(&error), merged)),
        Err(PublishError::Failed(failure)) => Err(uncertain(failure, merged)),
    }
}

fn uncertain(failure: Failure, merged: Merged) -> PublishError {
    PublishError::Failed(Failure {
        uncertain: true,
        merged: Some(merged),
        ..failure
    })
}

/// What stands in the lookup's place cannot be read, or is no history: its remedy is that of the error, without the
/// error's word that nothing was written.
fn no_history(error: &Error) -> Failure {
    let text = error.to_string();
    match text.rsplit_once(UNWRITTEN) {
        Some((what, remedy)) => Failure::new(what.to_owned(), remedy.to_owned()),
        None => Failure::on_disk(text),
    }
}

/// Reads, pauses, hands over again, until the history holds every sighting.
fn insist(
    history: &History,
    hasher: &PairHasher,
    sightings: &mut Sightings,
    publication: &Publication<'_>,
    mut asked: Box<Asked>,
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
            // The file before may go now: what comes in its place has all that it had.
            Placed::Perhaps(_, again) => asked = again,
        }
    }
    match holds(history, hasher, sightings)? {
        true => Ok(()),
        false => Err(PublishError::Failed(asked.failure)),
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
    let bloom = sightings.bloom_filter();
    history.read(KeyFilter::of(&bloom, hasher), &mut |run| {
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
