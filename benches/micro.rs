//! Measures one part at a time, in memory: a frame, a row, a log line, a sighting, a row of the history.
//!
//! The data is the generator's, so a part's share in `make bench` can be worked out from its time here.

#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that cannot be set up is to stop"
)]

#[path = "generate/event.rs"]
mod event;
#[expect(dead_code, reason = "what the generator alone uses")]
#[path = "generate/loads.rs"]
mod loads;
#[path = "generate/pairs.rs"]
mod pairs;
#[expect(dead_code, reason = "what the generator alone uses")]
#[path = "generate/splunkd.rs"]
mod splunkd;

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use s3newip::access::{Access, AccessColumns, PairTexts};
use s3newip::accesslog;
use s3newip::csv::{Header, RecordReader};
use s3newip::history::{History, KeyFilter, Pass, RowBatch};
use s3newip::pair::{PairHasher, push_value};
use s3newip::pairs::Sightings;
use s3newip::rules::StatusList;
use s3newip::splunk::frame;
use s3newip::text::timestamp::Timestamp;

/// Rows of one benchmark: a few chunks' worth.
const ROWS: u64 = 10_000;

const SEED: [u8; 16] = *b"the same hashes!";

fn main() {
    divan::main();
}

fn load(pairs: u64) -> event::Load {
    event::Load {
        events: ROWS,
        pairs,
        new_pairs: 500,
        draw: pairs::Draw::HeavyTailed,
    }
}

/// The body of one chunk that has all rows, of the real shape (46 columns and their twins) or the narrow one.
fn body(shape: &str) -> Vec<u8> {
    let columns = match shape {
        "real" => loads::real_columns(),
        _ => loads::NARROW.to_vec(),
    };
    let mut body = Vec::new();
    splunkd::write_header(&columns, &mut body).unwrap();
    for number in 0..ROWS {
        let event = load(1_000_000).event(number);
        splunkd::write_row(&columns, &event, &mut body, &mut Vec::new()).unwrap();
    }
    body
}

fn keys() -> Vec<String> {
    vec!["bucket_name".to_owned(), "remote_ip".to_owned()]
}

#[divan::bench]
fn frame_header() -> Option<frame::Header> {
    frame::parse_header(black_box(b"chunked 1.0,37,10491457"))
}

#[divan::bench(args = ["real", "worst"])]
fn rows(bencher: Bencher<'_, '_>, shape: &str) {
    let body = body(shape);
    bencher
        .counter(BytesCount::of_slice(&body))
        .counter(ItemsCount::new(ROWS))
        .bench(|| {
            let mut reader = RecordReader::new(black_box(body.as_slice()));
            let mut cells = 0;
            while let Some(located) = reader.next_record().unwrap() {
                cells += located.record.cells();
            }
            cells
        });
}

#[divan::bench(args = ["real", "worst"])]
fn rows_and_accesses(bencher: Bencher<'_, '_>, shape: &str) {
    let body = body(shape);
    let success: StatusList = StatusList::DEFAULT.parse().unwrap();
    bencher
        .counter(BytesCount::of_slice(&body))
        .counter(ItemsCount::new(ROWS))
        .bench(|| {
            let mut reader = RecordReader::new(black_box(body.as_slice()));
            let header = Header::new(&reader.next_record().unwrap().unwrap().record);
            let columns = AccessColumns::find(&header, &keys());
            let mut texts = PairTexts::default();
            let mut successes = 0_u64;
            while let Some(located) = reader.next_record().unwrap() {
                let access = columns.read(&located.record, &success, &mut texts).unwrap();
                successes += u64::from(access.success);
            }
            successes
        });
}

#[divan::bench]
fn log_lines(bencher: Bencher<'_, '_>) {
    let lines: Vec<Vec<u8>> = (0..ROWS)
        .map(|number| {
            let mut line = Vec::new();
            load(1_000_000).event(number).write_line(&mut line).unwrap();
            line
        })
        .collect();
    bencher
        .counter(BytesCount::new(lines.iter().map(Vec::len).sum::<usize>()))
        .counter(ItemsCount::new(ROWS))
        .bench(|| {
            let parsed = lines
                .iter()
                .filter(|line| accesslog::parse(black_box(line)).is_ok());
            parsed.count()
        });
}

/// Pairs that are nearly all the same, and pairs that are nearly all different.
#[divan::bench(args = [100, 1_000_000])]
fn sightings(bencher: Bencher<'_, '_>, pairs: u64) {
    let load = event::Load {
        draw: pairs::Draw::Evenly,
        ..load(pairs)
    };
    let texts: Vec<Vec<u8>> = (0..ROWS)
        .map(|number| pair_text(load.event(number).pair))
        .collect();
    let time = Timestamp::from_seconds(1_785_549_617);
    let access = Access {
        first: time,
        last: time,
        success: true,
        count: 1,
    };
    let hasher = PairHasher::new(&SEED);
    bencher.counter(ItemsCount::new(ROWS)).bench(|| {
        let mut sightings = Sightings::default();
        for text in &texts {
            let key = hasher.key(black_box(text));
            let found = sightings.find(key);
            sightings.record(found, key, text, &access).unwrap();
        }
        sightings.len()
    });
}

fn pair_text(pair: pairs::Pair) -> Vec<u8> {
    let (mut text, mut bucket, mut address) = (Vec::new(), Vec::new(), Vec::new());
    pair.write_bucket(&mut bucket).unwrap();
    pair.write_address(&mut address).unwrap();
    push_value(&mut text, &bucket);
    push_value(&mut text, &address);
    text
}

#[divan::bench]
fn history_pass(bencher: Bencher<'_, '_>) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = folder.path().join("history.csv");
    let mut content = Vec::new();
    loads::write_history(10 * ROWS, &mut content).unwrap();
    std::fs::write(&path, &content).unwrap();
    let history = History::new(&path, &keys()).unwrap();
    let hasher = PairHasher::new(&SEED);
    bencher
        .counter(BytesCount::of_slice(&content))
        .counter(ItemsCount::new(10 * ROWS))
        .bench(|| {
            let rows = history.read(KeyFilter::all(&hasher), &mut Ignore);
            rows.unwrap()
        });
}

/// A pass that ignores the rows.
struct Ignore;

impl Pass for Ignore {
    fn restart(&mut self) {}

    fn rows(&mut self, rows: &RowBatch<'_>) {
        black_box(rows);
    }
}
