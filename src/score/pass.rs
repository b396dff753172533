//! One pass over the history: what its rows say of the contexts of some candidates.
//!
//! A context is a bucket, in which requesters are counted, or a requester, whose buckets and networks are.

use super::count::{Count, Counter, Room};
use super::keys::{Hasher, Keys};
use super::rate::Window;
use super::sieve::Sieve;
use super::table::{FlagSet, KeyMap};
use super::{Candidate, Row};
use crate::principal;
use crate::text::timestamp::Timestamp;

/// The earlier of two first times, of which one or both may be missing.
pub(super) fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// What is known of a context that has rows: since when, and how many things are new in it, for each of its kinds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known<const KINDS: usize> {
    pub(super) first: Option<Timestamp>,
    pub(super) counts: [Count; KINDS],
}

/// A context while rows are read.
#[derive(Debug)]
pub(super) struct Context<const KINDS: usize> {
    before: Option<Known<KINDS>>,
    first: Option<Timestamp>,
    has_rows: bool,
    counters: [Counter; KINDS],
}

impl<const KINDS: usize> Context<KINDS> {
    /// Of which nothing is known, or so much, and of which the kinds that are `wanted` are to be counted on.
    pub(super) fn new(before: Option<Known<KINDS>>, wanted: [bool; KINDS]) -> Self {
        let counts = before.map_or([Count::default(); KINDS], |before| before.counts);
        let mut wanted = wanted.into_iter();
        Self {
            before,
            first: before.and_then(|before| before.first),
            has_rows: false,
            counters: counts.map(|count| match wanted.next() {
                Some(true) => Counter::from_end_of(count),
                _ => Counter::idle(count),
            }),
        }
    }

    /// What is known after the pass; `None` where no row was ever seen.
    pub(super) fn known(&self) -> Option<Known<KINDS>> {
        if !self.has_rows && self.before.is_none() {
            return None;
        }
        let mut counts = [Count::default(); KINDS];
        if let Some(before) = self.before {
            counts = before.counts;
        }
        for (count, counter) in counts.iter_mut().zip(&self.counters) {
            *count = counter.count(*count);
        }
        Some(Known {
            first: self.first,
            counts,
        })
    }

    #[inline]
    fn see(&mut self, first: Option<Timestamp>) -> &mut [Counter; KINDS] {
        self.has_rows = true;
        self.first = earlier(self.first, first);
        &mut self.counters
    }
}

/// The contexts of a pass, and which (requester, bucket) and (requester, network) are asked for.
#[derive(Debug)]
pub(super) struct Pass {
    pub(super) buckets: KeyMap<Context<1>>,
    pub(super) requesters: KeyMap<Context<3>>,
    /// What is asked for; the flag is up where a row has it.
    pub(super) asked: FlagSet,
    /// The texts of the buckets and of the requesters.
    bucket_texts: Sieve,
    requester_texts: Sieve,
    /// The earliest time of any row that counts.
    pub(super) history: Option<Timestamp>,
    room: Room,
}

impl Pass {
    /// Without contexts, with room for so many things in them.
    pub(super) fn new(room: usize) -> Self {
        Self {
            buckets: KeyMap::default(),
            requesters: KeyMap::default(),
            asked: FlagSet::default(),
            bucket_texts: Sieve::default(),
            requester_texts: Sieve::default(),
            history: None,
            room: Room::new(room),
        }
    }

    pub(super) fn contexts(&self) -> usize {
        self.buckets.len() + self.requesters.len()
    }

    /// Lets rows of this candidate's bucket and requester in.
    pub(super) fn expect(&mut self, candidate: &Candidate<'_>) {
        self.bucket_texts.add(candidate.bucket);
        self.requester_texts.add(candidate.principal);
    }

    /// Takes in a row with a requester.
    #[inline]
    pub(super) fn observe(&mut self, row: &Row<'_>, hasher: &mut Hasher, window: &Window) {
        let is_trusted = !principal::is_untrusted(row.principal);
        if is_trusted {
            self.history = earlier(self.history, row.first);
        }
        let of_bucket = is_trusted && self.bucket_texts.passes(row.bucket);
        let of_requester = self.requester_texts.passes(row.principal);
        if of_bucket || of_requester {
            let (bucket, requester) = hasher.row(row);
            let old = window.is_old(row.first);
            if of_bucket {
                self.count_in_bucket(row, bucket, requester, old);
            }
            if of_requester {
                self.count_in_requester(row, hasher, bucket, requester, old);
            }
        }
        if self.room.is_over() {
            self.make_room();
        }
    }

    fn count_in_bucket(&mut self, row: &Row<'_>, bucket: u64, requester: u64, old: bool) {
        if let Some(context) = self.buckets.get_mut(bucket) {
            let [requesters] = context.see(row.first);
            requesters.add(requester, old, &mut self.room);
        }
    }

    fn count_in_requester(
        &mut self,
        row: &Row<'_>,
        hasher: &Hasher,
        bucket: u64,
        requester: u64,
        old: bool,
    ) {
        if let Some(context) = self.requesters.get_mut(requester) {
            let (narrow, wide) = hasher.networks(row.address);
            let keys = Keys {
                bucket,
                requester,
                narrow,
                wide,
            };
            count_row(
                context.see(row.first),
                &keys,
                old,
                &mut self.room,
                &mut self.asked,
            );
        }
    }

    /// Halves what one counter may have, until all have room.
    #[cold]
    fn make_room(&mut self) {
        while self.room.is_over() {
            self.room.each /= 2;
            let buckets = self.buckets.values_mut();
            for counter in buckets.flat_map(|context| &mut context.counters) {
                counter.shrink(&mut self.room);
            }
            let requesters = self.requesters.values_mut();
            for counter in requesters.flat_map(|context| &mut context.counters) {
                counter.shrink(&mut self.room);
            }
        }
    }
}

/// Counts a row in its requester's context. What was counted before, was asked for then.
#[inline]
fn count_row(
    [buckets, narrow, wide]: &mut [Counter; 3],
    keys: &Keys,
    old: bool,
    room: &mut Room,
    asked: &mut FlagSet,
) {
    if buckets.add(keys.bucket, old, room) {
        asked.mark(keys.in_bucket());
    }
    if narrow.add(keys.narrow, old, room) {
        asked.mark(keys.in_narrow());
    }
    if wide.add(keys.wide, old, room) {
        asked.mark(keys.in_wide());
    }
}
