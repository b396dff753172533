//! How surprising it is that something happened, by how often it did.
//!
//! ```text
//! bits(n, d) = -log2(1 - exp(-(n + 0.5) / d))
//! ```
//!
//! is the surprise of something happening on a given day that happened n times in d days: the probability that a Poisson
//! process of that rate has an event on that day, in bits. The half is what an estimate of a rate starts from, so that 0
//! times in 30 days is 5.9 bits, not infinitely many; 8 times are 2 bits, 20 times 1.

use std::time::Duration;

use super::count::Count;
use crate::text::timestamp::Timestamp;

const SECONDS_PER_DAY: f64 = 86_400.0;

/// How long something is known before its own habits are believed, in seconds.
const FAMILIAR_AFTER: i64 = 7 * 86_400;

/// How far an estimate's score may be from the exact one, in bits; who and where are two estimates.
const TOLERANCE: f64 = 0.125;

/// The surprise, in bits, of something that happened `times` in `days`. Never negative.
pub fn bits(times: f64, days: f64) -> f64 {
    let probability = -(-(times + 0.5) / days).exp_m1();
    // The logarithm of 1 is 0, and its negative is -0.
    -probability.log2() + 0.0
}

/// How often something happened in a context.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// How often.
    pub(super) count: Count,
    /// In so many days.
    pub(super) days: f64,
}

impl Rate {
    /// How surprising another time is, in bits.
    pub fn bits(&self) -> f64 {
        bits(self.count.estimate(), self.days)
    }

    /// How often it happened; an estimate unless [`Rate::is_exact`].
    pub fn times(&self) -> f64 {
        self.count.estimate()
    }

    /// In how many days.
    pub fn days(&self) -> f64 {
        self.days
    }

    /// Whether the number of times is counted, not estimated.
    pub fn is_exact(&self) -> bool {
        self.count.is_complete()
    }

    /// The fewest and the most bits that the count allows.
    pub(super) fn range(&self) -> (f64, f64) {
        let (fewest, most) = self.count.bounds();
        (bits(most, self.days), bits(fewest, self.days))
    }

    /// Whether counting on could not change the score by more than is tolerated.
    pub(super) fn is_settled(&self) -> bool {
        is_settled(self.range(), self.bits())
    }
}

/// Whether a range of bits is near enough to the value within it.
pub(super) fn is_settled((fewest, most): (f64, f64), value: f64) -> bool {
    value - fewest <= TOLERANCE && most - value <= TOLERANCE
}

/// The time of the search, and the window of habits before it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    now: i64,
    habit: f64,
    start: Timestamp,
}

impl Window {
    pub(super) fn new(now: Timestamp, habit: Duration) -> Self {
        let now = now.seconds();
        let seconds = i64::try_from(habit.as_secs()).unwrap_or(i64::MAX);
        Self {
            now,
            habit: habit.as_secs_f64() / SECONDS_PER_DAY,
            start: Timestamp::from_seconds(now.saturating_sub(seconds)),
        }
    }

    /// Whether something that was there at `first` began before the window; without a first time it did.
    #[inline]
    pub(super) fn is_old(&self, first: Option<Timestamp>) -> bool {
        first.is_none_or(|first| first < self.start)
    }

    /// The age in days of what is there since `first`, held between one day and the window. What has no first time has
    /// the least.
    pub(super) fn age(&self, first: Option<Timestamp>) -> f64 {
        let age = first.map_or(0, |first| self.now.saturating_sub(first.seconds()));
        (age as f64 / SECONDS_PER_DAY).max(1.0).min(self.habit)
    }

    /// Whether what is there since `first` is known for long enough to have habits.
    pub(super) fn is_familiar(&self, first: Option<Timestamp>) -> bool {
        first.is_some_and(|first| self.now.saturating_sub(first.seconds()) >= FAMILIAR_AFTER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_those_of_the_examples() {
        for (times, days, expected) in [
            (0.0, 30.0, 5.92),
            (8.0, 30.0, 2.0),
            (20.0, 30.0, 1.0),
            (0.0, 1.0, 1.35),
            (1000.0, 30.0, 0.0),
            (0.0, 0.0, 0.0),
        ] {
            let found = bits(times, days);
            assert!(
                (found - expected).abs() < 0.05,
                "{times} in {days}: {found}"
            );
            assert!(found.is_sign_positive());
        }
        // A context that has no event yet gets to a score of 1 and of 2 by its age.
        assert!(bits(0.0, 0.7) < 1.0 && bits(0.0, 2.2) > 1.0 && bits(0.0, 5.2) > 2.0);
    }

    #[test]
    fn ages_are_held_between_a_day_and_the_window() {
        let day = |days: f64| Some(Timestamp::from_seconds((days * 86_400.0) as i64));
        let window = Window::new(
            Timestamp::from_seconds(100 * 86_400),
            Duration::from_secs(30 * 86_400),
        );
        for (first, age) in [
            (99.5, 1.0),
            (101.0, 1.0),
            (90.0, 10.0),
            (70.0, 30.0),
            (1.0, 30.0),
        ] {
            assert!((window.age(day(first)) - age).abs() < 1e-9, "{first}");
        }
        assert!((window.age(None) - 1.0).abs() < 1e-9);
        assert!(window.is_familiar(day(93.0)) && !window.is_familiar(day(93.001)));
        assert!(!window.is_familiar(None));
        assert!(window.is_old(None) && window.is_old(day(69.999)) && !window.is_old(day(70.0)));
    }

    #[test]
    fn a_window_below_a_day_is_a_whole_window() {
        let window = Window::new(
            Timestamp::from_seconds(1_000_000),
            Duration::from_secs(3_600),
        );
        assert!((window.age(None) - 1.0 / 24.0).abs() < 1e-9);
        let endless = Window::new(Timestamp::from_seconds(0), Duration::MAX);
        assert!(!endless.is_old(Some(Timestamp::from_seconds(-1_000_000_000))));
    }
}
