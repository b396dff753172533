//! The score, held against a plain model over random histories.
//!
//! The model keeps every row and applies the formulas as they are written; the scorer sees the rows one by one, in bounded
//! memory, in as many passes as it asks for. A failure is kept in `score_laws.regressions`; `PROPTEST_CASES` asks for another
//! number of histories.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure here is a failed test"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use s3newip::score::{Candidate, Limits, Row, Score, Scorer, Where, Who};
use s3newip::text::timestamp::Timestamp;

const DAY: i64 = 86_400;
const NOW: i64 = 20_000 * DAY;

/// How far a score may be from the model's, in bits.
const TOLERANCE: f64 = 0.3;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Access {
    bucket: String,
    address: String,
    principal: String,
}

/// An access and its first time, in seconds.
type Stored = (Access, Option<i64>);

fn access(bucket: &str, address: &str, principal: &str) -> Access {
    Access {
        bucket: bucket.to_owned(),
        address: address.to_owned(),
        principal: principal.to_owned(),
    }
}

/// The formulas over rows that are all there.
struct Model<'a> {
    rows: &'a [Stored],
    habit: i64,
}

impl<'a> Model<'a> {
    fn who(&self, candidate: &Access) -> f64 {
        let of_requester = self.of_requester(candidate);
        if of_requester
            .iter()
            .any(|(row, _)| row.bucket == candidate.bucket)
        {
            return 0.0;
        }
        let counting: Vec<_> = self.rows.iter().filter(|(row, _)| counts(row)).collect();
        let in_bucket: Vec<_> = counting
            .iter()
            .copied()
            .filter(|(row, _)| row.bucket == candidate.bucket)
            .collect();
        let habit = is_familiar(&of_requester).then(|| {
            let buckets = self.started(&of_requester, |row| row.bucket.clone());
            bits(buckets, self.age(&of_requester))
        });
        if !in_bucket.is_empty() {
            let requesters = self.started(&in_bucket, |row| row.principal.clone());
            let arrivals = bits(requesters, self.age(&in_bucket));
            return habit.map_or(arrivals, |habit| habit.min(arrivals));
        }
        match habit {
            Some(habit) => habit,
            None if is_familiar(&counting) => bits(0, self.age(&counting)),
            None => 0.0,
        }
    }

    fn origin(&self, candidate: &Access) -> f64 {
        let rows = self.of_requester(candidate);
        let used = |level: usize| {
            let network = networks(&candidate.address)[level].clone();
            rows.iter()
                .any(|(row, _)| networks(&row.address)[level] == network)
        };
        let rate = |level: usize| {
            bits(
                self.started(&rows, |row| networks(&row.address)[level].clone()),
                self.age(&rows),
            )
        };
        match () {
            () if rows.is_empty() || used(0) => 0.0,
            () if used(1) => rate(0),
            () => rate(1),
        }
    }

    /// The rows of the candidate's requester.
    fn of_requester(&self, candidate: &Access) -> Vec<&'a Stored> {
        let rows = self.rows.iter();
        rows.filter(|(row, _)| !row.principal.is_empty() && row.principal == candidate.principal)
            .collect()
    }

    /// How many things have their first row within the window.
    fn started(&self, rows: &[&Stored], thing: impl Fn(&Access) -> String) -> usize {
        let mut all = BTreeSet::new();
        let mut old = BTreeSet::new();
        for (row, first) in rows {
            all.insert(thing(row));
            if first.is_none_or(|first| first < NOW - self.habit) {
                old.insert(thing(row));
            }
        }
        all.len() - old.len()
    }

    fn age(&self, rows: &[&Stored]) -> f64 {
        let first = rows.iter().filter_map(|(_, first)| *first).min();
        let age = first.map_or(0, |first| NOW - first) as f64 / DAY as f64;
        age.max(1.0).min(self.habit as f64 / DAY as f64)
    }
}

fn bits(times: usize, days: f64) -> f64 {
    -(1.0 - (-(times as f64 + 0.5) / days).exp()).log2()
}

fn counts(row: &Access) -> bool {
    !row.principal.is_empty() && !row.principal.ends_with('!')
}

fn is_familiar(rows: &[&Stored]) -> bool {
    let first = rows.iter().filter_map(|(_, first)| *first).min();
    first.is_some_and(|first| NOW - first >= 7 * DAY)
}

/// The narrow and the wide network, as text.
fn networks(address: &str) -> [String; 2] {
    match address
        .parse::<IpAddr>()
        .map(|address| address.to_canonical())
    {
        Err(_) => [address.to_owned(), address.to_owned()],
        Ok(IpAddr::V4(address)) => {
            let [a, b, c, _] = address.octets();
            [format!("{a}.{b}.{c}"), format!("{a}.{b}")]
        }
        Ok(IpAddr::V6(address)) => {
            let groups = address.segments();
            [format!("{:?}", &groups[..4]), format!("{:?}", &groups[..2])]
        }
    }
}

/// The scores of all candidates, and in how many passes. `order` gives the rows of a pass.
fn scores<'a>(
    candidates: &[Access],
    habit: i64,
    limits: Limits,
    seed: [u8; 16],
    mut order: impl FnMut(usize) -> Vec<&'a Stored>,
) -> (Vec<Score>, usize) {
    let mut scorer = Scorer::new(
        candidates.iter().map(candidate),
        Timestamp::from_seconds(NOW),
        Duration::from_secs(habit as u64),
        limits,
        &seed,
    );
    let mut passes = 0;
    loop {
        scorer.begin_pass();
        if passes % 3 == 1 {
            // A pass that broke off, because the file was written meanwhile.
            for row in order(passes).iter().take(7) {
                scorer.observe(&row_of(row));
            }
            scorer.begin_pass();
        }
        for row in order(passes) {
            scorer.observe(&row_of(row));
        }
        passes += 1;
        if !scorer.end_pass() {
            break;
        }
        assert!(passes < 10_000, "the scorer asks for pass after pass");
    }
    let scores = candidates
        .iter()
        .map(|access| scorer.score(&candidate(access)));
    (scores.collect(), passes)
}

fn candidate(access: &Access) -> Candidate<'_> {
    Candidate {
        bucket: access.bucket.as_bytes(),
        address: access.address.as_bytes(),
        principal: access.principal.as_bytes(),
    }
}

fn row_of((access, first): &Stored) -> Row<'_> {
    Row {
        bucket: access.bucket.as_bytes(),
        address: access.address.as_bytes(),
        principal: access.principal.as_bytes(),
        first: first.map(Timestamp::from_seconds),
    }
}

/// The scores are the model's, and so are the decisions unless the score is near the threshold.
fn assert_as_the_model(rows: &[Stored], candidates: &[Access], habit: i64, scores: &[Score]) {
    let model = Model { rows, habit };
    for (candidate, score) in candidates.iter().zip(scores) {
        let (who, origin) = (model.who(candidate), model.origin(candidate));
        let off = (score.total() - who - origin).abs();
        assert!(
            off <= TOLERANCE,
            "{candidate:?}: expected {who} + {origin}, found {score:?}"
        );
        for minimum in [0.5, 1.0, 2.0, 3.0, 4.0] {
            let (found, expected) = (score.total() >= minimum, who + origin >= minimum);
            assert!(found == expected || (who + origin - minimum).abs() <= TOLERANCE);
        }
    }
}

/// The same rows in another order, by the numbers.
fn shuffled(rows: &[Stored], pass: usize) -> Vec<&Stored> {
    let mut rows: Vec<_> = rows.iter().collect();
    let hash =
        |place: usize| (place as u64 + 7).wrapping_mul(0x9e37_79b9_7f4a_7c15 + 2 * pass as u64);
    let mut places: BTreeMap<u64, &Stored> = BTreeMap::new();
    for (place, row) in rows.drain(..).enumerate() {
        places.insert(hash(place).rotate_left(29), row);
    }
    places.into_values().collect()
}

fn principals() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => (0..12_u32).prop_map(|number| format!("arn:aws:iam::111122223333:user/u{number}")),
        1 => Just("-".to_owned()),
        1 => Just("-!".to_owned()),
        1 => Just("portal?".to_owned()),
        1 => Just(String::new()),
    ]
}

fn addresses() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => (0..4_u8, 0..6_u8, 0..3_u8).prop_map(|(b, c, d)| format!("10.{b}.{c}.{d}")),
        2 => (0..3_u16, 0..4_u16).prop_map(|(group, net)| format!("2001:db{group}::{net}:0:0:0:1")),
        1 => (0..3_u8).prop_map(|d| format!("::ffff:10.0.1.{d}")),
        1 => Just("athena.amazonaws.com".to_owned()),
        1 => Just("AWS Internal".to_owned()),
    ]
}

fn accesses() -> impl Strategy<Value = Access> {
    let buckets = (0..10_u8).prop_map(|number| format!("bucket-{number}"));
    let all = (buckets, addresses(), principals());
    all.prop_map(|(bucket, address, principal)| access(&bucket, &address, &principal))
}

fn firsts(oldest: i64) -> impl Strategy<Value = Option<i64>> {
    prop_oneof![
        10 => (-1..oldest, 0..DAY).prop_map(|(days, seconds)| Some(NOW - days * DAY - seconds)),
        1 => Just(None),
    ]
}

fn histories() -> impl Strategy<Value = Vec<Stored>> {
    (1..100_i64, 0..300_usize).prop_flat_map(|(oldest, most)| {
        prop::collection::vec((accesses(), firsts(oldest)), 0..=most)
    })
}

fn limits() -> impl Strategy<Value = Limits> {
    prop_oneof![
        Just(Limits::default()),
        (1..20_usize, 1..30_usize, 1..200_usize).prop_map(|(contexts, candidates, things)| {
            Limits {
                contexts,
                candidates,
                things,
            }
        }),
    ]
}

/// Keeps a history that failed beside this file, as the other laws do.
fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    /// Whatever the limits, the order of the rows, and the passes that broke off.
    #[test]
    fn scores_are_those_of_the_formulas(
        rows in histories(),
        candidates in prop::collection::vec(accesses(), 1..40),
        limits in limits(),
        seed in any::<u8>(),
        habit in prop_oneof![Just(30 * DAY), 1..90 * DAY],
    ) {
        let (scores, _) = scores(&candidates, habit, limits, [seed; 16], |pass| shuffled(&rows, pass));
        assert_as_the_model(&rows, &candidates, habit, &scores);
    }
}

/// Rows of `all` requesters in one bucket, each from a network of its own, of which the last `new` came within the window.
fn crowd(all: u32, new: u32) -> Vec<Stored> {
    let row = |number: u32| {
        let [_, b, c, d] = number.to_be_bytes();
        let age = if number < all - new {
            40 + i64::from(number % 50)
        } else {
            i64::from(number % 29)
        };
        let access = access(
            "busy",
            &format!("2001:{b:x}:{c:x}:{d:x}::1"),
            &format!("user-{number}"),
        );
        (access, Some(NOW - age * DAY))
    };
    (0..all).map(row).collect()
}

/// The same, but all of them are one requester.
fn of_one(mut rows: Vec<Stored>) -> Vec<Stored> {
    for (row, _) in &mut rows {
        row.principal = "-".to_owned();
    }
    rows
}

fn small() -> Limits {
    Limits {
        contexts: 64,
        candidates: 1_000,
        things: 2_000,
    }
}

#[test]
fn a_crowd_is_counted_as_if_there_were_room_for_it() {
    let stranger = [access("busy", "192.0.2.1", "stranger")];
    for (all, new) in [
        (3_000, 0),
        (3_000, 5),
        (20_000, 40),
        (100_000, 0),
        (100_000, 3_000),
        (100_000, 100_000),
    ] {
        let rows = crowd(all, new);
        for limits in [small(), Limits::default()] {
            let (scores, passes) = scores(&stranger, 30 * DAY, limits, [7; 16], |_| {
                rows.iter().collect()
            });
            assert_as_the_model(&rows, &stranger, 30 * DAY, &scores);
            let is_busy = scores[0].total() < 0.1;
            assert_eq!(is_busy, new >= 3_000, "{all} {new}: {scores:?}");
            if limits.things > all as usize || new >= 3_000 {
                assert_eq!(passes, 1, "{all} {new}: enough is known at once");
            }
        }
    }
}

#[test]
fn a_requester_of_many_networks_is_no_quiet_one() {
    let visitor = [
        access("busy", "192.0.2.1", "-"),
        access("other", "2001:db8::1", "-"),
    ];
    for new in [0, 20, 50_000] {
        let rows = of_one(crowd(100_000, new));
        let (scores, _) = scores(&visitor, 30 * DAY, small(), [new as u8; 16], |pass| {
            shuffled(&rows, pass)
        });
        assert_as_the_model(&rows, &visitor, 30 * DAY, &scores);
    }
}

#[test]
fn an_estimate_is_near_wherever_the_number_lies() {
    let stranger = [access("busy", "192.0.2.1", "stranger")];
    for new in [1, 3, 10, 30, 100, 200, 300, 500, 1_000] {
        let rows = crowd(6_000, new);
        for (seed, habit) in (0..20_u8).flat_map(|seed| [(seed, 30 * DAY), (seed, 365 * DAY)]) {
            let (scores, _) = scores(&stranger, habit, small(), [seed; 16], |_| {
                rows.iter().collect()
            });
            assert_as_the_model(&rows, &stranger, habit, &scores);
        }
    }
}

#[test]
fn more_candidates_than_a_pass_has_room_for_are_all_scored() {
    let rows = crowd(2_000, 100);
    let one_of = |number: u32| {
        access(
            &format!("bucket-{}", number % 50),
            "192.0.2.1",
            &format!("user-{number}"),
        )
    };
    let candidates: Vec<_> = (0..2_000).map(one_of).collect();
    let limits = Limits {
        contexts: 100,
        candidates: 300,
        things: 500,
    };
    let (scores, passes) = scores(&candidates, 30 * DAY, limits, [1; 16], |pass| {
        shuffled(&rows, pass)
    });
    assert!(passes > 10, "{passes}");
    assert!(scores.iter().all(|score| score.total() > 0.0));
    assert_as_the_model(&rows, &candidates, 30 * DAY, &scores);
}

#[test]
fn an_empty_history_is_read_once_whatever_the_candidates() {
    let one_of = |number: u32| access("bucket", "192.0.2.1", &format!("user-{number}"));
    let candidates: Vec<_> = (0..100_000).map(one_of).collect();
    let known = (access("bucket", "192.0.2.9", ""), Some(NOW - 90 * DAY));
    for rows in [vec![], vec![known]] {
        let (scores, passes) = scores(&candidates, 30 * DAY, Limits::default(), [1; 16], |_| {
            rows.iter().collect()
        });
        assert_eq!(passes, 1);
        let nothing = Score {
            who: Who::TooEarly,
            origin: Where::Stranger,
        };
        assert!(scores.iter().all(|score| *score == nothing));
    }
}

#[test]
fn after_a_restart_only_the_new_history_counts() {
    let rows = crowd(100, 10);
    let candidates = [access("busy", "192.0.2.1", "stranger")];
    let [only] = &candidates;
    let candidate = candidate(only);
    let mut scorer = Scorer::new(
        std::iter::once(candidate),
        Timestamp::from_seconds(NOW),
        Duration::from_secs(30 * 86_400),
        Limits::default(),
        &[1; 16],
    );
    for history in [&rows[..], &rows[..95], &[]] {
        scorer.restart();
        scorer.begin_pass();
        for row in history {
            scorer.observe(&row_of(row));
        }
        assert!(!scorer.end_pass());
        assert_as_the_model(history, &candidates, 30 * DAY, &[scorer.score(&candidate)]);
    }
}
