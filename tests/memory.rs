//! The search command's memory: the same for a small history and a large one, and the same for few events of known pairs
//! and many.
//!
//! Measured when the command has published the history and is stopped in its last reply: that is larger than a pipe
//! holds, and only its first byte has been read. Peaks are the kernel's (VmHWM of /proc), so they have the program
//! itself and its libraries in them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a failed expectation is a failed test, with its line"
)]

mod support;

use std::fs::File;
use std::io::{BufReader, BufWriter, Cursor, Read, Write};

use s3newip::csv::MAX_RECORD_BYTES;
use support::{
    Conversation, NOW, Row, Splunk, access, body_of, execute_frame, log_line, read_reply, runner,
};

/// The most that a search may hold, in KiB.
const BOUND: u64 = 48 << 10;

/// The most by which two searches may differ that differ in their history alone, in KiB.
const DIFFERENCE: u64 = 16 << 10;

/// The events of each chunk, about as many as splunkd sends at once.
const CHUNK: u64 = 5_000;

/// How many of the history's pairs have events: as many as a busy hour has.
const PAIRS_SEEN: u64 = 5_000;

/// Events of the one new pair: their reply does not fit into a pipe.
const NEW_EVENTS: u64 = 200;

/// The address of the history's pair with this number; the pairs of a history are spread over the whole file.
fn address(number: u64) -> String {
    format!("2001:db8::{:x}:{:x}", number >> 16, number & 0xffff)
}

fn write_history(splunk: &Splunk, pairs: u64) {
    let mut file = BufWriter::new(File::create(splunk.history_path()).unwrap());
    file.write_all(b"bucket_name,remote_ip,firstTime,lastTime\n")
        .unwrap();
    for number in 0..pairs {
        let ip = address(number);
        writeln!(file, "bucket-{},{ip},1600000000,1600000001", number % 100).unwrap();
    }
    file.flush().unwrap();
}

/// An event of about 1.5 KB, as the add-on extracts it: the line, and its fields once more.
fn event(bucket: &str, ip: &str) -> Row {
    let agent =
        "Boto3/1.26.0 Python/3.10 Linux/5.10 exec-env/AWS_Lambda Botocore/1.29.0 ".repeat(4);
    let line = log_line(bucket, ip).user_agent(&agent).text();
    access(bucket, ip, NOW)
        .set(
            "source",
            "s3://orchard-access-logs/2023-11-14-22-13-20-3E57427F3EXAMPLE",
        )
        .set("sourcetype", "aws:s3:accesslogs")
        .set("operation", "REST.GET.OBJECT")
        .set("request_uri", format!("GET /{bucket}/report.csv HTTP/1.1"))
        .set("user_agent", agent)
        .raw(line)
}

/// `count` events of the history's pairs from the event with number `from` on.
fn known_events(from: u64, count: u64, pairs: u64) -> Vec<u8> {
    let seen = PAIRS_SEEN.min(pairs);
    let rows = (from..from + count).map(|number| {
        let pair = number % seen * (pairs / seen);
        event(&format!("bucket-{}", pair % 100), &address(pair))
    });
    body_of(&rows.collect::<Vec<_>>())
}

/// The peak in KiB of a search over a history of `pairs`, to which so many `events` of known pairs come.
fn peak_kib(pairs: u64, events: u64) -> u64 {
    let starts = (0..events).step_by(CHUNK as usize);
    let chunks = starts.map(|from| known_events(from, CHUNK.min(events - from), pairs));
    let peak = peak_of_chunks_kib(pairs, chunks);
    println!("{pairs} pairs, {events} events of known pairs: {peak} KiB");
    peak
}

/// The same for chunks of events of known pairs.
fn peak_of_chunks_kib(pairs: u64, chunks: impl Iterator<Item = Vec<u8>>) -> u64 {
    let splunk = Splunk::new();
    write_history(&splunk, pairs);
    let mut talk = splunk.search("new=unseen").whole_writes().start();
    talk.getinfo();
    for chunk in chunks {
        talk.execute(&chunk, false);
    }
    let new: Vec<_> = (0..NEW_EVENTS)
        .map(|_| event("bucket-1", "192.0.2.7"))
        .collect();
    talk.send(&execute_frame(&body_of(&new), true));
    let peak = peak_in_last_reply(&mut talk, NEW_EVENTS);
    talk.hang_up();
    peak
}

/// The peak, and the rest of the reply: it has so many rows.
fn peak_in_last_reply(talk: &mut Conversation, expected: u64) -> u64 {
    let first = talk.process.read_some(1);
    let peak = talk.process.peak_memory_kib();
    let rest = talk.process.read_some(usize::MAX);
    let mut reply = BufReader::new(Cursor::new(first).chain(rest.as_slice()));
    let reply = read_reply(&mut reply).unwrap().expect("a reply");
    let rows = csv::Reader::from_reader(reply.body.as_slice()).into_byte_records();
    assert_eq!(rows.count() as u64, expected, "{}", reply.metadata_text);
    peak.expect("it waits in its last reply")
}

/// Under an emulator, the peak is that of the emulator.
fn is_emulated() -> bool {
    if runner().is_some() {
        println!("skipped: the binary runs in an emulator");
    }
    runner().is_some()
}

#[test]
fn memory_does_not_grow_with_the_history() {
    if is_emulated() {
        return;
    }
    let peaks = [10_000, 1_000_000].map(|pairs| peak_kib(pairs, 20_000));
    let [small, large] = peaks;
    assert!(small < BOUND && large < BOUND, "{peaks:?} KiB");
    assert!(small.abs_diff(large) < DIFFERENCE, "{peaks:?} KiB");
}

#[test]
fn memory_does_not_grow_with_the_events_of_known_pairs() {
    if is_emulated() {
        return;
    }
    let peaks = [5_000, 40_000].map(|events| peak_kib(10_000, events));
    let [few, many] = peaks;
    assert!(
        many < BOUND && many.saturating_sub(few) < DIFFERENCE,
        "{peaks:?} KiB"
    );
}

#[test]
fn memory_does_not_grow_with_the_headers_times_their_columns() {
    if is_emulated() {
        return;
    }
    let chunks = (0..1500).map(|number| {
        let columns = (0..20).map(|column| format!("column_{number}_{column}"));
        let row = columns.fold(access("bucket-0", &address(0), NOW), |row, column| {
            row.set(&column, "")
        });
        body_of(&[row])
    });
    let peak = peak_of_chunks_kib(100, chunks);
    assert!(peak < BOUND, "{peak} KiB");
}

/// A client chooses how long the shown fields of its accesses are, and from how many addresses they come.
#[test]
fn memory_does_not_grow_with_the_details_of_new_pairs() {
    if is_emulated() {
        return;
    }
    let pairs = 20_000;
    let splunk = Splunk::new();
    let mut talk = splunk
        .search("new=unseen output=pairs")
        .whole_writes()
        .start();
    talk.getinfo();
    for from in (0..pairs).step_by(CHUNK as usize) {
        let rows = (from..from + CHUNK).map(|number| {
            access("billing", &address(number), NOW).set("user_agent", "x".repeat(4000))
        });
        let last = from + CHUNK == pairs;
        let body = body_of(&rows.collect::<Vec<_>>());
        if last {
            talk.send(&execute_frame(&body, true));
        } else {
            talk.execute(&body, false);
        }
    }
    let peak = peak_in_last_reply(&mut talk, pairs);
    talk.hang_up();
    assert!(peak < BOUND, "{peak} KiB");
}

/// A row of 64 MB may have to be held; a longer one, which one client's requests have made in a summarised search, is
/// passed over, and the pairs beside it are found.
#[test]
fn a_row_beyond_the_limit_is_passed_over_and_costs_no_other_row() {
    const LONG: usize = 3 * MAX_RECORD_BYTES;
    let splunk = Splunk::new().history("bucket_name,remote_ip,firstTime,lastTime\n");
    let mut talk = splunk
        .search("new=unseen output=pairs")
        .whole_writes()
        .start();
    talk.getinfo();
    let mut body =
        b"_time,bucket_name,remote_ip,request_uri\n1700000000,billing,192.0.2.1,\"GET /\"\n"
            .to_vec();
    body.extend_from_slice(b"1700000000,billing,192.0.2.66,\"");
    // Line feeds, commas and quotes of its own end neither it nor a cell.
    let uri = b"GET /,\n\"\"192.0.2.67\"\" HTTP/1.1\n";
    body.extend(uri.iter().cycle().take(LONG / uri.len() * uri.len()));
    body.extend_from_slice(b"\"\n1700000000,billing,192.0.2.2,\"GET /\"\n");
    talk.execute(&body, false);
    let peak = talk.process.peak_memory_kib();
    let reply = talk.execute(b"", true);
    talk.hang_up();
    let found = String::from_utf8(reply.body.clone()).unwrap();
    assert_eq!(found.lines().count(), 3, "{found}");
    assert!(
        found.contains("192.0.2.1") && found.contains("192.0.2.2"),
        "{found}"
    );
    let skipped = "1 of 3 rows could not be used: 1 with more than 64 MB (first: row 2)";
    let warning = ("WARN".to_owned(), skipped.to_owned());
    assert!(
        reply.messages().contains(&warning),
        "{}",
        reply.metadata_text
    );
    if !is_emulated() {
        let peak = peak.expect("it waits for the next chunk");
        let bound = BOUND + (MAX_RECORD_BYTES >> 10) as u64;
        assert!(peak < bound, "{peak} KiB");
    }
}

/// `cargo test --release --test memory -- --ignored --nocapture`; takes 2 GB of disk.
#[test]
#[ignore = "a minute and 2 GB of disk"]
fn memory_is_the_same_for_ten_million_pairs() {
    let peaks = [10_000, 1_000_000, 10_000_000].map(|pairs| peak_kib(pairs, 200_000));
    assert!(peaks.iter().all(|peak| *peak < BOUND), "{peaks:?} KiB");
}
