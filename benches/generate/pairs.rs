//! The population of pairs that everything is drawn from.
//!
//! Pair number `n` is a pure function of `n`, and two numbers below 2^26 never give the same pair, so a history of
//! any size, the events over it and the new pairs beyond it need no table: the history of N pairs is the numbers
//! `0..N`, and new pairs are numbered from [`NEW`] on.
//!
//! ```text
//! number -> x (odd multiplier) mod 2^26 -> 9 bits: one of 512 buckets | 17 bits: a host
//!           host as IPv4: 198.18.0.0/15 (RFC 2544, set aside for benchmarks)
//!           host as IPv6: 2001:db8::/32 (RFC 3849), one pair in eight
//! ```

use std::io::{self, Write};
use std::net::{Ipv4Addr, Ipv6Addr};

/// The number of the first pair that no history holds: histories end below 2^25 pairs.
pub(crate) const NEW: u64 = 1 << 25;

/// The second at which the search was started, which is also the latest time anywhere in the data.
pub(crate) const NOW: u64 = 1_785_549_617;

/// `relative_time(NOW, "-70m@m")`: what was first seen at or after it is new.
pub(crate) const THRESHOLD: u64 = (NOW - 70 * 60) / 60 * 60;

/// Spreads popularity over the history, so that the pairs seen most are not its first lines. A prime, so that it
/// has no factor in common with the round numbers of pairs that are asked for.
const SPREAD: u64 = 2_654_435_761;

const COMPANIES: &[&str] = &[
    "harbour", "juniper", "lantern", "meadow", "orchard", "pebble", "saffron", "willow",
];
const STAGES: &[&str] = &["prod", "staging", "archive", "shared"];
const TOPICS: &[&str] = &[
    "invoices",
    "clickstream",
    "backups",
    "ml-features",
    "website-assets",
    "audit-trail",
    "exports",
    "images",
    "telemetry",
    "terraform-state",
    "build-cache",
    "raw-events",
    "reports",
    "documents",
    "snapshots",
    "public-data",
];

/// One bucket and one remote address.
#[derive(Clone, Copy)]
pub(crate) struct Pair {
    bucket: u64,
    host: u64,
    scatter: u64,
}

impl Pair {
    /// The pair of this number.
    pub(crate) fn number(number: u64) -> Self {
        let place = number.wrapping_mul(0x9e37_79b1).wrapping_add(0x5bd1_e995) & 0x3ff_ffff;
        Self {
            bucket: place >> 17,
            host: place & 0x1_ffff,
            scatter: mix(number),
        }
    }

    /// Writes the bucket's name.
    pub(crate) fn write_bucket(self, to: &mut Vec<u8>) -> io::Result<()> {
        let company = pick(COMPANIES, self.bucket);
        let stage = pick(STAGES, self.bucket >> 3);
        let topic = pick(TOPICS, self.bucket >> 5);
        write!(to, "{company}-{stage}-{topic}-euw1")
    }

    /// Writes the address in its canonical form (RFC 5952 for IPv6), so that contenders which compare text agree
    /// with those which compare addresses.
    pub(crate) fn write_address(self, to: &mut Vec<u8>) -> io::Result<()> {
        let [.., high, middle, low] = self.host.to_be_bytes();
        if !self.scatter.is_multiple_of(8) {
            return write!(to, "{}", Ipv4Addr::new(198, 18 + high, middle, low));
        }
        let [.., site, subnet] = self.scatter.to_be_bytes();
        let segments = [0x2001, 0xdb8, u16::from(site), u16::from(subnet) % 4, 0];
        let [a, b, c, d, e] = segments;
        let host = [
            u16::from(subnet),
            u16::from(high),
            u16::from_be_bytes([middle, low]),
        ];
        let [f, g, h] = host;
        write!(to, "{}", Ipv6Addr::new(a, b, c, d, e, f, g, h))
    }

    /// A number that stays the same for everything in the pair's bucket.
    pub(crate) fn bucket_seed(self) -> u64 {
        mix(self.bucket)
    }
}

/// When the history's pair of this number was seen, as (firstTime, lastTime).
///
/// One pair in [`learnt_last_hour`] was learnt inside the window by the run before, so by the rule of the window it is
/// still new when it is seen again: a contender that tests membership instead of the time gives a wrong result.
pub(crate) fn history_times(number: u64, pairs: u64) -> (u64, u64) {
    let dice = mix(number ^ 0x51_7cc1_b727_220a);
    if learnt_last_hour(number, pairs) {
        let first = THRESHOLD + dice % 300;
        return (first, first + dice % 60);
    }
    let first = NOW - 86_400 - dice % (180 * 86_400);
    let span = THRESHOLD - 1 - first;
    (first, first + (dice >> 20) % span)
}

/// Whether the pair entered the history within the window: one in 20,000, and not one of the most popular.
fn learnt_last_hour(number: u64, pairs: u64) -> bool {
    let stride = 20_000.min(pairs / 4).max(1);
    number % stride == popular(stride * 3 / 4, pairs) % stride
}

/// The number of the pair that is `rank`-th in popularity (from 0) among this many.
pub(crate) fn popular(rank: u64, pairs: u64) -> u64 {
    rank.wrapping_mul(SPREAD) % pairs.max(1)
}

/// How the pairs of a search are drawn from the history.
#[derive(Clone, Copy)]
pub(crate) enum Draw {
    /// Every pair is as likely as every other.
    Evenly,
    /// The pair of rank k has a likelihood of log(1 + 1/k), close to Zipf's law with exponent 1.
    HeavyTailed,
}

impl Draw {
    /// Draws the number of one pair out of `pairs`.
    pub(crate) fn number(self, pairs: u64, dice: u64) -> u64 {
        match self {
            Self::Evenly => mix(dice) % pairs.max(1),
            Self::HeavyTailed => popular(heavy_tailed_rank(pairs, dice), pairs),
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a rank below 2^25 drawn with 53 bits"
)]
fn heavy_tailed_rank(pairs: u64, dice: u64) -> u64 {
    let fraction = (mix(dice) >> 11) as f64 / (1_u64 << 53) as f64;
    let rank = ((pairs + 1) as f64).powf(fraction) as u64;
    rank.clamp(1, pairs.max(1)) - 1
}

/// The n-th of the list, starting over at its end.
pub(crate) fn pick(list: &[&'static str], n: u64) -> &'static str {
    let length = u64::try_from(list.len()).unwrap_or(1).max(1);
    let index = usize::try_from(n % length).unwrap_or(0);
    list.get(index).copied().unwrap_or_default()
}

/// A well mixed number from any number: the finaliser of splitmix64 (Steele, Lea, Flood 2014).
pub(crate) fn mix(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
