//! What a row of the history costs the score: one of other buckets and requesters, and one that is counted.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot be set up is to stop"
)]

use std::io::Write;
use std::time::Duration;

use divan::Bencher;
use divan::counter::ItemsCount;
use s3newip::score::{Candidate, Limits, Row, Scorer};
use s3newip::text::timestamp::Timestamp;

/// Rows of one pass.
const ROWS: usize = 1_000_000;

const NOW: i64 = 1_772_800_000;

/// The bytes of a history's rows, and where the cells of each end.
struct Rows {
    text: Vec<u8>,
    ends: Vec<[usize; 3]>,
}

impl Rows {
    /// Rows of 100 buckets, in runs of one where they are `sorted`, and 1,000 requesters, each with some networks.
    fn new(sorted: bool) -> Self {
        let mut rows = Self {
            text: Vec::new(),
            ends: Vec::with_capacity(ROWS),
        };
        for number in 0..ROWS {
            let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let bucket = if sorted {
                number / (ROWS / 100)
            } else {
                mixed >> 33
            } % 100;
            let requester = (bucket * 10 + (mixed >> 45) % 10) % 1_000;
            let (b, c, d) = (requester % 256, mixed >> 20 & 31, mixed >> 50 & 255);
            let mut ends = [0; 3];
            write!(rows.text, "company-data-bucket-{bucket}").unwrap();
            ends[0] = rows.text.len();
            write!(rows.text, "10.{b}.{c}.{d}").unwrap();
            ends[1] = rows.text.len();
            let account = "arn:aws:sts::111122223333:assumed-role";
            write!(rows.text, "{account}/service-role-number-{requester}").unwrap();
            ends[2] = rows.text.len();
            rows.ends.push(ends);
        }
        rows
    }

    fn iter(&self) -> impl Iterator<Item = Row<'_>> {
        let starts = std::iter::once(0).chain(self.ends.iter().map(|ends| ends[2]));
        let rows = starts.zip(&self.ends).enumerate();
        rows.map(|(number, (start, [bucket, address, end]))| Row {
            bucket: &self.text[start..*bucket],
            address: &self.text[*bucket..*address],
            principal: &self.text[*address..*end],
            first: Some(Timestamp::from_seconds(NOW - (number % 90 * 86_400) as i64)),
        })
    }
}

fn main() {
    divan::main();
}

/// Candidates in so many of the hundred buckets, with their requesters; 0 is one of another bucket and requester.
#[divan::bench(args = [(0, true), (0, false), (1, true), (20, true), (80, true), (80, false)], sample_count = 5)]
fn observe(bencher: Bencher<'_, '_>, (buckets, sorted): (usize, bool)) {
    let rows = Rows::new(sorted);
    let of_bucket = |bucket: usize| {
        (0..10).map(move |number| {
            let account = "arn:aws:sts::111122223333:assumed-role";
            let requester = format!("{account}/service-role-number-{}", bucket * 10 + number);
            (format!("company-data-bucket-{bucket}"), requester)
        })
    };
    let mut texts: Vec<_> = (0..buckets).flat_map(of_bucket).collect();
    texts.push(("another-bucket".to_owned(), "another-requester".to_owned()));
    let candidates = texts.iter().map(|(bucket, requester)| Candidate {
        bucket: bucket.as_bytes(),
        address: b"203.0.113.7",
        principal: requester.as_bytes(),
    });
    bencher.counter(ItemsCount::new(ROWS)).bench_local(|| {
        let mut scorer = Scorer::new(
            candidates.clone(),
            Timestamp::from_seconds(NOW),
            Duration::from_secs(30 * 86_400),
            Limits::default(),
            b"the same hashes!",
        );
        scorer.begin_pass();
        rows.iter().for_each(|row| scorer.observe(&row));
        scorer.end_pass()
    });
}

/// The same rows, visited and no more: to be taken off the others.
#[divan::bench(sample_count = 5)]
fn visit(bencher: Bencher<'_, '_>) {
    let rows = Rows::new(true);
    bencher.counter(ItemsCount::new(ROWS)).bench_local(|| {
        rows.iter().for_each(|row| {
            divan::black_box(row);
        });
    });
}

/// A first run: 600,000 candidates, an empty history, and a score for each.
#[divan::bench(sample_count = 5)]
fn first_run(bencher: Bencher<'_, '_>) {
    let requester = b"arn:aws:sts::111122223333:assumed-role/analytics";
    let addresses: Vec<_> = (0..600_000_u32)
        .map(|number| std::net::Ipv4Addr::from_bits(number * 7_001).to_string())
        .collect();
    let candidates = addresses.iter().map(|address| Candidate {
        bucket: b"billing",
        address: address.as_bytes(),
        principal: requester,
    });
    bencher
        .counter(ItemsCount::new(600_000_usize))
        .bench_local(|| {
            let mut scorer = Scorer::new(
                candidates.clone(),
                Timestamp::from_seconds(NOW),
                Duration::from_secs(30 * 86_400),
                Limits::default(),
                b"the same hashes!",
            );
            scorer.begin_pass();
            let more = scorer.end_pass();
            let total: f64 = candidates
                .clone()
                .map(|candidate| scorer.score(&candidate).total())
                .sum();
            (more, total)
        });
}
