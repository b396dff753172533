//! The conversation with splunkd: what getinfo is answered, how requests and replies alternate, how it ends.
//!
//! `run` checks every rule on the way: one reply for one request, exact lengths, nothing but `{"finished":false}` before
//! the last, silence on standard error, exit code 0 (1 after an error), probes that touch nothing. The tests here
//! drive the cases in which that is hard to keep.

mod support;

use serde_json::{Value, json};
use std::collections::BTreeSet;
use support::{
    Conversation, HISTORY, NOW, Outcome, Splunk, access, body_of, execute_frame, header_only, row,
};

const HEADER: &str = "bucket_name,remote_ip,firstTime,lastTime\n";

fn strings(value: &Value) -> BTreeSet<&str> {
    let items = value.as_array().into_iter().flatten();
    items.filter_map(Value::as_str).collect()
}

fn getinfo_of(splunk: &Splunk, arguments: &str) -> Value {
    splunk.search(arguments).run().getinfo.metadata
}

#[test]
fn getinfo_asks_for_the_fields_that_are_needed_and_no_other() {
    let splunk = Splunk::new();
    let metadata = getinfo_of(&splunk, "");
    assert_eq!(metadata["type"], "events");
    let expected = BTreeSet::from([
        "bucket_name",
        "remote_ip",
        "_time",
        "_raw",
        "http_status",
        "operation",
        "request_uri",
        "requester",
        "user_agent",
    ]);
    assert_eq!(strings(&metadata["required_fields"]), expected);
    let fields = metadata["required_fields"].as_array().unwrap();
    assert_eq!(fields.len(), expected.len(), "each field once");
}

#[test]
fn getinfo_asks_for_the_fields_that_by_names() {
    let metadata = getinfo_of(
        &Splunk::new(),
        "lookup=own.csv by user \"src ip\" operation",
    );
    let fields = strings(&metadata["required_fields"]);
    assert!(
        ["user", "src ip", "operation", "_time", "_raw"]
            .iter()
            .all(|field| fields.contains(field))
    );
    assert!(!fields.contains("bucket_name") && !fields.contains("remote_ip"));
    assert_eq!(
        metadata["required_fields"].as_array().unwrap().len(),
        fields.len(),
        "each field once"
    );
}

#[test]
fn getinfo_says_reporting_where_the_result_is_a_table_of_its_own() {
    let splunk = Splunk::new();
    for arguments in ["output=pairs", "seed=true", "seed=true output=events"] {
        let metadata = getinfo_of(&splunk, arguments);
        assert_eq!(metadata["type"], "reporting", "{arguments}");
        let fields = strings(&metadata["required_fields"]);
        let summarised = [
            "firstTime",
            "lastTime",
            "earliest",
            "latest",
            "firstTimeSeen",
            "lastTimeSeen",
            "count",
        ];
        assert!(
            summarised.iter().all(|field| fields.contains(field)),
            "{arguments}: {fields:?}"
        );
    }
    for arguments in [
        "output=events",
        "output=all",
        "new=unseen maxevents=3 update=false",
    ] {
        assert_eq!(
            getinfo_of(&splunk, arguments)["type"],
            "events",
            "{arguments}"
        );
    }
}

#[test]
fn probes_say_nothing_and_touch_nothing_whatever_the_history_is() {
    let broken = Splunk::new().history("no such columns\n\"unterminated");
    let fresh = Splunk::new();
    for splunk in [broken, fresh] {
        let search = splunk.search("new=unseen");
        let before = splunk.snapshot();
        let probes: Vec<String> = (0..3).map(|n| search.probe(n).metadata_text).collect();
        assert!(probes.iter().all(|reply| reply == &probes[0]));
        assert_eq!(splunk.snapshot(), before);
    }
}

#[test]
fn a_probe_needs_no_lookups_folder_and_no_splunk_home() {
    let splunk = Splunk::new();
    std::fs::remove_dir(splunk.lookups()).unwrap();
    let search = splunk.search("").environment("SPLUNK_HOME", "/nonexistent");
    search.probe(0);
    assert!(!splunk.lookups().exists(), "a probe makes no folder");
}

#[test]
fn every_request_in_the_middle_is_answered_with_nothing() {
    let splunk = Splunk::new().history(HEADER);
    let mut talk = splunk.search("new=unseen").start();
    talk.getinfo();
    for ip in ["192.0.2.1", "192.0.2.2", "192.0.2.3"] {
        let reply = talk.execute(&body_of(&[access("billing", ip, NOW)]), false);
        assert_eq!(
            (reply.metadata_text.as_str(), reply.body.len()),
            ("{\"finished\":false}", 0)
        );
    }
    let reply = talk.execute(&body_of(&[access("billing", "192.0.2.4", NOW)]), true);
    assert!(reply.finished());
    assert_eq!(
        reply.body.split(|byte| *byte == b'\n').count(),
        1 + 4 + 1,
        "a header and four rows"
    );
    assert_eq!(talk.hang_up().expect_silence().code, Some(0));
}

/// Whether splunkd writes the next request before it has read a reply is not documented.
#[test]
fn requests_may_be_sent_before_the_replies_are_read() {
    let splunk = Splunk::new().history(HEADER);
    let mut talk = splunk.search("new=unseen").start();
    let rows: Vec<_> = (0..20)
        .map(|n| access("billing", &format!("192.0.2.{n}"), NOW))
        .collect();
    let mut requests = talk.getinfo_frame().to_vec();
    for (index, row) in rows.iter().enumerate() {
        let body = body_of(std::slice::from_ref(row));
        requests.extend(execute_frame(&body, index + 1 == rows.len()));
    }
    assert!(talk.send(&requests));
    let replies: Vec<_> = (0..=rows.len()).map(|_| talk.process.reply()).collect();
    assert!(replies.last().unwrap().finished());
    assert_eq!(talk.hang_up().expect_silence().code, Some(0));
}

#[test]
fn a_search_that_finds_nothing_is_answered_all_the_same() {
    let nothing: [&[&[u8]]; 4] = [
        &[b""],
        &[b"", b"", b""],
        &[&header_only(&["_time", "bucket_name", "remote_ip"])],
        &[b"\"_time\",\"bucket_name\"\n", b""],
    ];
    for bodies in nothing {
        let splunk = Splunk::new().history(HEADER);
        let mut search = splunk.search("");
        for body in bodies {
            search = search.body(body);
        }
        let found = search.run();
        found.expect_no_rows().expect_no_message("ERROR");
        assert_eq!(found.messages_of("INFO").len(), 1, "{:?}", found.messages());
        assert_eq!(splunk.history_text(), HEADER);
    }
}

#[test]
fn a_last_chunk_without_rows_ends_a_search_that_had_some() {
    let rows = [access("billing", "192.0.2.7", NOW)];
    for last in [
        Vec::new(),
        header_only(&["_time", "bucket_name"]),
        b"_time\n".to_vec(),
    ] {
        let splunk = Splunk::new().history(HEADER);
        let found = splunk.search("").chunk(&rows).body(&last).run();
        found.expect_rows("bucket_name,remote_ip,newIP\nbilling,192.0.2.7,1\n");
    }
}

#[test]
fn the_same_rows_give_the_same_result_however_the_stream_is_cut() {
    let rows: Vec<_> = (0..40)
        .map(|n| {
            access(
                &format!("bucket{}", n % 3),
                &format!("2001:db8::{:x}", n % 7),
                NOW - n,
            )
        })
        .collect();
    let mut results: BTreeSet<(Vec<u8>, String)> = BTreeSet::new();
    for seed in 0..12 {
        let splunk = Splunk::new().history(HEADER);
        let found = splunk.search("").events(&rows).seed(seed).probes(0).run();
        found.expect_success();
        results.insert((found.last().body.clone(), splunk.history_text()));
    }
    assert_eq!(results.len(), 1, "{results:#?}");
}

#[test]
fn the_summary_says_what_was_read_and_what_became_of_the_history() {
    let splunk = Splunk::new().history(
        "bucket_name,remote_ip,firstTime,lastTime\nbilling,192.0.2.1,1600000000,1600000000\n",
    );
    let rows = [
        access("billing", "192.0.2.1", NOW),
        access("billing", "192.0.2.2", NOW),
        access("billing", "192.0.2.2", NOW),
        access("billing", "192.0.2.3", NOW).status(403),
        access("archive", "192.0.2.3", NOW),
    ];
    let found = splunk.search("").events(&rows).run();
    let [summary] = found
        .messages_of("INFO")
        .try_into()
        .expect("one INFO message");
    let numbers = numbers_in(&summary.replace(HISTORY, ""));
    // Rows, successful, pairs, new, history before and after; the time comes last.
    assert_eq!(
        numbers.get(..6),
        Some([5, 4, 3, 2, 1, 3].as_slice()),
        "{summary}"
    );
}

fn numbers_in(text: &str) -> Vec<u64> {
    let digits = text.split(|letter: char| !letter.is_ascii_digit());
    digits.filter_map(|digits| digits.parse().ok()).collect()
}

#[test]
fn a_preview_shows_rows_and_publishes_nothing() {
    let splunk = Splunk::new().history(HEADER);
    let before = splunk.snapshot();
    let rows = [access("billing", "192.0.2.7", NOW)];
    let found = splunk.search("").events(&rows).preview().run();
    found.expect_rows("bucket_name,remote_ip,newIP\nbilling,192.0.2.7,1\n");
    assert_eq!(splunk.snapshot(), before);
    let found = splunk.search("").events(&rows).run();
    found.expect_rows("bucket_name,remote_ip,newIP\nbilling,192.0.2.7,1\n");
    assert_eq!(
        splunk.history_text(),
        format!("{HEADER}billing,192.0.2.7,{NOW},{NOW}\n")
    );
}

#[test]
fn a_fatal_error_has_its_message_before_it() {
    let splunk = Splunk::new().history("bucket_name,remote_ip\n\"unterminated");
    let found = splunk
        .search("")
        .events(&[access("billing", "192.0.2.7", NOW)])
        .run();
    let last = found.last();
    let place = |key: &str| last.metadata_text.find(key);
    assert!(
        place("\"inspector\":").is_some() && place("\"inspector\":") < place("\"error\":"),
        "{}",
        last.metadata_text
    );
    found.expect_message("ERROR", &[found.error().unwrap()]);
    assert!(last.finished() && last.body.is_empty());
}

#[test]
fn a_fatal_error_at_getinfo_has_its_message_before_it() {
    let found = Splunk::new().search("windo=-1h").run();
    assert_eq!(found.replies.len(), 0, "the error comes at getinfo");
    found.expect_message("ERROR", &[found.error().unwrap()]);
}

/// splunkd may have written the first chunk already: a broken pipe on its side would hide the error text.
#[test]
fn after_a_fatal_error_the_input_is_drained_for_a_while_and_not_for_ever() {
    let splunk = Splunk::new();
    let mut talk = splunk.search("windo=-1h").whole_writes().start();
    assert!(talk.getinfo().error().is_some());
    let late = execute_frame(&vec![b'x'; 1 << 20], true);
    assert!(
        talk.send(&late),
        "the pipe broke under a request that was on its way"
    );
    let ended = talk.process.wait();
    assert_eq!(ended.expect_silence().code, Some(1));
    assert!(ended.took.as_secs() < 15, "{:?}", ended.took);
}

#[test]
fn unknown_keys_are_ignored() {
    let splunk = Splunk::new().history(HEADER);
    let found = splunk
        .search("new=unseen")
        .events(&[access("billing", "192.0.2.7", NOW)])
        .searchinfo(
            "a_key_of_splunk_12",
            json!({"nested": [1, null, {"deeper": []}]}),
        )
        .searchinfo("earliest_time", json!(1_599_172_248.5))
        .searchinfo("latest_time", json!(null))
        .searchinfo("maxresultrows", json!(0))
        .metadata("another", json!(["x"]))
        .metadata("streaming_command_will_restart", json!(true))
        .run();
    found.expect_rows("remote_ip\n192.0.2.7\n");
}

#[test]
fn every_key_of_searchinfo_may_be_missing() {
    let keys = [
        "args",
        "raw_args",
        "dispatch_dir",
        "sid",
        "app",
        "owner",
        "username",
        "session_key",
        "splunkd_uri",
        "splunk_version",
        "search",
        "command",
        "maxresultrows",
        "earliest_time",
        "latest_time",
    ];
    for key in keys {
        let splunk = Splunk::new().history(HEADER);
        let search = splunk
            .search("")
            .events(&[access("billing", "192.0.2.7", NOW)])
            .probes(0);
        let found = search.without_searchinfo(key).run();
        found.expect_success().expect_no_message("ERROR");
        assert!(splunk.history_text().contains("192.0.2.7"), "without {key}");
    }
}

#[test]
fn searchinfo_preview_and_the_restart_flag_may_be_missing() {
    for key in ["searchinfo", "preview", "streaming_command_will_restart"] {
        let splunk = Splunk::new().history(HEADER);
        let search = splunk
            .search("")
            .events(&[access("billing", "192.0.2.7", NOW)])
            .probes(0);
        search.without_metadata(key).run().expect_success();
        assert!(splunk.history_text().contains("192.0.2.7"), "without {key}");
    }
}

#[test]
fn a_request_that_does_not_say_finished_is_not_the_last() {
    let splunk = Splunk::new().history(HEADER);
    let mut talk = splunk.search("").start();
    talk.getinfo();
    let reply = talk.ask(&support::frame("{\"action\":\"execute\"}", b""));
    assert_eq!(reply.metadata_text, "{\"finished\":false}");
    assert_eq!(talk.hang_up().expect_silence().code, Some(0));
}

#[test]
fn a_body_that_comes_with_getinfo_is_read_over() {
    let splunk = Splunk::new().history(HEADER);
    let search = splunk.search("");
    let mut talk = search.start();
    let request = support::frame(&search.getinfo_metadata(None), b"\"_time\"\n1\n");
    assert_eq!(talk.ask(&request).metadata["type"], "events");
    let reply = talk.execute(&body_of(&[access("billing", "192.0.2.7", NOW)]), true);
    assert!(reply.finished() && reply.error().is_none());
    assert_eq!(talk.hang_up().expect_silence().code, Some(0));
}

#[test]
fn no_environment_variable_says_where_data_goes() {
    let splunk = Splunk::new().history(HEADER);
    let mut search = splunk
        .search("")
        .events(&[access("billing", "192.0.2.7", NOW)]);
    for name in [
        "SPLUNK_HOME",
        "SPLUNK_ETC",
        "SPLUNK_DB",
        "TMPDIR",
        "HOME",
        "PWD",
    ] {
        search = search.environment(name, "/nonexistent");
    }
    search.run().expect_rows("remote_ip\n192.0.2.7\n");
    assert_eq!(
        splunk.history_text(),
        format!("{HEADER}billing,192.0.2.7,{NOW},{NOW}\n")
    );
}

#[test]
fn more_new_rows_than_memory_holds_come_back_whole_and_in_order() {
    let splunk = Splunk::new().history(HEADER);
    let wide = "x".repeat(60_000);
    let pair = |n: usize| access("billing", &format!("2001:db8::{n:x}"), NOW - n as i64);
    let rows: Vec<_> = (1..=500).map(|n| pair(n).set("wide", &wide)).collect();
    let found = splunk
        .search("new=unseen")
        .events(&rows)
        .whole_writes()
        .run();
    let expected: Vec<String> = (1..=500).map(|n| format!("2001:db8::{n:x}")).collect();
    assert_eq!(found.column("remote_ip"), expected);
    assert!(
        found
            .column_bytes("wide")
            .iter()
            .all(|cell| cell.len() == wide.len())
    );
}

#[test]
fn two_rows_of_one_search_may_be_the_same() {
    let splunk = Splunk::new().history(HEADER);
    let rows = [
        access("billing", "192.0.2.7", NOW),
        access("billing", "192.0.2.7", NOW),
        row(),
    ];
    let found: Outcome = splunk.search("").events(&rows).run();
    found.expect_rows("remote_ip,newIP\n192.0.2.7,1\n192.0.2.7,1\n");
}

/// The reply comes after the history is on the disk, so its reader can rely on that.
#[test]
fn the_history_is_published_before_the_last_reply() {
    let splunk = Splunk::new().history(HEADER);
    let mut talk: Conversation = splunk.search("").start();
    talk.getinfo();
    talk.execute(&body_of(&[access("billing", "192.0.2.7", NOW)]), false);
    assert_eq!(splunk.history_text(), HEADER, "not before the last request");
    talk.execute(b"", true);
    assert_eq!(
        splunk.history_text(),
        format!("{HEADER}billing,192.0.2.7,{NOW},{NOW}\n")
    );
    assert_eq!(talk.hang_up().expect_silence().code, Some(0));
}
