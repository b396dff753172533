//! Every limit on what comes from outside: at the limit all is well, one beyond it is refused or cut, and said.
//!
//! | what | limit | beyond it | tested |
//! |---|---|---|---|
//! | a frame's header line | `frame::MAX_HEADER_BYTES` | the run fails | here |
//! | a frame's metadata | `frame::MAX_METADATA_BYTES` | the run fails | here |
//! | a row of events | `csv::MAX_RECORD_BYTES` | the row is skipped, a warning counts it | here, tests/memory.rs |
//! | a row of the history, a chunk's header | the same | the run fails | here |
//! | pairs in one search | 4 GiB of their text | rows with more are skipped, a warning counts them | src/detector/engine.rs |
//! | pairs in one row | `access::MAX_PAIRS_PER_ROW` | the row is skipped, a warning counts it | here |
//! | bytes of them | `access::MAX_PAIR_BYTES_PER_ROW` | the same | here |
//! | key fields after `by` | `pair::MAX_KEY_FIELDS` | refused at getinfo | tests/options.rs |
//! | a lookup's name | 200 bytes | refused at getinfo | here |
//! | a relative time | `reltime::MAX_TEXT_BYTES` | refused at getinfo | here |
//! | a time zone in info.csv | 64 KiB, 256 types, 2000 transitions | not a time zone | src/reltime/serialized.rs |
//! | info.csv | `job_info::MAX_INFO_BYTES` | not known | here |
//! | a foreign value in a message | 80 characters | cut | here |
//! | what a lock's holder says of itself | 400 bytes | cut | src/history/lock.rs |
//! | the wait for the lock | `history::LOCK_WAIT` | nothing is published | tests/concurrency.rs |
//! | a log line for `scan` | 1 MiB | cut | src/scan/lines.rs |
//! | an event in which a status is believed | 9,997 bytes | ambiguous: counts as success | src/accesslog |
//! | rows held in memory | `MEMORY_BYTES` | go to a file | src/detector/spill.rs |
//! | pairs kept of a history | `MAX_PAIRS` | the history is read again | src/detector/fingerprints.rs |
//! | a time | the year 9999 | the row is skipped | here |

mod support;

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use s3newip::csv::{ReadError, RecordReader};
use s3newip::splunk::frame;
use s3newip::splunk::job_info::{self, JobInfo};
use s3newip::splunk::options::Options;
use s3newip::text::escape;
use s3newip::{access, csv, reltime};
use support::{InfoCsv, NOW, Outcome, Reply, Splunk, access as event, row, runner};

const HEADER: &str = "bucket_name,remote_ip,firstTime,lastTime\n";

/// The reply to `request` after an answered getinfo.
fn reply_to(splunk: &Splunk, request: &[u8]) -> Reply {
    let mut talk = splunk.search("new=unseen").probes(0).start();
    talk.getinfo();
    let reply = talk.ask(request);
    talk.hang_up();
    reply
}

#[test]
fn a_header_line_of_64_bytes_is_read() {
    let splunk = Splunk::new().history(HEADER);
    let metadata = r#"{"action":"execute","finished":true}"#;
    for (length, read) in [
        (frame::MAX_HEADER_BYTES, true),
        (frame::MAX_HEADER_BYTES + 1, false),
    ] {
        let start = format!("chunked 1.0,{},", metadata.len());
        let line = format!("{start}{:>width$}\n", 0, width = length - start.len() - 1);
        assert_eq!(line.len(), length);
        let reply = reply_to(&splunk, format!("{line}{metadata}").as_bytes());
        assert_eq!(reply.error().is_none(), read, "{}", reply.metadata_text);
    }
}

#[test]
fn metadata_of_16_mebibytes_are_read() {
    let splunk = Splunk::new().history(HEADER);
    for (length, read) in [
        (frame::MAX_METADATA_BYTES, true),
        (frame::MAX_METADATA_BYTES + 1, false),
    ] {
        let metadata = r#"{"action":"execute","finished":true}"#;
        let spaces = " ".repeat(length as usize - metadata.len());
        let request = format!("chunked 1.0,{length},0\n{metadata}{spaces}");
        let reply = reply_to(&splunk, request.as_bytes());
        assert_eq!(reply.error().is_none(), read, "{}", reply.metadata_text);
        assert!(
            read || reply
                .error()
                .unwrap()
                .contains(&frame::MAX_METADATA_BYTES.to_string())
        );
    }
}

#[test]
fn the_most_metadata_that_may_be_promised_take_no_memory_before_they_come() {
    let splunk = Splunk::new().history(HEADER);
    let promise = format!(
        "chunked 1.0,{},4294967295\n{{\"action\":",
        frame::MAX_METADATA_BYTES
    );
    // In place of getinfo, and of the request after it.
    for answered in [false, true] {
        let mut talk = splunk.search("").start();
        if answered {
            talk.getinfo();
        }
        talk.send(promise.as_bytes());
        std::thread::sleep(Duration::from_millis(300));
        let peak = talk.process.peak_memory_kib().unwrap_or(0);
        assert!(
            runner().is_some() || peak < frame::MAX_METADATA_BYTES >> 10,
            "{peak} KiB"
        );
        let ended = talk.hang_up();
        assert!(
            ended.stderr.is_empty() && ended.code == Some(0),
            "{}",
            ended.transcript
        );
    }
}

#[test]
fn a_row_of_64_mebibytes_is_read_and_one_beyond_is_not() {
    for quoted in [false, true] {
        let mut text = vec![b'x'; csv::MAX_RECORD_BYTES + 1];
        let read = |text: &[u8]| match RecordReader::new(text).next_record() {
            Ok(row) => Some(row.unwrap().record.bytes().len()),
            Err(error) => {
                assert!(matches!(error, ReadError::TooLong));
                assert_eq!(
                    error.to_string(),
                    format!("a row is longer than {} bytes", csv::MAX_RECORD_BYTES)
                );
                None
            }
        };
        if quoted {
            text[0] = b'"';
            text[csv::MAX_RECORD_BYTES - 1] = b'"';
        }
        text[csv::MAX_RECORD_BYTES] = b'\n';
        assert_eq!(read(&text), None, "a line ending beyond the limit");
        let at_limit = &mut text[1..];
        at_limit[0] = at_limit[csv::MAX_RECORD_BYTES - 2];
        assert_eq!(read(at_limit), Some(csv::MAX_RECORD_BYTES - 1));
    }
}

#[test]
fn ten_thousand_pairs_in_one_row_are_read() {
    let names = |prefix: &str, count: usize| -> Vec<String> {
        (0..count)
            .map(|number| format!("{prefix}{number}"))
            .collect()
    };
    for (count, found) in [(100, access::MAX_PAIRS_PER_ROW), (101, 0)] {
        let (buckets, addresses) = (names("b", count), names("2001:db8::", 100));
        let values = |names: &[String], row: support::Row, column: &str| {
            row.values(
                column,
                &names.iter().map(String::as_str).collect::<Vec<_>>(),
            )
        };
        let row = values(&buckets, row().at(NOW), "bucket_name");
        let row = values(&addresses, row, "remote_ip");
        let splunk = Splunk::new().history(HEADER);
        let outcome = splunk
            .search("new=unseen output=pairs")
            .events(&[row])
            .run();
        assert_eq!(outcome.row_count(), found);
        if found == 0 {
            outcome.expect_message("WARN", &["more than 10000 pairs", "row 1"]);
        }
    }
}

#[test]
fn sixteen_megabytes_of_pairs_in_one_row_are_read() {
    const ADDRESSES: usize = 1000;
    let addresses: Vec<_> = (0..ADDRESSES)
        .map(|number| format!("2001:db8::{number}"))
        .collect();
    let addresses: Vec<_> = addresses.iter().map(String::as_str).collect();
    let most = access::MAX_PAIR_BYTES_PER_ROW / ADDRESSES;
    for (length, found) in [(most - 20, ADDRESSES), (most, 0)] {
        let row = row().at(NOW).bucket(&"b".repeat(length));
        let splunk = Splunk::new().history(HEADER);
        let outcome = splunk
            .search("new=unseen output=pairs")
            .chunk(&[row.values("remote_ip", &addresses)])
            .run();
        assert_eq!(outcome.row_count(), found);
        if found == 0 {
            outcome.expect_message("WARN", &["16 MB of them, in one row", "row 1"]);
        }
    }
}

#[test]
fn a_lookup_name_of_200_bytes_can_be_written() {
    let name = |length: usize| format!("{}.csv", "n".repeat(length - 4));
    let splunk = Splunk::new();
    let search = |length| {
        let arguments = format!("lookup={} new=unseen", name(length));
        splunk
            .search(&arguments)
            .events(&[event("billing", "192.0.2.7", NOW)])
            .run()
    };
    search(200).expect_success();
    assert!(splunk.lookup_text(&name(200)).contains("192.0.2.7"));
    search(201).expect_error(&["lookup", "200"]);
}

#[test]
fn a_relative_time_of_256_bytes_is_read() {
    let splunk = Splunk::new().history(HEADER);
    let search = |length: usize| {
        let window = format!("-{}60m", "0".repeat(length - 4));
        splunk
            .search(&format!("window={window}"))
            .events(&[event("billing", "192.0.2.7", NOW)])
            .run()
    };
    search(reltime::MAX_TEXT_BYTES).expect_success();
    search(reltime::MAX_TEXT_BYTES + 1).expect_error(&["window", "256"]);
}

#[test]
fn info_csv_is_read_up_to_4_mebibytes() {
    let folder = tempfile::tempdir().unwrap();
    for (length, now) in [
        (job_info::MAX_INFO_BYTES - 1, Some(1_700_000_000)),
        (job_info::MAX_INFO_BYTES, None),
        // Cut at the limit, this now() would be a tenth of what it is.
        (job_info::MAX_INFO_BYTES + 2, None),
    ] {
        let (start, end) = ("padding,now\n", ",1700000000\n");
        let padding = "x".repeat(length as usize - start.len() - end.len());
        fs::write(
            folder.path().join("info.csv"),
            format!("{start}{padding}{end}"),
        )
        .unwrap();
        assert_eq!(JobInfo::read(Some(folder.path())).now, now, "{length}");
    }
    let messages = format!("now\n1700000000\n{}", ",DEBUG,x\n".repeat(1 << 20));
    fs::write(folder.path().join("info.csv"), messages).unwrap();
    assert_eq!(
        JobInfo::read(Some(folder.path())).now,
        Some(1_700_000_000),
        "what follows does not matter"
    );
}

#[test]
fn a_message_shows_80_characters_of_a_foreign_value() {
    assert_eq!(
        escape::quoted(&[b'x'; 80]),
        format!("\"{}\"", "x".repeat(80))
    );
    assert_eq!(
        escape::quoted(&[b'x'; 81]),
        format!("\"{}...\"", "x".repeat(80))
    );
}

#[test]
fn arguments_of_megabytes_are_refused_at_once() {
    let long = "x".repeat(4 << 20);
    let many = |first: String, other: &str| {
        let mut args = vec![first];
        args.resize(500_000, other.to_owned());
        args
    };
    let started = Instant::now();
    for args in [
        many(format!("{long}="), ""),
        many("status=2xx".to_owned(), "304"),
        vec![format!("{long}=1")],
    ] {
        let _ = Options::parse(&args);
    }
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "{:?}",
        started.elapsed()
    );
}

/// `_time` of the one row of a search over nothing; what the history then holds of it.
fn learnt(time: &str) -> (Outcome, Option<String>) {
    let splunk = Splunk::new().history(HEADER);
    let outcome = splunk
        .search("new=unseen")
        .events(&[event("billing", "192.0.2.7", time)])
        .run();
    let line = splunk.history_text().lines().nth(1).map(str::to_owned);
    (outcome, line)
}

#[test]
fn times_are_those_of_the_years_up_to_9999() {
    let kept = [
        ("253402300799.999999", "253402300799.999999"),
        ("-1.5", "-1.5"),
        ("-253402300799", "-253402300799"),
        ("0", "0"),
        (&format!("1.{}", "1".repeat(40)), "1.111111"),
        (&format!("{}7", "0".repeat(40)), "7"),
    ];
    for (time, expected) in kept {
        let line = format!("billing,192.0.2.7,{expected},{expected}");
        assert_eq!(learnt(time).1, Some(line), "{time}");
    }
    for time in [
        "253402300800",
        "-253402300800",
        "9223372036854775807",
        "-9223372036854775808",
        "-NaN",
        "+inf",
        "-",
        "1e400",
    ] {
        let (outcome, line) = learnt(time);
        outcome.expect_message("WARN", &["row 1", "time"]);
        assert_eq!(line, None, "{time}");
    }
}

#[test]
fn times_of_the_history_are_those_of_the_years_up_to_9999() {
    let search = |time: &str| {
        let splunk = Splunk::new().history(format!("{HEADER}billing,192.0.2.7,{time},{time}\n"));
        let events = [
            event("billing", "192.0.2.7", NOW),
            event("logs", "192.0.2.7", NOW),
        ];
        let outcome = splunk.search("new=unseen").events(&events).run();
        (outcome, splunk.history_text())
    };
    for (time, first, last) in [
        ("253402300799.999999", "1700000000", "253402300799.999999"),
        ("-253402300799", "-253402300799", "1700000000"),
    ] {
        let (outcome, history) = search(time);
        outcome.expect_rows("bucket_name\nlogs\n");
        assert!(
            history.contains(&format!("\nbilling,192.0.2.7,{first},{last}\n")),
            "{history}"
        );
    }
    for time in ["253402300800", &"9".repeat(40), "NaN", "-inf", "1e9"] {
        let (outcome, history) = search(time);
        outcome.expect_error(&["line 2", "epoch seconds", time.get(..3).unwrap_or(time)]);
        assert!(!history.contains("logs"), "nothing was written");
    }
}

#[test]
fn a_now_in_any_year_up_to_9999_is_taken_and_a_window_out_of_the_calendar_refused() {
    let splunk = Splunk::new().history(HEADER);
    for now in ["253402200000", "1"] {
        let rows = [event("billing", "192.0.2.7", now)];
        let search = splunk.search("window=-70m@m update=false").events(&rows);
        let found = search.info_csv(InfoCsv::at(NOW).set("now", now)).run();
        assert_eq!(found.row_count(), 1, "{now}");
    }
    for window in ["-99999y", "-999999999999999999s", "+9000y@y", "-200000000d"] {
        let search = splunk.search(&format!("window={window}"));
        let found = search.events(&[event("billing", "192.0.2.7", NOW)]).run();
        found.expect_error(&[window.get(..5).unwrap_or(window)]);
    }
}

#[test]
fn a_scan_takes_times_of_the_years_up_to_9999() {
    if runner().is_some() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let scan = |time: &str, now: &str| {
        let line = format!(
            "owner billing [{time}] 192.0.2.7 - ID REST.GET.OBJECT a \"GET /a HTTP/1.1\" 200 - 1 1 1 1 \"-\" \"curl\" -\n"
        );
        fs::write(folder.path().join("log"), line).unwrap();
        let arguments = [
            "scan",
            "--dry-run",
            "--new",
            "window",
            "--format",
            "ndjson",
            "--now",
            now,
            "log",
        ];
        let mut command = Command::new(env!("CARGO_BIN_EXE_s3newip"));
        let output = command
            .args(arguments)
            .current_dir(folder.path())
            .output()
            .unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
        )
    };
    let row = |time: &str, found: (Option<i32>, String)| {
        assert!(found.0 == Some(0) && found.1.contains(time), "{found:?}");
    };
    row(
        "9999-12-30T21:59:59Z",
        scan("30/Dec/9999:21:59:59 +0000", "253402200000"),
    );
    assert_eq!(
        scan("02/Jan/0000:00:00:00 +0000", "0"),
        (Some(0), String::new()),
        "long known"
    );
    assert_eq!(
        scan("31/Dec/9999:23:59:59 -2559", "0"),
        (Some(0), String::new()),
        "a time that does not exist"
    );
    for now in ["253402300800", "-1", "NaN", &"9".repeat(40)] {
        assert_eq!(scan("06/Feb/2026:00:00:38 +0000", now).0, Some(2), "{now}");
    }
}
