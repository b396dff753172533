//! How unusual an access is for its requester, in bits: the score of what is new, out of the rows of the history.
//!
//! For each access that no search has seen, it is asked whether its requester is new to the bucket (who), and whether its
//! network is new to the requester in all buckets (where). Each of these, where it is so, is as surprising as it is rare:
//! see [`bits`]. The score is their sum.
//!
//! ```text
//! who     0                             the requester has a row in this bucket; otherwise:
//!         the smaller of                where the bucket has rows:
//!           bits(requesters new to the bucket, age of the bucket)
//!           bits(buckets new for the requester, its age)        where it is known for 7 days
//!         bits(buckets new for the requester, its age)          where the bucket has none, and it is known for 7 days
//!         bits(0, age of the history)                           where the bucket has none and it is not known for so long
//!         0                                                     likewise, in a history younger than 7 days
//! where   0                             the requester has no row, or one from this /24 (/64)
//!         bits(/24s (/64s) new for the requester, its age)      it has one from this /16 (/32)
//!         bits(/16s (/32s) new for the requester, its age)      it has none from there
//! ```
//!
//! "New" is what has its earliest row within the window before this search. An age is the time since the earliest row,
//! held between one day and the window.
//!
//! Invariants:
//! - The order of rows does not matter, nor how often one is there.
//! - A row without a requester counts nowhere. A row of a requester that needs no right (`!`, [`crate::principal`]) counts
//!   for that requester alone: in no bucket's rows, and not for the age of the history.
//! - A row without a first time counts as one from before the window, and gives no age. A context without an age is as old
//!   as the youngest, a day, and known for less than 7 days.
//! - Memory is bounded by [`Limits`] and by what is kept of the candidates' contexts that have rows; not by the history.
//!   Candidates beyond a limit are looked at in further passes, and so are counts that one pass could only estimate where
//!   that could change a score by more than 0.3 bits.
//! - A first run, however many candidates it has, ends after one pass in which no row was seen, and does nothing in it.
//!
//! ```text
//! loop { scorer.begin_pass(); for each row of the history { scorer.observe(row) }; if !scorer.end_pass() { break } }
//! for each candidate { scorer.score(candidate) }
//! ```

mod count;
mod facts;
mod keys;
mod pass;
mod rate;
mod reason;
mod sieve;
mod table;

use std::time::Duration;

use crate::network::Networks;
use crate::text::timestamp::Timestamp;
use facts::{Facts, Open};
use keys::{Hasher, Keys};
use pass::{Context, Pass};
use rate::Window;

pub use rate::{Rate, bits};

/// An access to be scored: a pair and a requester that are in no row of the history together.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// The bucket.
    pub bucket: &'a [u8],
    /// The address, or what stands for one.
    pub address: &'a [u8],
    /// The principal as [`crate::principal`] makes it; empty where it is unknown.
    pub principal: &'a [u8],
}

/// A row of the history.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// The bucket.
    pub bucket: &'a [u8],
    /// The address, or what stands for one.
    pub address: &'a [u8],
    /// The principal; empty where the row has none.
    pub principal: &'a [u8],
    /// When it was first seen, where that is known.
    pub first: Option<Timestamp>,
}

/// What a pass may keep in memory.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Buckets and requesters whose rows are counted.
    pub contexts: usize,
    /// Candidates that are looked for in the rows, three things for each.
    pub candidates: usize,
    /// Things that are counted in all contexts together: requesters, buckets, networks.
    pub things: usize,
}

impl Default for Limits {
    /// About 8 MB, when all of it is used.
    fn default() -> Self {
        Self {
            contexts: 4_096,
            candidates: 65_536,
            // As many as fit into a hash table of 2^18 places.
            things: (1 << 18) / 8 * 7,
        }
    }
}

/// How new the requester is to the bucket.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Who {
    /// It has a row there.
    Known,
    /// It is new to a bucket to which requesters come at this rate.
    Arrives(Rate),
    /// It is new to a bucket that has rows, and enters buckets at this rate, which says less than the bucket's.
    Enters(Rate),
    /// No row of the bucket counts, and the requester enters buckets at this rate.
    Opens(Rate),
    /// No row of the bucket counts, the requester is not known for long, and the history is so old.
    First(Rate),
    /// The same, in a history that is younger than a week.
    TooEarly,
}

/// How new the address is to the requester.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Where {
    /// The requester has no row at all, so every address is new to it.
    Stranger,
    /// It has a row from the narrow network.
    Known,
    /// Its rows are from other narrow networks of the same wide one; such are new for it at this rate.
    Narrow(Rate),
    /// None of its rows is from the wide network; such are new for it at this rate.
    Wide(Rate),
}

/// How unusual an access is, and why.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// How new the requester is to the bucket.
    pub who: Who,
    /// How new the address is to the requester.
    pub origin: Where,
}

impl Score {
    /// The surprise, in bits: that of both parts together.
    pub fn total(&self) -> f64 {
        self.who.bits() + self.origin.bits()
    }

    /// Appends the network that is new for the requester: the narrow one where only that is, else the wide one; the
    /// candidate's address where neither is.
    pub fn write_network(&self, candidate: &Candidate<'_>, out: &mut Vec<u8>) {
        let networks = Networks::of(candidate.address);
        match self.origin {
            Where::Known => out.extend_from_slice(candidate.address),
            Where::Narrow(_) => networks.narrow.write(out),
            Where::Wide(_) | Where::Stranger => networks.wide.write(out),
        }
    }

    /// The reason as a sentence for people; what comes from the log is made safe to show.
    pub fn reason(&self, candidate: &Candidate<'_>) -> String {
        reason::sentence(self, candidate)
    }
}

impl Who {
    /// The surprise, in bits.
    pub fn bits(&self) -> f64 {
        match self {
            Self::Known | Self::TooEarly => 0.0,
            Self::Arrives(rate) | Self::Enters(rate) | Self::Opens(rate) | Self::First(rate) => {
                rate.bits()
            }
        }
    }
}

impl Where {
    /// The surprise, in bits.
    pub fn bits(&self) -> f64 {
        match self {
            Self::Stranger | Self::Known => 0.0,
            Self::Narrow(rate) | Self::Wide(rate) => rate.bits(),
        }
    }
}

/// Scores candidates by the rows of the history, in one pass over them or more.
#[derive(Debug)]
pub struct Scorer<I> {
    candidates: I,
    window: Window,
    limits: Limits,
    hasher: Hasher,
    facts: Facts,
    open: Open,
    /// The candidates of this pass: so many, after those that are done.
    group: usize,
    done: usize,
    is_last_group: bool,
    /// `None` until a row is seen that counts.
    pass: Option<Pass>,
}

impl<'a, I: Iterator<Item = Candidate<'a>> + Clone> Scorer<I> {
    /// For these candidates, which have to be the same in every clone of the iterator. `now` is the time of the search,
    /// `habit` the window of rates, `seed` 16 random bytes.
    pub fn new(
        candidates: I,
        now: Timestamp,
        habit: Duration,
        limits: Limits,
        seed: &[u8; 16],
    ) -> Self {
        Self {
            candidates,
            window: Window::new(now, habit),
            limits,
            hasher: Hasher::new(seed),
            facts: Facts::default(),
            open: Open::default(),
            group: 0,
            done: 0,
            is_last_group: false,
            pass: None,
        }
    }

    /// Forgets everything that was observed: the history is another one now.
    pub fn restart(&mut self) {
        self.facts = Facts::default();
        self.open = Open::default();
        (self.group, self.done, self.is_last_group) = (0, 0, false);
        self.pass = None;
    }

    /// Begins a pass, or begins the same one anew where it has not ended.
    pub fn begin_pass(&mut self) {
        self.pass = None;
    }

    /// Takes in a row of the history.
    #[inline]
    pub fn observe(&mut self, row: &Row<'_>) {
        if row.principal.is_empty() {
            return;
        }
        if self.pass.is_none() {
            self.pass = Some(self.prepared());
        }
        if let Some(pass) = &mut self.pass {
            pass.observe(row, &mut self.hasher, &self.window);
        }
    }

    /// Ends a pass in which every row was observed. Whether another one is needed.
    pub fn end_pass(&mut self) -> bool {
        let Some(pass) = self.pass.take() else {
            // No row counts, for no candidate.
            return false;
        };
        self.facts.absorb(&pass);
        self.open = self.unsettled();
        if self.open.is_empty() {
            self.done += self.group;
            self.group = 0;
        }
        !self.open.is_empty() || !self.is_last_group
    }

    /// The score of one of the candidates, after the last pass.
    pub fn score(&self, candidate: &Candidate<'_>) -> Score {
        let keys = self.hasher.candidate(candidate);
        Score {
            who: self.facts.who(&keys, &self.window),
            origin: self.facts.origin(&keys, &self.window),
        }
    }

    /// What the next pass has to look at.
    #[cold]
    fn prepared(&mut self) -> Pass {
        let mut pass = Pass::new(self.limits.things);
        if self.open.is_empty() {
            self.add_group(&mut pass);
        } else {
            self.add_open(&mut pass);
        }
        pass
    }

    /// Adds the candidates after those that are done, until a limit is reached.
    fn add_group(&mut self, pass: &mut Pass) {
        self.group = 0;
        self.is_last_group = true;
        for candidate in self.candidates.clone().skip(self.done) {
            if pass.contexts() >= self.limits.contexts.max(1)
                || self.group >= self.limits.candidates.max(1)
            {
                self.is_last_group = false;
                return;
            }
            self.group += 1;
            pass.expect(&candidate);
            let keys = self.hasher.candidate(&candidate);
            self.add_candidate(&keys, pass);
        }
    }

    fn add_candidate(&self, keys: &Keys, pass: &mut Pass) {
        if self.facts.buckets.get(keys.bucket).is_none() {
            let new = || Context::new(None, [true]);
            pass.buckets.get_or_insert_with(keys.bucket, new);
        }
        let known = self.facts.requesters.get(keys.requester);
        let new = || Context::new(known.copied(), [known.is_none(); 3]);
        pass.requesters.get_or_insert_with(keys.requester, new);
        for key in [keys.in_bucket(), keys.in_narrow(), keys.in_wide()] {
            if !self.facts.has_seen(key) {
                pass.asked.add(key, false);
            }
        }
    }

    /// Adds the contexts whose counts are not exact enough.
    fn add_open(&self, pass: &mut Pass) {
        for candidate in self.group() {
            pass.expect(&candidate);
        }
        for (key, wanted) in self.open.buckets.iter() {
            let known = self.facts.buckets.get(key).copied();
            pass.buckets
                .get_or_insert_with(key, || Context::new(known, *wanted));
        }
        for (key, wanted) in self.open.requesters.iter() {
            let known = self.facts.requesters.get(key).copied();
            pass.requesters
                .get_or_insert_with(key, || Context::new(known, *wanted));
        }
    }

    /// The counts of this group's candidates that are not exact enough.
    fn unsettled(&self) -> Open {
        let mut open = Open::default();
        for candidate in self.group() {
            let keys = self.hasher.candidate(&candidate);
            self.facts.add_unsettled(&keys, &self.window, &mut open);
        }
        open
    }

    /// The candidates of this pass.
    fn group(&self) -> impl Iterator<Item = Candidate<'a>> {
        self.candidates.clone().skip(self.done).take(self.group)
    }
}
