//! A log file for `s3newip scan`.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use s3newip::accesslog::{self, HttpStatus, Line};
use s3newip::host::Host;
use s3newip::pair;
use s3newip::reltime::{RelativeTime, Zone};
use s3newip::rules::{NewRule, Output, StatusList};
use s3newip::scan::{self, ScanArguments};
use s3newip::text::escape;
use s3newip::text::timestamp::Timestamp;
use serde_json::{Value, json};

use super::csv_reference::records;
use super::temp_app::TempApp;

/// See the table in [`super`].
pub fn check(data: &[u8]) {
    // A file with the magic number of gzip is decompressed.
    if data.starts_with(&[0x1f, 0x8b]) {
        return;
    }
    let app = TempApp::new();
    let (plain, packed) = (app.path().join("log"), app.path().join("log.gz"));
    fs::write(&plain, data).unwrap();
    let mut encoder = GzEncoder::new(File::create(&packed).unwrap(), Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap();
    let scan = |path: &PathBuf, format: &str| {
        let lookup = app.lookups().join("seen.csv");
        scan_file(path.clone(), lookup, format)
    };
    let json = scan(&plain, "ndjson");
    assert_eq!(scan(&packed, "ndjson"), json);
    let rows = json
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let rows: Vec<_> = rows.collect();
    assert_eq!(rows, expected(data));
    check_csv(&scan(&plain, "csv"), rows.len());
    let table = scan(&plain, "table");
    assert!(table.lines().count() == rows.len() + usize::from(!rows.is_empty()));
    assert!(!table.contains(|letter: char| letter.is_control() && letter != '\n'));
    assert!(app.names().is_empty(), "a dry run writes nothing");
}

fn scan_file(path: PathBuf, lookup: PathBuf, format: &str) -> String {
    let arguments = ScanArguments {
        paths: vec![path],
        lookup,
        window: RelativeTime::parse("-70m@m").unwrap(),
        new: NewRule::Unseen,
        status: StatusList::DEFAULT.parse().unwrap(),
        output: Output::All,
        max_events: 0,
        seed: false,
        dry_run: true,
        now: Some(1_700_000_000),
        geoip: None,
        format: clap::ValueEnum::from_str(format, false).unwrap(),
    };
    let host = Host {
        executable: PathBuf::new(),
        clock: 1_700_000_000,
        seed: [5; 16],
        lock_wait: Duration::from_secs(1),
        zone: Zone::utc,
        hung_up: || false,
    };
    let mut out = Vec::new();
    scan::run(&arguments, &host, &mut out).expect("a scan of a file");
    String::from_utf8(out).expect("the output is UTF-8")
}

/// The rows of every successful access, line by line.
fn expected(data: &[u8]) -> Vec<Value> {
    let lines = data.split(|byte| *byte == b'\n');
    let lines = lines.map(|line| {
        let end = line.iter().rposition(|byte| *byte != b'\r');
        &line[..end.map_or(0, |end| end + 1)]
    });
    lines
        .filter_map(|line| accesslog::parse(line).ok())
        .filter(counts)
        .map(|line| row(&line))
        .collect()
}

fn counts(line: &Line<'_>) -> bool {
    let usable = |value: &[u8]| value != b"-" && !value.contains(&0);
    let success = match line.http_status {
        HttpStatus::Code(code) => matches!(code, 200..=299 | 304),
        _ => true,
    };
    usable(line.bucket_name) && usable(line.remote_ip) && success
}

fn row(line: &Line<'_>) -> Value {
    let text = |bytes: &[u8]| match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => escape::escaped(bytes),
    };
    let mut pair = Vec::new();
    pair::push_value(&mut pair, line.bucket_name);
    pair::push_value(&mut pair, line.remote_ip);
    let mut values = pair::values(&pair);
    json!({
        "_time": Timestamp::from_seconds(line.request_time).to_rfc3339(),
        "newIP": 1,
        "bucket_name": text(&values.next().unwrap()),
        "src_ip": text(&values.next().unwrap()),
        "operation": text(line.operation),
        "request_uri": text(line.request_uri),
    })
}

fn check_csv(text: &str, rows: usize) {
    let records = records(text.as_bytes()).expect("no lone CR");
    assert_eq!(records.len(), rows + 1);
    for cell in records.iter().flatten() {
        let cell = std::str::from_utf8(cell).unwrap();
        assert!(!cell.contains(char::is_control), "{cell:?}");
        // Some spreadsheets split at semicolons, and ignore quotes inside a cell.
        for part in cell.split(';') {
            let part = part.trim_start_matches('"');
            let formula = part.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
            assert!(!formula || cell == "-", "{cell:?}");
        }
    }
}
