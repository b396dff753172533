//! What is read from a row: its time, its key, and whether the access succeeded.

mod support;

use support::{NOW, Outcome, Row, Splunk, access, log_line, row};

const HEADER: &str = "bucket_name,remote_ip,firstTime,lastTime\n";

/// Runs over an empty history and returns what came out with the history it left.
fn over_nothing(arguments: &str, rows: &[Row]) -> (Outcome, String) {
    let splunk = Splunk::new().history(HEADER);
    let found = splunk.search(arguments).events(rows).run();
    found.expect_success();
    let history = splunk.history_text();
    (found, history)
}

/// The rows of the history after a run over nothing.
fn learnt(rows: &[Row]) -> String {
    let (_, history) = over_nothing("new=unseen", rows);
    history.replacen(HEADER, "", 1)
}

fn pair(bucket: &str, ip: &str) -> Row {
    row().bucket(bucket).ip(ip)
}

#[test]
fn a_summarised_row_has_its_times_under_one_of_three_spellings() {
    let spellings = [
        ("firstTime", "lastTime"),
        ("earliest", "latest"),
        ("firstTimeSeen", "lastTimeSeen"),
    ];
    for (first, last) in spellings {
        let rows = [
            pair("billing", "192.0.2.7")
                .set(first, "1699999000")
                .set(last, "1699999900")
                .set("count", "12"),
            pair("billing", "192.0.2.8")
                .set(first, "1699998000")
                .set(last, "1699998000")
                .set("count", "1"),
        ];
        let (found, history) = over_nothing("output=pairs", &rows);
        let expected = "bucket_name,remote_ip,firstTime,lastTime,newIP,count\n\
                        billing,192.0.2.8,1699998000,1699998000,1,1\n\
                        billing,192.0.2.7,1699999000,1699999900,1,12\n";
        found.expect_rows(expected);
        assert_eq!(
            history,
            format!(
                "{HEADER}billing,192.0.2.7,1699999000,1699999900\nbilling,192.0.2.8,1699998000,1699998000\n"
            ),
            "{first}"
        );
    }
}

#[test]
fn an_empty_raw_makes_no_event_of_a_summarised_row() {
    for raw in ["", "\"\""] {
        let body =
            format!("_time,bucket_name,remote_ip,_raw,count\n{NOW},billing,192.0.2.7,{raw},7\n");
        let splunk = Splunk::new().history(HEADER);
        let found = splunk.search("output=pairs").body(body).run();
        assert_eq!(found.column("count"), ["7"], "{raw:?}");
    }
}

#[test]
fn the_time_of_an_event_is_preferred_to_the_columns_of_a_summary() {
    let rows = [pair("billing", "192.0.2.7")
        .at(NOW)
        .set("firstTime", "1500000000")
        .set("lastTime", "1500000001")];
    assert_eq!(learnt(&rows), format!("billing,192.0.2.7,{NOW},{NOW}\n"));
    let rows = [pair("billing", "192.0.2.7")
        .at("")
        .set("earliest", "1500000000")
        .set("latest", "1500000001")];
    assert_eq!(learnt(&rows), "billing,192.0.2.7,1500000000,1500000001\n");
}

#[test]
fn times_are_exact_to_the_microsecond() {
    let rows = [
        access("billing", "192.0.2.1", "1700000000.123456"),
        access("billing", "192.0.2.2", "1700000000.000000"),
        access("billing", "192.0.2.3", "1700000000.100000"),
        access("billing", "192.0.2.4", "9007199254.740993"),
        access("billing", "192.0.2.5", "1700000000.1"),
        access("billing", "192.0.2.5", "1700000000.000001"),
        access("billing", "192.0.2.5", "1700000000.3"),
    ];
    let expected = "billing,192.0.2.1,1700000000.123456,1700000000.123456\n\
                    billing,192.0.2.2,1700000000,1700000000\n\
                    billing,192.0.2.3,1700000000.1,1700000000.1\n\
                    billing,192.0.2.4,9007199254.740993,9007199254.740993\n\
                    billing,192.0.2.5,1700000000.000001,1700000000.3\n";
    assert_eq!(learnt(&rows), expected);
}

#[test]
fn a_row_without_a_usable_time_is_skipped() {
    for time in [
        "",
        "now",
        "NaN",
        "inf",
        "1e9",
        "14/Nov/2023:22:13:20 +0000",
        "1.2.3",
        &"9".repeat(40),
    ] {
        let rows = [
            access("billing", "192.0.2.7", time),
            access("billing", "192.0.2.8", NOW),
        ];
        let (found, history) = over_nothing("new=unseen", &rows);
        found
            .expect_rows("remote_ip\n192.0.2.8\n")
            .expect_message("WARN", &["1 ", "row 1", "time"]);
        assert!(!history.contains("192.0.2.7"), "{time:?}");
    }
}

#[test]
fn rows_without_a_key_are_counted_and_the_first_is_named() {
    let good = access("billing", "192.0.2.7", NOW);
    let rows = [
        good.clone(),
        good.clone(),
        good.clone().ip("-"),
        good.clone().bucket(""),
        good.clone().without("remote_ip"),
        good.clone(),
    ];
    let (found, history) = over_nothing("output=all", &rows);
    found.expect_rows("remote_ip\n192.0.2.7\n192.0.2.7\n192.0.2.7\n");
    found.expect_message("WARN", &["3 ", "row 3", "remote_ip", "bucket_name"]);
    assert_eq!(
        found
            .messages_of("WARN")
            .iter()
            .filter(|text| text.contains("row 3"))
            .count(),
        1,
        "one message"
    );
    assert_eq!(history, format!("{HEADER}billing,192.0.2.7,{NOW},{NOW}\n"));
}

#[test]
fn rows_are_numbered_over_the_whole_search() {
    let splunk = Splunk::new().history(HEADER);
    let good = access("billing", "192.0.2.7", NOW);
    let search = splunk
        .search("")
        .chunk(&[good.clone(), good.clone()])
        .body("");
    let found = search
        .chunk(&[good.clone(), good.clone().ip("-")])
        .chunk(&[good.ip("-")])
        .run();
    found.expect_message("WARN", &["2 ", "row 4"]);
}

#[test]
fn a_search_whose_rows_are_all_usable_does_not_warn() {
    let splunk = Splunk::new().history(format!("{HEADER}billing,192.0.2.1,1,2\n"));
    let found = splunk
        .search("")
        .events(&[access("billing", "192.0.2.7", NOW)])
        .run();
    found.expect_no_message("WARN").expect_no_message("ERROR");
}

#[test]
fn an_address_has_one_spelling() {
    let spellings = [
        ("2001:DB8:0:0:0:0:0:7", "2001:db8::7"),
        ("2001:0db8:0000:0000:0000:0000:0000:0007", "2001:db8::7"),
        ("2001:db8::7", "2001:db8::7"),
        ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::FFFF:c000:201", "192.0.2.1"),
        ("0:0:0:0:0:ffff:192.0.2.1", "192.0.2.1"),
        ("192.0.2.1", "192.0.2.1"),
        ("::", "::"),
        // Not addresses: byte for byte.
        ("192.0.2.01", "192.0.2.01"),
        ("192.0.2", "192.0.2"),
        ("2001:db8::7/64", "2001:db8::7/64"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("Svc:Internal", "Svc:Internal"),
    ];
    for (spelt, canonical) in spellings {
        let learnt = learnt(&[access("billing", spelt, NOW)]);
        assert_eq!(
            learnt,
            format!("billing,{canonical},{NOW},{NOW}\n"),
            "{spelt}"
        );
    }
}

#[test]
fn spellings_of_one_address_are_one_pair_and_the_event_keeps_its_own() {
    let rows = [
        access("billing", "2001:DB8::7", NOW - 2),
        access("billing", "2001:db8:0::7", NOW - 1),
        access("billing", "::ffff:192.0.2.1", NOW),
        access("billing", "192.0.2.1", NOW),
    ];
    let (found, history) = over_nothing("", &rows);
    found.expect_rows("remote_ip\n2001:DB8::7\n2001:db8:0::7\n::ffff:192.0.2.1\n192.0.2.1\n");
    let expected = format!(
        "billing,192.0.2.1,{NOW},{NOW}\nbilling,2001:db8::7,{},{}\n",
        NOW - 2,
        NOW - 1
    );
    assert_eq!(history, format!("{HEADER}{expected}"));
}

#[test]
fn an_address_is_canonical_under_any_key_field() {
    let splunk = Splunk::new().lookup("hosts.csv", "dest,firstTime,lastTime\n2001:DB8:0::7,1,2\n");
    let rows = [
        row().at(NOW).set("dest", "2001:db8::7"),
        row().at(NOW).set("dest", "2001:DB8::8"),
    ];
    let found = splunk
        .search("lookup=hosts.csv new=unseen by dest")
        .events(&rows)
        .run();
    found.expect_rows("dest\n2001:DB8::8\n");
}

#[test]
fn the_status_is_read_from_the_log_line() {
    let line = |status: &str| log_line("billing", "192.0.2.7").status(status).text();
    let event = |line: String, http_status: &str| {
        access("billing", "192.0.2.7", NOW)
            .status(http_status)
            .raw(line)
    };
    let seen = |row: Row| !learnt(&[row]).is_empty();
    assert!(seen(event(line("200"), "403")), "the log line wins");
    assert!(!seen(event(line("403"), "200")), "the log line wins");
    assert!(seen(event(line("206"), "HTTP/1.1\"")));
    assert!(!seen(event(line("403"), "")));
    assert!(
        seen(event("{\"http_status\": 403}".to_owned(), "200")),
        "not a log line: http_status decides"
    );
    assert!(!seen(event("{\"http_status\": 200}".to_owned(), "403")));
    assert!(!seen(event(String::new(), "404")));
}

#[test]
fn a_status_that_an_attacker_forged_does_not_hide_the_access() {
    let forged = [
        // A quote in the URL shifts the add-on's extraction.
        ("GET /billing/secret.csv?x-a=\" HTTP/1.1", "HTTP/1.1\""),
        // So far that it reads a believable refusal.
        (
            "GET /billing/secret.csv?x-a=\" 403 AccessDenied 243 - 8 - \"-\" \"curl/8\" HTTP/1.1",
            "403",
        ),
        ("GET /billing/a?x=%22\"%20403%20 HTTP/1.1", "%20403%20"),
    ];
    for (uri, http_status) in forged {
        let line = log_line("billing", "192.0.2.7").request_uri(uri).text();
        let rows = [access("billing", "192.0.2.7", NOW)
            .status(http_status)
            .raw(line)];
        assert_eq!(
            learnt(&rows),
            format!("billing,192.0.2.7,{NOW},{NOW}\n"),
            "{uri}"
        );
    }
}

#[test]
fn spaces_and_quotes_in_other_fields_do_not_hide_a_refusal() {
    let requester = "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E2EXAMPLE1OAI";
    let lines = [
        log_line("billing", "192.0.2.7")
            .requester(requester)
            .status("403")
            .text(),
        log_line("billing", "192.0.2.7")
            .user_agent("Mozilla/5.0 Safari/604.1\"")
            .status("403")
            .text(),
        log_line("billing", "192.0.2.7")
            .user_agent("\"Mozilla 200 - 1 1")
            .status("403")
            .text(),
    ];
    for line in lines {
        let rows = [access("billing", "192.0.2.7", NOW).raw(&line)];
        assert_eq!(learnt(&rows), "", "{line}");
    }
}

#[test]
fn without_a_log_line_a_status_that_is_no_three_digit_number_counts_as_success() {
    let event = access("billing", "192.0.2.7", NOW);
    for status in [
        "",
        "-",
        "ok",
        "20",
        "2000",
        "200 OK",
        "HTTP/1.1\"",
        " 403",
        "+40",
    ] {
        assert!(
            !learnt(&[event.clone().status(status)]).is_empty(),
            "{status:?}"
        );
    }
    assert!(!learnt(&[event.clone().without("http_status")]).is_empty());
    for status in ["403", "404", "500", "301", "000", "999"] {
        assert!(
            learnt(&[event.clone().status(status)]).is_empty(),
            "{status:?}"
        );
    }
}

#[test]
fn an_access_that_failed_is_neither_shown_nor_learnt() {
    let rows = [
        access("billing", "192.0.2.7", NOW).status(403),
        access("billing", "192.0.2.8", NOW),
    ];
    for output in ["events", "all", "pairs"] {
        let (found, history) = over_nothing(&format!("output={output}"), &rows);
        found.expect_rows("remote_ip\n192.0.2.8\n");
        assert!(!history.contains("192.0.2.7"), "{output}");
    }
}

#[test]
fn a_multivalue_key_counts_once_for_each_value() {
    let rows = [
        access("billing", "", NOW).values(
            "remote_ip",
            &["192.0.2.7", "2001:DB8::7", "192.0.2.7", "-", ""],
        ),
        access("", "192.0.2.9", NOW).values("bucket_name", &["a$b", "c;d"]),
    ];
    let (found, history) = over_nothing("output=pairs", &rows);
    let expected = "bucket_name,remote_ip,count\na$b,192.0.2.9,1\nbilling,192.0.2.7,1\nbilling,2001:db8::7,1\nc;d,192.0.2.9,1\n";
    found.expect_rows(expected);
    assert_eq!(history.lines().count(), 1 + 4);
    let (found, _) = over_nothing("", &rows);
    assert_eq!(
        found.row_count(),
        2,
        "an event comes back once\n{}",
        found.transcript
    );
}

#[test]
fn rows_of_many_pairs_are_all_taken_in() {
    // Each of 10,000 pairs, and all of them in memory at once would be too many.
    let row = |row: u32| {
        let buckets: Vec<_> = (0..100).map(|n| format!("bucket-{row}-{n}")).collect();
        let addresses: Vec<_> = (0..100).map(|n| format!("192.0.2.{n}")).collect();
        let buckets: Vec<_> = buckets.iter().map(String::as_str).collect();
        let addresses: Vec<_> = addresses.iter().map(String::as_str).collect();
        access("", "", NOW)
            .values("bucket_name", &buckets)
            .values("remote_ip", &addresses)
    };
    let rows: Vec<_> = (0..5)
        .map(row)
        .chain([access("last", "192.0.2.1", NOW)])
        .collect();
    let (found, history) = over_nothing("", &rows);
    assert_eq!(found.row_count(), 6);
    assert_eq!(history.lines().count(), 1 + 50_001);
    assert!(history.ends_with(&format!("last,192.0.2.1,{NOW},{NOW}\n")));
}

#[test]
fn more_rows_without_a_pair_than_are_read_at_once_are_counted() {
    let body = format!("_time,bucket_name,remote_ip\n{}", ",,\n".repeat(50_000));
    let splunk = Splunk::new().history(HEADER);
    let last = format!("{NOW},billing,192.0.2.7\n");
    let found = splunk.search("").body(format!("{body}{last}")).run();
    found.expect_message(
        "WARN",
        &["50000 of 50001 rows could not be used: 50000 with no usable _time"],
    );
    assert_eq!(found.column("remote_ip"), ["192.0.2.7"]);
}

#[test]
fn a_multivalue_event_is_new_when_one_of_its_pairs_is() {
    let splunk =
        Splunk::new().history(format!("{HEADER}billing,192.0.2.1,1600000000,1600000000\n"));
    let both = access("billing", "", NOW).values("remote_ip", &["192.0.2.1", "192.0.2.2"]);
    let known = access("billing", "192.0.2.1", NOW);
    let found = splunk.search("new=unseen").events(&[both, known]).run();
    found.expect_rows("bucket_name,newIP\nbilling,1\n");
}

#[test]
fn a_twin_that_is_broken_leaves_the_plain_column() {
    for twin in ["192.0.2.8", "$192.0.2.8", "$", "192.0.2.8$"] {
        let rows = [access("billing", "192.0.2.7", NOW).twin("remote_ip", twin)];
        let learnt = learnt(&rows);
        assert_eq!(learnt, format!("billing,192.0.2.7,{NOW},{NOW}\n"), "{twin}");
    }
    let rows = [access("billing", "ignored", NOW).twin("remote_ip", "$192.0.2.8$")];
    assert_eq!(
        learnt(&rows),
        format!("billing,192.0.2.8,{NOW},{NOW}\n"),
        "a twin wins over the plain column"
    );
}

/// The body of a chunk of `count` rows, each with a pair of its own.
fn body(count: usize) -> String {
    let row = |n: usize| {
        format!(
            "{NOW},billing,\"2001:db8::{n:x}\",\"{}\"\n",
            "padding ".repeat(8)
        )
    };
    let rows: String = (1..=count).map(row).collect();
    format!("_time,bucket_name,remote_ip,note\n{rows}")
}

/// More than one thread reads it.
const LONG: usize = 10_000;

#[test]
fn a_long_chunk_gives_what_short_ones_give() {
    let body = body(LONG);
    assert!(body.len() > 900_000);
    let (head, rows) = body.split_once('\n').unwrap();
    let lines: Vec<_> = rows.lines().collect();
    let splunk = Splunk::new().history(HEADER);
    let long = splunk.search("").body(&body).run();
    let history = splunk.history_text();
    let splunk = Splunk::new().history(HEADER);
    let mut search = splunk.search("");
    for lines in lines.chunks(999) {
        search = search.body(format!("{head}\n{}\n", lines.join("\n")));
    }
    let short = search.run();
    assert_eq!(long.column("remote_ip").len(), LONG);
    assert_eq!(long.column("remote_ip"), short.column("remote_ip"));
    assert!(history == splunk.history_text());
}

#[test]
fn a_malformed_row_is_named_in_short_and_in_long_chunks() {
    let wrong = [
        (
            "1,2,3\n",
            "expected 4 cells as in its chunk's header, found 3",
        ),
        (
            "1,2,3,4,5\n",
            "expected 4 cells as in its chunk's header, found 5",
        ),
        ("1,2,\"3\" ,4\n", "closing quote at byte 7 of the row"),
        ("1,2,\"3,4\n", "begins at byte 5 of the row does not end"),
    ];
    for (row, expected) in wrong {
        for before in [0, 3, LONG] {
            let splunk = Splunk::new().history(HEADER);
            let body = format!("{}{row}", body(before));
            // An empty line is no row.
            let found = splunk
                .search("")
                .body(body.replacen("note\n", "note\n\n", 1))
                .run();
            found.expect_error(&[&format!("row {}", before + 1), expected]);
            assert_eq!(splunk.history_text(), HEADER);
        }
    }
}
