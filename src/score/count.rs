//! How many things are new in a context, counted in bounded memory.
//!
//! Things are keyed hashes, so they lie evenly on a line. A counter keeps those of one range of the line, from its start:
//! at first of the whole line, and of half the range each time it has no room for more. Within the range it has seen
//! every row of every thing, so it knows exactly which of them are old. What it found there stands for the rest:
//!
//! ```text
//! |=== counted ===|- - - - not counted yet - - - -|        new things = found / counted
//! ```
//!
//! Invariants: the same rows give the same count in any order; few things are counted exactly; there is no number of
//! things at which a counter is full and shows nothing new any more. Where the range was too small to judge by, another
//! pass counts on from where it ended, with the same result as if there had been room for all.

use super::table::FlagSet;

/// How many places the line has.
const PLACES: u32 = 1 << 31;

/// How many standard deviations an estimate may be off: one in some ten thousand is more.
const DEVIATIONS: f64 = 4.0;

/// How many new things were found in how much of the line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Count {
    new: u32,
    places: u32,
}

impl Count {
    /// Nothing new on all of the line.
    pub(super) const NONE: Self = Self {
        new: 0,
        places: PLACES,
    };

    /// Whether all of the line was counted.
    pub(super) fn is_complete(self) -> bool {
        self.places == PLACES
    }

    /// How many new things there are, if they are as dense on all of the line.
    pub(super) fn estimate(self) -> f64 {
        self.whole(f64::from(self.new))
    }

    /// The fewest and the most that there are.
    pub(super) fn bounds(self) -> (f64, f64) {
        if self.is_complete() {
            return (self.estimate(), self.estimate());
        }
        // The square root of a Poisson variable has a standard deviation of a half.
        let (found, off) = (f64::from(self.new), DEVIATIONS / 2.0);
        let fewest = (found.sqrt() - off).max(0.0).powi(2);
        let most = ((found + 1.0).sqrt() + off).powi(2);
        (self.whole(fewest), self.whole(most))
    }

    /// What so many in the part that was counted are in all of the line.
    fn whole(self, found: f64) -> f64 {
        found * f64::from(PLACES) / f64::from(self.places.max(1))
    }
}

/// The room that the counters of a pass share, in things.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    used: usize,
    limit: usize,
    /// The most that one counter may have.
    pub(super) each: usize,
}

impl Room {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            used: 0,
            limit,
            each: limit,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.used > self.limit && self.each > 1
    }
}

/// Counts things in one range of the line.
#[derive(Debug)]
pub(super) struct Counter {
    from: u32,
    to: u32,
    things: FlagSet,
}

impl Counter {
    /// Counts on from where `before` ended.
    pub(super) fn from_end_of(before: Count) -> Self {
        Self {
            from: before.places,
            to: PLACES,
            things: FlagSet::default(),
        }
    }

    /// Adds nothing to `before`.
    pub(super) fn idle(before: Count) -> Self {
        Self {
            to: before.places,
            ..Self::from_end_of(before)
        }
    }

    /// Counts a thing of a row, and whether the row makes it old. False where the same thing was counted before.
    #[inline]
    pub(super) fn add(&mut self, thing: u64, old: bool, room: &mut Room) -> bool {
        if !(self.from..self.to).contains(&place(thing)) {
            return true;
        }
        if !self.things.add(thing, old) {
            return false;
        }
        room.used += 1;
        self.shrink(room);
        true
    }

    /// Halves the range until its things have room.
    pub(super) fn shrink(&mut self, room: &mut Room) {
        while self.things.len() > room.each && self.to - self.from > 1 {
            let before = self.things.len();
            self.to = self.from + (self.to - self.from) / 2;
            let to = self.to;
            self.things.keep(|thing| place(thing) < to);
            room.used -= before - self.things.len();
        }
    }

    /// What was found, together with what was found before.
    pub(super) fn count(&self, before: Count) -> Count {
        let new = self.things.iter().filter(|(_, old)| !old).count();
        let new = u32::try_from(new).unwrap_or(u32::MAX);
        Count {
            new: before.new.saturating_add(new),
            places: self.to,
        }
    }
}

/// Where a thing lies on the line: its upper bits.
fn place(thing: u64) -> u32 {
    (thing >> 33) as u32
}

#[cfg(test)]
mod tests {
    use siphasher::sip::SipHasher13;

    use super::*;

    fn thing(number: u32) -> u64 {
        SipHasher13::new_with_key(&[3; 16]).hash(&number.to_le_bytes())
    }

    /// Things 0 to `all`, those below `old` old, each in two rows, in passes with this much room, and how many passes.
    fn count(all: u32, old: u32, room: usize) -> (Vec<Count>, bool) {
        let mut counts = vec![Count::default()];
        let mut exact = false;
        while let Some(before) = counts.last().copied().filter(|_| !exact) {
            let mut counter = Counter::from_end_of(before);
            let mut room = Room::new(room);
            for number in (0..all).chain((0..all).rev()) {
                counter.add(thing(number), number < old && number % 2 == 0, &mut room);
                counter.add(thing(number), number < old, &mut room);
            }
            assert!(room.used <= room.limit && room.used == counter.things.len());
            exact = counter.count(before).is_complete();
            counts.push(counter.count(before));
        }
        (counts.split_off(1), exact)
    }

    #[test]
    fn few_things_are_counted_exactly() {
        for (all, old) in [(0, 0), (1, 0), (1, 1), (100, 40)] {
            let (counts, _) = count(all, old, 100);
            let [count] = counts[..] else {
                panic!("{counts:?}")
            };
            assert!(count.is_complete());
            assert_eq!(count.new, all - old);
        }
    }

    #[test]
    fn many_things_are_counted_exactly_in_more_passes() {
        for (all, old) in [(1_000, 997), (1_000, 0), (20_000, 19_000)] {
            let (counts, exact) = count(all, old, 300);
            assert!(exact && counts.len() > 1);
            assert!(counts.len() < all as usize / 100, "{}", counts.len());
            assert_eq!(counts.last().unwrap().new, all - old);
        }
    }

    #[test]
    fn an_estimate_is_within_its_bounds() {
        for all in [5_000, 50_000] {
            let (counts, _) = count(all, all / 2, 1_000);
            for count in counts {
                let (fewest, most) = count.bounds();
                let new = f64::from(all / 2);
                assert!(fewest <= new && new <= most, "{fewest} {new} {most}");
                assert!((count.estimate() / new - 1.0).abs() < 0.2, "{count:?}");
            }
        }
    }

    #[test]
    fn an_idle_counter_changes_nothing() {
        let before = Count { new: 3, places: 7 };
        let mut counter = Counter::idle(before);
        assert!(counter.add(thing(1), false, &mut Room::new(9)));
        assert_eq!(counter.count(before), before);
    }

    #[test]
    fn one_thing_more_than_there_is_room_for_is_no_endless_loop() {
        let mut counter = Counter::from_end_of(Count::default());
        let mut room = Room::new(0);
        for low in 0..10 {
            counter.add(low << 1, false, &mut room);
        }
        assert_eq!((counter.from, counter.to), (0, 1));
    }
}
