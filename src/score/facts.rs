//! What the passes found out, and what it says about a candidate.

use super::count::Count;
use super::keys::Keys;
use super::pass::{Known, Pass, earlier};
use super::rate::{Rate, Window, is_settled};
use super::table::{FlagSet, KeyMap};
use super::{Where, Who};
use crate::text::timestamp::Timestamp;

/// The counts that need another pass, because what they are an estimate of could make a score too wrong.
#[derive(Debug, Default)]
pub(super) struct Open {
    pub(super) buckets: KeyMap<[bool; 1]>,
    pub(super) requesters: KeyMap<[bool; 3]>,
}

impl Open {
    pub(super) fn is_empty(&self) -> bool {
        self.buckets.is_empty() && self.requesters.is_empty()
    }
}

/// What is known of contexts that have rows; nothing is kept of others.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) buckets: KeyMap<Known<1>>,
    pub(super) requesters: KeyMap<Known<3>>,
    /// Those of the things asked for that a row has.
    seen: FlagSet,
    history: Option<Timestamp>,
}

impl Facts {
    /// Adds what a pass found.
    pub(super) fn absorb(&mut self, pass: &Pass) {
        self.history = earlier(self.history, pass.history);
        for (key, context) in pass.buckets.iter() {
            if let Some(known) = context.known() {
                *self.buckets.get_or_insert_with(key, || known) = known;
            }
        }
        for (key, context) in pass.requesters.iter() {
            if let Some(known) = context.known() {
                *self.requesters.get_or_insert_with(key, || known) = known;
            }
        }
        for (key, _) in pass.asked.iter().filter(|(_, seen)| *seen) {
            self.seen.add(key, true);
        }
    }

    /// Whether nothing has to be asked of the history about this any more.
    pub(super) fn has_seen(&self, key: u64) -> bool {
        self.seen.contains(key)
    }

    /// How new the requester is to the bucket.
    pub(super) fn who(&self, keys: &Keys, window: &Window) -> Who {
        if self.has_seen(keys.in_bucket()) {
            return Who::Known;
        }
        match (self.arrivals(keys, window), self.entries(keys, window)) {
            (Some(arrivals), Some(entries)) if entries.bits() < arrivals.bits() => {
                Who::Enters(entries)
            }
            (Some(arrivals), _) => Who::Arrives(arrivals),
            (None, Some(entries)) => Who::Opens(entries),
            (None, None) if window.is_familiar(self.history) => Who::First(Rate {
                count: Count::NONE,
                days: window.age(self.history),
            }),
            (None, None) => Who::TooEarly,
        }
    }

    /// How new the address is to the requester.
    pub(super) fn origin(&self, keys: &Keys, window: &Window) -> Where {
        let Some(known) = self.requesters.get(keys.requester) else {
            return Where::Stranger;
        };
        let [_, narrow, wide] = known.counts;
        let days = window.age(known.first);
        if self.has_seen(keys.in_narrow()) {
            Where::Known
        } else if self.has_seen(keys.in_wide()) {
            Where::Narrow(Rate {
                count: narrow,
                days,
            })
        } else {
            Where::Wide(Rate { count: wide, days })
        }
    }

    /// How often requesters are new to the bucket, where it has rows.
    fn arrivals(&self, keys: &Keys, window: &Window) -> Option<Rate> {
        let known = self.buckets.get(keys.bucket)?;
        let [count] = known.counts;
        let days = window.age(known.first);
        Some(Rate { count, days })
    }

    /// How often the requester enters another bucket, where it is known for long enough.
    fn entries(&self, keys: &Keys, window: &Window) -> Option<Rate> {
        let known = self.requesters.get(keys.requester)?;
        let [count, _, _] = known.counts;
        let days = window.age(known.first);
        window
            .is_familiar(known.first)
            .then_some(Rate { count, days })
    }

    /// Adds to `open` the counts that have to be more exact for this candidate.
    pub(super) fn add_unsettled(&self, keys: &Keys, window: &Window, open: &mut Open) {
        let [buckets, narrow, wide] = [0, 1, 2];
        if !self.has_seen(keys.in_bucket()) {
            let (arrivals, entries) = (self.arrivals(keys, window), self.entries(keys, window));
            if !is_smaller_settled(arrivals, entries) {
                if arrivals.is_some_and(|rate| !rate.is_settled()) {
                    open.buckets.get_or_insert_with(keys.bucket, || [true]);
                }
                if entries.is_some_and(|rate| !rate.is_settled()) {
                    open.want(keys.requester, buckets);
                }
            }
        }
        match self.origin(keys, window) {
            Where::Narrow(rate) if !rate.is_settled() => open.want(keys.requester, narrow),
            Where::Wide(rate) if !rate.is_settled() => open.want(keys.requester, wide),
            _ => {}
        }
    }
}

impl Open {
    fn want(&mut self, requester: u64, kind: usize) {
        let kinds = self.requesters.get_or_insert_with(requester, || [false; 3]);
        if let Some(wanted) = kinds.get_mut(kind) {
            *wanted = true;
        }
    }
}

/// Whether the smaller bits of two rates, of which either may be missing, are exact enough.
fn is_smaller_settled(one: Option<Rate>, other: Option<Rate>) -> bool {
    let (mut fewest, mut most, mut value) = (f64::INFINITY, f64::INFINITY, f64::INFINITY);
    for rate in [one, other].into_iter().flatten() {
        let range = rate.range();
        fewest = fewest.min(range.0);
        most = most.min(range.1);
        value = value.min(rate.bits());
    }
    value.is_infinite() || is_settled((fewest, most), value)
}
