//! Streams that are not the protocol: nothing hangs, nothing allocates what was only promised, no history changes.

mod support;

use std::time::Duration;
use support::{Ended, NOW, Reply, Splunk, access, body_of, execute_frame, frame, runner};

const HISTORY: &str =
    "bucket_name,remote_ip,firstTime,lastTime\nbilling,192.0.2.1,1600000000,1600000000\n";

/// The most that the process may hold for a conversation that never came about, in KiB: a third of a small chunk.
const SMALL_KIB: u64 = 64 << 10;

/// Sends `bytes` after an answered getinfo and expects a fatal error in the protocol.
fn refused(bytes: &[u8]) -> Reply {
    let splunk = Splunk::new().history(HISTORY);
    let before = splunk.snapshot();
    let mut talk = splunk.search("").start();
    talk.getinfo();
    let reply = talk.ask(bytes);
    assert!(
        reply.error().is_some() && reply.finished(),
        "{}",
        reply.metadata_text
    );
    assert_eq!(talk.hang_up().expect_silence().code, Some(1));
    assert_eq!(splunk.snapshot(), before, "the history is as it was");
    reply
}

/// Sends `bytes` in place of getinfo and hangs up: the texts on standard output and standard error, and the exit code.
fn first_words(bytes: &[u8]) -> Ended {
    let splunk = Splunk::new().history(HISTORY);
    let before = splunk.snapshot();
    let mut talk = splunk.search("").start();
    talk.send(bytes);
    let ended = talk.hang_up();
    assert_eq!(splunk.snapshot(), before, "nothing was touched");
    assert!(ended.took < Duration::from_secs(5), "{:?}", ended.took);
    ended
}

fn text_of(ended: &Ended) -> String {
    let texts = [&ended.rest, &ended.stderr];
    texts
        .map(|text| String::from_utf8_lossy(text).into_owned())
        .concat()
}

#[test]
fn a_second_request_that_is_no_execute_is_refused() {
    let splunk = Splunk::new();
    let again = splunk.search("").getinfo_metadata(None);
    let metadata = [
        again.as_str(),
        "{}",
        r#"{"action":"EXECUTE","finished":true}"#,
        r#"{"action":7}"#,
    ];
    for metadata in metadata {
        refused(&frame(metadata, b""));
    }
}

#[test]
fn metadata_that_is_no_json_object_is_refused() {
    let bad: [&[u8]; 8] = [
        b"",
        b"[]",
        b"null",
        b"{\"action\":\"execute\",\"finished\":true",
        b"{\"action\":\"execute\",\"finished\":\"yes\"}",
        b"{\"action\":\"execute\",\"finished\":true}}",
        b"{\"action\":\"exe\xffcute\"}",
        b"\x00\x00\x00",
    ];
    for metadata in bad {
        let mut request = format!("chunked 1.0,{},0\n", metadata.len()).into_bytes();
        request.extend_from_slice(metadata);
        refused(&request);
    }
}

#[test]
fn metadata_nested_without_end_is_refused() {
    let nested = format!("{{\"action\":\"execute\",\"x\":{}", "[".repeat(100_000));
    refused(&frame(&nested, b""));
}

#[test]
fn a_header_that_is_not_the_protocols_is_refused() {
    let bad: [&[u8]; 9] = [
        b"chunked 2.0,36,0\n{\"action\":\"execute\",\"finished\":true}",
        b"chunked 1.0,36\n{\"action\":\"execute\",\"finished\":true}",
        b"chunked 1.0,-1,0\n",
        b"chunked 1.0,0x24,0\n",
        b"chunked 1.0,36,0,0\n",
        b"chunked 1.0,99999999999999999999999,0\n",
        b"chunked 1.0,36,99999999999999999999999\n",
        b"\n",
        b"\x00\xff\n",
    ];
    for header in bad {
        let reply = refused(header);
        let error = reply.error().unwrap_or_default();
        assert!(
            error.contains("chunked 1.0"),
            "says what a header looks like: {error}"
        );
    }
}

#[test]
fn a_header_line_without_an_end_is_refused_when_it_is_too_long() {
    refused(&vec![b'c'; 1 << 20]);
    let mut line = b"chunked 1.0,36,".to_vec();
    line.resize(1 << 20, b'0');
    refused(&line);
}

#[test]
fn a_first_request_that_is_no_getinfo_is_refused() {
    let streams = [
        execute_frame(&body_of(&[access("billing", "192.0.2.7", NOW)]), true),
        frame("{}", b""),
        frame("not json", b""),
        b"chunked 1.0,nine,0\n".to_vec(),
        vec![b'x'; 1 << 20],
    ];
    for stream in streams {
        let ended = first_words(&stream);
        assert!(matches!(ended.code, Some(1 | 2)), "{}", ended.transcript);
        assert!(
            !text_of(&ended).is_empty(),
            "a word on what is wrong\n{}",
            ended.transcript
        );
    }
}

/// What splunkd writes to a command that its commands.conf does not call chunked (protocol version 1). The first line
/// may hold the user's session key.
#[test]
fn a_version_1_stream_gets_a_hint_that_chunked_is_missing() {
    let streams: [&[u8]; 4] = [
        b"authString:<auth><userId>admin</userId><username>admin</username><authToken>secret</authToken></auth>\n\n",
        b"sessionKey:secret\ninfoPath:/opt/splunk/info.csv\n\n\"_time\"\n\"1\"\n",
        b"infoPath:/opt/splunk/var/run/splunk/dispatch/1.1/externSearchResultsInfo.csv\n\n\"_time\"\n\"1\"\n",
        b"\"_time\",\"bucket_name\"\n\"1\",\"billing\"\n",
    ];
    for stream in streams {
        let ended = first_words(stream);
        assert!(matches!(ended.code, Some(1 | 2)), "{}", ended.transcript);
        let text = text_of(&ended);
        assert!(
            text.contains("chunked = true") && text.contains("commands.conf"),
            "{text}"
        );
        assert!(
            !text.contains("secret"),
            "a session key in the hint: {text}"
        );
    }
}

#[test]
fn a_body_that_is_only_promised_takes_no_memory() {
    let promise =
        b"chunked 1.0,36,4294967295\n{\"action\":\"execute\",\"finished\":true}\"_time\",buck";
    let ended = promised(promise);
    assert_eq!(
        ended.expect_silence().code,
        Some(0),
        "cancelled within a body"
    );
}

#[test]
fn metadata_that_is_only_promised_takes_no_memory() {
    let ended = promised(b"chunked 1.0,4294967295,0\n{\"action\":");
    assert!(ended.stderr.is_empty(), "{}", ended.transcript);
    assert!(
        matches!(ended.code, Some(0 | 1)),
        "cancelled, or refused\n{}",
        ended.transcript
    );
}

fn promised(bytes: &[u8]) -> Ended {
    let splunk = Splunk::new().history(HISTORY);
    let mut talk = splunk.search("").start();
    talk.getinfo();
    talk.send(bytes);
    std::thread::sleep(Duration::from_millis(300));
    let peak = talk.process.peak_memory_kib().unwrap_or(0);
    assert!(runner().is_some() || peak < SMALL_KIB, "{peak} KiB");
    talk.hang_up()
}

#[test]
fn a_body_that_breaks_the_rules_of_csv_is_refused() {
    let bad: [&[u8]; 4] = [
        b"_time,bucket_name,remote_ip\n1700000000,billing\n",
        b"_time,bucket_name,remote_ip\n1700000000,billing,192.0.2.7,more\n",
        b"_time,bucket_name,remote_ip\n1700000000,billing,\"192.0.2.7\n",
        b"\"_time,bucket_name,remote_ip\n",
    ];
    for body in bad {
        let reply = refused(&execute_frame(body, true));
        let error = reply.error().unwrap_or_default();
        assert!(!error.contains("192.0.2.7\n"), "escaped: {error}");
    }
}

#[test]
fn a_row_with_control_characters_is_shown_escaped() {
    let splunk = Splunk::new().history(HISTORY);
    let hostile = "\u{1b}[2Jevil\r\n\u{202e}";
    let rows = [
        access("-", hostile, NOW),
        access(hostile, "-", hostile),
        access(hostile, hostile, NOW),
    ];
    // Reading the replies checks that no message has a control character in it.
    splunk
        .search(&format!("by bucket_name remote_ip {}", "\u{1b}[1m"))
        .events(&rows)
        .run();
    let found = splunk.search("").events(&rows).run();
    found.expect_success();
}

#[test]
fn metadata_is_repeated_escaped_and_in_short() {
    let long = format!("\u{202e}{}", "x".repeat(100_000));
    for finished in ["\u{1b}[2J\u{202e}", &long] {
        let metadata = serde_json::json!({"action": "execute", "finished": finished}).to_string();
        let error = refused(&frame(&metadata, b"")).error().unwrap().to_owned();
        assert!(error.contains("\\u{202e}") && error.len() < 300, "{error}");
    }
    for metadata in ["[]", "7", "null"] {
        let error = refused(&frame(metadata, b"")).error().unwrap().to_owned();
        assert!(!error.contains("struct"), "{error}");
    }
}

#[test]
fn key_fields_are_repeated_escaped() {
    let splunk = Splunk::new().history(HISTORY).lookup("pairs.csv", HISTORY);
    let rows = [access("billing", "192.0.2.1", NOW)];
    let search = |file: &str| {
        splunk
            .search(&format!("lookup={file} by b\u{202e}"))
            .chunk(&rows)
            .run()
    };
    search("previously_seen_S3_access_from_remote_ip.csv").expect_error(&["by \"b\\u{202e}\": "]);
    search("pairs.csv").expect_error(&["a column b\\u{202e} in"]);
    search("other.csv").expect_message("WARN", &["with no b\\u{202e} ("]);
}

#[test]
fn a_thousand_columns_and_a_thousand_headers_are_no_trouble() {
    let splunk = Splunk::new().history(HISTORY);
    let mut search = splunk.search("new=unseen").probes(0).whole_writes();
    for chunk in 0..300 {
        let mut row = access("billing", "192.0.2.7", NOW);
        for column in 0..10 {
            row = row.set(&format!("column {chunk} {column}"), "x");
        }
        search = search.chunk(&[row]);
    }
    let found = search.run();
    assert_eq!(found.row_count(), 300);
    assert!(found.columns().len() > 6000, "every column and its twin");
}

#[test]
fn the_whole_stream_may_be_noise() {
    let mut dice = support::Dice::new(7);
    for _ in 0..20 {
        let noise: Vec<u8> = (0..dice.between(1, 5000))
            .map(|_| dice.next() as u8)
            .collect();
        let ended = first_words(&noise);
        assert!(matches!(ended.code, Some(1 | 2)), "{}", ended.transcript);
    }
}

#[test]
fn a_conversation_cut_or_spoilt_anywhere_is_survived() {
    let splunk = Splunk::new().history(HISTORY);
    let search = splunk.search("new=unseen");
    let body = body_of(&[access("billing", "192.0.2.7", NOW), access("-", "::1", NOW)]);
    let mut stream = frame(&search.getinfo_metadata(None), b"");
    let getinfo = stream.len();
    stream.extend(execute_frame(&body, false));
    stream.extend(execute_frame(&body, true));
    let mut dice = support::Dice::new(11);
    for _ in 0..60 {
        let mut spoilt = stream.clone();
        let place = dice.between(0, stream.len() - 1);
        match dice.between(1, 3) {
            1 => spoilt.truncate(place),
            2 => _ = spoilt.remove(place),
            _ => spoilt[place] = dice.next() as u8,
        }
        let mut talk = search.start();
        talk.send(&spoilt);
        let ended = talk.hang_up();
        assert!(matches!(ended.code, Some(0..=2)), "{}", ended.transcript);
        assert!(
            place < getinfo || ended.stderr.is_empty(),
            "{}",
            ended.transcript
        );
    }
}

/// What clients write into logs, or extractions make of it.
const FRAGMENTS: [&[u8]; 24] = [
    b"\"",
    b"\"\"",
    b",",
    b"\n",
    b"\r",
    b"\r\n",
    b"\0",
    b"$",
    b"$;$",
    b";",
    b"-",
    b"\\",
    b"=",
    b" ",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xe2\x80\xae",
    b"\x1b[2J",
    b"192.0.2.7",
    b"200",
    b"403",
    b"\" 403 - ",
    b"bucket_name,remote_ip\n",
    b"1e400",
];

fn hostile(dice: &mut support::Dice) -> Vec<u8> {
    let pieces = dice.between(0, 12);
    let mut text: Vec<u8> = (0..pieces)
        .flat_map(|_| *dice.pick(&FRAGMENTS))
        .copied()
        .collect();
    match dice.between(1, 60) {
        1 => text.resize(1 << 16, *dice.pick(b"x\",\n$;")),
        2 => text.extend((0..64).map(|_| dice.next() as u8)),
        _ => {}
    }
    text
}

/// A row whose cells clients have chosen.
fn hostile_row(dice: &mut support::Dice) -> support::Row {
    const COLUMNS: [&str; 14] = [
        "_time",
        "_raw",
        "bucket_name",
        "remote_ip",
        "requester",
        "http_status",
        "count",
        "firstTime",
        "lastTime",
        "earliest",
        "operation",
        "request_uri",
        "user_agent",
        "newIP",
    ];
    let mut row = access("billing", "192.0.2.66", NOW);
    for _ in 0..dice.between(1, 6) {
        let column = *dice.pick(&COLUMNS);
        let value = hostile(dice);
        row = row.set(column, &value);
        if dice.one_in(3) {
            row = row.twin(column, hostile(dice));
        }
        if dice.one_in(3) {
            let text = String::from_utf8_lossy(&value).into_owned();
            let line = support::log_line(&text, "192.0.2.66")
                .request_uri(&text)
                .user_agent(&text);
            row = row.raw(line.text());
        }
    }
    row
}

/// docs/fatal-errors.md: nothing in a log ends a search, hides another's access, or makes a history that cannot be read.
#[test]
fn no_content_of_a_log_ends_a_search() {
    let arguments = [
        "new=unseen",
        "new=unseen output=all",
        "new=unseen output=pairs",
        "maxevents=1",
        "seed=true",
        "lookup=agents.csv new=unseen by bucket_name user_agent",
        "lookup=lines.csv new=unseen output=pairs by _raw remote_ip requester request_uri user_agent",
    ];
    let splunk = Splunk::new().history(HISTORY);
    let mut dice = support::Dice::new(23);
    for round in 0..10 {
        for (number, arguments) in arguments.iter().enumerate() {
            let mut rows: Vec<_> = (0..dice.between(1, 60))
                .map(|_| hostile_row(&mut dice))
                .collect();
            let (bucket, agent) = (
                format!("planted-{round}-{number}"),
                format!("agent {round}"),
            );
            let honest = access(&bucket, "192.0.2.7", NOW);
            let honest = ["requester", "request_uri", "user_agent"]
                .iter()
                .fold(honest, |row, column| row.set(column, &agent));
            rows.push(honest.raw(support::log_line(&bucket, "192.0.2.7").text()));
            let found = splunk
                .search(arguments)
                .seed(dice.next())
                .events(&rows)
                .run();
            found.expect_success();
            if *arguments != "seed=true" {
                let buckets = found.column(if arguments.contains("_raw") {
                    "_raw"
                } else {
                    "bucket_name"
                });
                assert!(
                    buckets.iter().any(|found| found.contains(&bucket)),
                    "{}",
                    found.transcript
                );
            }
        }
    }
}
