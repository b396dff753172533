//! A lookup file, after a first line with sightings: `<bucket> <ip> <first> <last>;...`. A line that begins with `!`
//! puts the file where the app ships its first history; then, a `*` repeats what follows the file's first line until it
//! is long enough for several runs of rows.

use std::fs;
use std::path::Path;
use std::time::Duration;

use s3newip::access::Access;
use s3newip::csv::{RecordReader, decoded};
use s3newip::history::{
    self, FileRoute, History, KeyFilter, Merged, Pass, Publication, PublishError, Publisher,
    RowBatch,
};
use s3newip::pair::{self, PairHasher, PairKey};
use s3newip::pairs::Sightings;
use s3newip::text::timestamp::Timestamp;

use super::csv_reference::records;
use super::temp_app::TempApp;

const LOOKUP: &str = "seen.csv";

/// More than one run of rows, in bytes.
const LONG: usize = 600_000;

const TIMES: [&str; 6] = [
    "firstTime",
    "lastTime",
    "earliest",
    "latest",
    "firstTimeSeen",
    "lastTimeSeen",
];

/// A row of the history.
#[derive(Debug, Clone, PartialEq)]
struct Row {
    cells: Vec<Vec<u8>>,
    key: Option<PairKey>,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
}

/// A pair that a search has seen.
#[derive(Debug, Clone)]
struct Seen {
    text: Vec<u8>,
    key: PairKey,
    first: Timestamp,
    last: Timestamp,
}

/// See the table in [`super`].
pub fn check(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n');
    let (line, file) = end.map_or((data, b"".as_slice()), |end| {
        (&data[..end], &data[end + 1..])
    });
    let (name, line) = match line.strip_prefix(b"!") {
        Some(line) => ("seen.csv.default", line),
        None => (LOOKUP, line),
    };
    match line.strip_prefix(b"*") {
        Some(line) => check_file(name, line, &long(file)),
        None => check_file(name, line, file),
    }
}

/// `file` with all but its first line repeated.
fn long(file: &[u8]) -> Vec<u8> {
    let head = file.iter().position(|byte| *byte == b'\n');
    let (head, rows) = file.split_at(head.map_or(file.len(), |end| end + 1));
    [head, &rows.repeat(LONG / rows.len().max(500))].concat()
}

fn check_file(name: &str, line: &[u8], file: &[u8]) {
    let app = TempApp::new();
    fs::write(app.lookups().join(name), file).unwrap();
    let keys = ["bucket_name", "remote_ip"].map(str::to_owned);
    let history = History::new(&app.lookups().join(LOOKUP), &keys).unwrap();
    let seen: Vec<_> = line
        .split(|byte| *byte == b';')
        .filter_map(sighting)
        .collect();
    match rows(&history, &app.lookups().join(name)) {
        Ok(before) => {
            check_against_the_crate(file, &before);
            check_merge(&app, &history, file, &before, &seen);
        }
        Err(error) => {
            assert!(!error.contains(char::is_control), "{error:?}");
            let refused = merge(&history, &seen);
            assert!(
                matches!(refused, Err(PublishError::History(_))),
                "{refused:?}"
            );
            assert_eq!(fs::read(app.lookups().join(name)).unwrap(), file);
            assert_eq!(app.names(), [name]);
        }
    }
}

/// `<bucket> <ip> <first> <last>`
fn sighting(text: &[u8]) -> Option<Seen> {
    let mut words = text.split(|byte| *byte == b' ');
    let (bucket, ip) = (words.next()?, words.next()?);
    let mut time = || words.next().and_then(Timestamp::parse);
    let (one, other) = (time()?, time()?);
    let usable = |value: &[u8]| !matches!(value, b"" | b"-") && !value.contains(&0);
    let mut text = Vec::new();
    pair::push_value(&mut text, bucket);
    pair::push_value(&mut text, ip);
    (usable(bucket) && usable(ip)).then(|| Seen {
        key: hasher().key(&text),
        text,
        first: one.min(other),
        last: one.max(other),
    })
}

/// The rows that a reading finds.
#[derive(Default)]
struct Rows(Vec<history::Row>);

impl Pass for Rows {
    fn restart(&mut self) {
        self.0.clear();
    }

    fn rows(&mut self, rows: &RowBatch<'_>) {
        self.0.extend_from_slice(rows.rows);
    }
}

fn hasher() -> PairHasher {
    PairHasher::new(&[3; 16])
}

/// The rows of the history that are no empty lines; `path` is where it is.
fn rows(history: &History, path: &Path) -> Result<Vec<Row>, String> {
    let mut read = Rows::default();
    let hasher = hasher();
    let count = history.read(KeyFilter::all(&hasher), &mut read);
    let count = count.map_err(|error| error.to_string())?;
    let text = fs::read(path).unwrap_or_default();
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
    let mut reader = RecordReader::new(text);
    let _head = reader.next_record().expect("a history is CSV");
    let mut rows = Vec::new();
    for row in read.0 {
        let record = reader
            .next_record()
            .expect("a history is CSV")
            .unwrap()
            .record;
        let cells = (0..record.cells()).map(|at| decoded(record.raw(at)).into_owned());
        if !record.bytes().is_empty() {
            rows.push(Row {
                cells: cells.collect(),
                key: row.key,
                first: row.first,
                last: row.last,
            });
        }
    }
    assert!(reader.next_record().expect("a history is CSV").is_none());
    assert_eq!(count, rows.len() as u64);
    Ok(rows)
}

fn check_against_the_crate(file: &[u8], rows: &[Row]) {
    let text = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
    if let Some(records) = records(text) {
        let ours: Vec<_> = rows.iter().map(|row| &row.cells).collect();
        assert_eq!(ours, records.iter().skip(1).collect::<Vec<_>>());
    }
}

fn merge(history: &History, seen: &[Seen]) -> Result<Merged, PublishError> {
    let mut sightings = Sightings::default();
    for seen in seen {
        let access = Access::successful(seen.first, seen.last, 1);
        let found = sightings.find(seen.key);
        sightings
            .record(found, seen.key, &seen.text, &access)
            .unwrap();
    }
    let publication = Publication {
        route: &FileRoute::new(history.folder()),
        holder: "a check",
        lock_wait: Duration::from_secs(1),
        cancelled: &|| false,
    };
    Publisher::new(history, &hasher(), &mut sightings, &publication).publish()
}

fn check_merge(app: &TempApp, history: &History, file: &[u8], before: &[Row], seen: &[Seen]) {
    let path = app.lookups().join(LOOKUP);
    let was = fs::read(&path).ok();
    let merged = merge(history, seen).expect("a history that can be read can be merged");
    assert_eq!(merged.before, before.len() as u64);
    if (merged.added, merged.updated) == (0, 0) {
        assert_eq!(
            fs::read(&path).ok(),
            was,
            "nothing changed, nothing written"
        );
    }
    let default = app.lookups().join("seen.csv.default");
    let there = if path.exists() { &path } else { &default };
    let after = rows(history, there).expect("what was written is a history");
    assert_eq!(after.len() as u64, merged.before + merged.added);
    check_rows(file, &path, before, &after, seen);
    let written = fs::read(&path).ok();
    let again = merge(history, seen).expect("and can be merged again");
    assert_eq!(
        (again.added, again.updated),
        (0, 0),
        "merging twice changes nothing"
    );
    assert_eq!(fs::read(&path).ok(), written);
    let left = app.names();
    assert!(left.iter().all(|name| !name.ends_with(".tmp")), "{left:?}");
}

/// `after` is `before`, perhaps with other times, and new rows at its end; it holds every sighting.
fn check_rows(file: &[u8], path: &Path, before: &[Row], after: &[Row], seen: &[Seen]) {
    for (was, is) in before.iter().zip(after) {
        assert_eq!(is.key, was.key);
        assert_eq!(is.first.is_some(), was.first.is_some());
    }
    for seen in seen {
        let mut own = after.iter().filter(|row| row.key == Some(seen.key));
        let holds = |row: &Row| {
            row.first.is_none_or(|first| first <= seen.first) && row.last >= Some(seen.last)
        };
        assert!(own.clone().next().is_some() && own.all(holds));
    }
    if after == before {
        return;
    }
    let written = fs::read(path).unwrap();
    let mark = b"\xef\xbb\xbf".as_slice();
    let text = |file| <[u8]>::strip_prefix(file, mark).unwrap_or(file).to_vec();
    if let (Some(old), Some(new)) = (records(&text(file)), records(&text(&written))) {
        check_cells(old.first(), &new[0], before, after);
    }
}

/// No cell of an old row changed but those of its times.
fn check_cells(old: Option<&Vec<Vec<u8>>>, new: &[Vec<u8>], before: &[Row], after: &[Row]) {
    let Some(old) = old else { return };
    let is_time = |name: &Vec<u8>| TIMES.iter().any(|time| time.as_bytes() == name);
    for (at, name) in old.iter().enumerate().filter(|(_, name)| !is_time(name)) {
        assert_eq!(new[at], *name);
        for (was, is) in before.iter().zip(after) {
            assert_eq!(was.cells[at], is.cells[at]);
        }
    }
}
