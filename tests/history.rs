//! The history file through the protocol: what is read, what is written back, what is refused, and what is left when
//! writing fails.

mod support;

use std::fs;
use std::os::unix::fs::{MetadataExt, chown, symlink};
use std::process::Command;
use support::files::{State, is_open_to_all, is_root, names_in, set_mode};
use support::strace::Strace;
use support::{HISTORY, NOW, Outcome, Search, Splunk, access, body_of};

const HEADER: &str = "bucket_name,remote_ip,firstTime,lastTime\n";

/// What the history is after a search that saw `known` (192.0.2.1) and new (192.0.2.7) on the bucket "billing" at NOW.
fn merged(history: &str) -> String {
    let splunk = Splunk::new().history(history);
    search(&splunk).run().expect_rows("remote_ip\n192.0.2.7\n");
    splunk.history_text()
}

fn search(splunk: &Splunk) -> Search<'_> {
    let rows = [
        access("billing", "192.0.2.1", NOW),
        access("billing", "192.0.2.7", NOW),
    ];
    splunk.search("new=unseen").events(&rows)
}

#[test]
fn times_are_found_under_three_spellings_and_renamed() {
    for (first, last) in [
        ("firstTime", "lastTime"),
        ("earliest", "latest"),
        ("firstTimeSeen", "lastTimeSeen"),
    ] {
        let history = format!(
            "bucket_name,remote_ip,{first},{last}\nbilling,192.0.2.1,1600000000,1600000001\n"
        );
        let expected =
            format!("{HEADER}billing,192.0.2.1,1600000000,{NOW}\nbilling,192.0.2.7,{NOW},{NOW}\n");
        assert_eq!(merged(&history), expected);
    }
}

/// A block that is begun inside a row is read once more, and nothing else is.
#[test]
fn line_breaks_in_cells_cost_at_most_a_second_reading() {
    let rows: String = (0..60_000)
        .map(|number| format!("bucket-{number},192.0.2.1,1,2,\"one\ntwo\nthree, four\"\n"))
        .collect();
    let history = format!("bucket_name,remote_ip,firstTime,lastTime,note\n{rows}");
    let blocks = history.len().div_ceil(256 << 10);
    let splunk = Splunk::new().history(&history);
    let Some(strace) = Strace::new(&splunk) else {
        return;
    };
    let found = strace.over_threads(search(&splunk), &[]).run();
    found.expect_rows("remote_ip\n192.0.2.1\n192.0.2.7\n");
    let trace = strace.trace();
    let reads = trace.0.iter().filter(|call| call.name == "pread64").count();
    // Twice for the rows, and once more, in smaller pieces, for what is copied into the new file.
    let most = 10 * blocks;
    assert!(
        (blocks..most).contains(&reads),
        "{reads} reads of {blocks} blocks"
    );
}

#[test]
fn columns_stand_in_any_order_and_keep_it() {
    let history = "lastTime,note,remote_ip,firstTime,bucket_name\n1600000001,\"a, b\",192.0.2.1,1600000000,billing\n";
    let expected = format!(
        "lastTime,note,remote_ip,firstTime,bucket_name\n{NOW},\"a, b\",192.0.2.1,1600000000,billing\n{NOW},,192.0.2.7,{NOW},billing\n"
    );
    assert_eq!(merged(history), expected);
}

#[test]
fn where_a_file_has_two_spellings_ours_wins_cell_by_cell() {
    let history = "bucket_name,remote_ip,earliest,latest,firstTime,lastTime\n\
                   billing,192.0.2.1,5,6,7,8\n\
                   billing,192.0.2.2,5,6,,\n\
                   billing,192.0.2.3,5,6,7,\n";
    let splunk = Splunk::new().history(history);
    let rows = [1, 2, 3].map(|n| access("billing", &format!("192.0.2.{n}"), NOW));
    let found = splunk.search("output=all").events(&rows).run();
    found.expect_rows(&format!(
        "firstTime,lastTime,newIP\n7,{NOW},0\n5,{NOW},0\n7,{NOW},0\n"
    ));
    let written = splunk.history_text();
    let mut lines = written.lines();
    assert_eq!(
        lines.next(),
        Some("bucket_name,remote_ip,earliest,latest,firstTime,lastTime")
    );
    for (line, key) in lines.zip([
        "billing,192.0.2.1,5,6,",
        "billing,192.0.2.2,5,6,",
        "billing,192.0.2.3,5,6,",
    ]) {
        assert!(
            line.starts_with(key) && line.ends_with(&NOW.to_string()),
            "the others stay as they are: {line}"
        );
    }
}

#[test]
fn bytes_that_no_sighting_changes_stay() {
    let untouched = "\"billing\",\"192.0.2.2\",\"1600000000\",1600000000.000000,\"say \"\"hi\"\"\",x \n\
                     archive,2001:DB8::2,1600000000,1600000000,\"two\nlines\",\"\"\n\
                     ,192.0.2.9,1,2,,\n\
                     billing,-,1,2,,\n";
    let header = "bucket_name,remote_ip,firstTime,lastTime,note,\"last one\"\n";
    let history =
        format!("{header}{untouched}billing,192.0.2.1,1600000000,1600000000,\"a\"\"b\",\" c\"\n");
    let expected = format!(
        "{header}{untouched}billing,192.0.2.1,1600000000,{NOW},\"a\"\"b\",\" c\"\nbilling,192.0.2.7,{NOW},{NOW},,\n"
    );
    assert_eq!(merged(&history), expected);
}

#[test]
fn a_history_in_an_unusual_format_is_read_and_keeps_it() {
    let cases = [
        (
            "bucket_name,remote_ip,firstTime,lastTime",
            "\n",
            "a header without a line end",
        ),
        (
            "\"bucket_name\",\"remote_ip\",\"firstTime\",\"lastTime\"\n",
            "\n",
            "quoted headers",
        ),
        (
            "bucket_name,remote_ip,firstTime,lastTime\r\n",
            "\r\n",
            "CRLF",
        ),
        (
            "\u{feff}bucket_name,remote_ip,firstTime,lastTime\n",
            "\n",
            "a byte order mark",
        ),
        (
            "\u{feff}\"bucket_name\",remote_ip,firstTime,lastTime\r\n",
            "\r\n",
            "all of them",
        ),
    ];
    for (header, end, what) in cases {
        let splunk = Splunk::new().history(header);
        search(&splunk)
            .run()
            .expect_rows("remote_ip\n192.0.2.1\n192.0.2.7\n");
        let header = header.trim_end();
        let new = |ip: &str| format!("billing,{ip},{NOW},{NOW}{end}");
        let expected = format!("{header}{end}{}{}", new("192.0.2.1"), new("192.0.2.7"));
        let written = splunk.history_text();
        assert_eq!(
            written.replace('"', ""),
            expected.replace('"', ""),
            "{what}"
        );
        search(&splunk).run().expect_no_rows();
        assert_eq!(splunk.history_text(), written, "{what}");
    }
}

#[test]
fn rows_keep_their_line_ends_and_the_last_one_gets_one() {
    let history = "bucket_name,remote_ip,firstTime,lastTime\r\nbilling,192.0.2.1,1,2\r\narchive,192.0.2.2,1,2";
    let expected = format!(
        "bucket_name,remote_ip,firstTime,lastTime\r\nbilling,192.0.2.1,1,{NOW}\r\narchive,192.0.2.2,1,2\r\n\
         billing,192.0.2.7,{NOW},{NOW}\r\n"
    );
    assert_eq!(merged(history), expected);
}

#[test]
fn multivalue_twins_in_the_history_are_other_columns() {
    let history = "bucket_name,remote_ip,firstTime,lastTime,__mv_bucket_name,__mv_remote_ip,__mv_firstTime,__mv_lastTime\n\
                   billing,192.0.2.1,1,2,,,,\n";
    let written = merged(history);
    let expected = [
        format!("billing,192.0.2.1,1,{NOW},,,,"),
        format!("billing,192.0.2.7,{NOW},{NOW},,,,"),
    ];
    assert_eq!(written.lines().skip(1).collect::<Vec<_>>(), expected);
}

#[test]
fn a_row_without_times_is_a_known_pair_whose_first_time_stays_empty() {
    let expected = format!("{HEADER}billing,192.0.2.1,,{NOW}\nbilling,192.0.2.7,{NOW},{NOW}\n");
    assert_eq!(merged(&format!("{HEADER}billing,192.0.2.1,,\n")), expected);
    let splunk = Splunk::new().history(format!("{HEADER}billing,192.0.2.1,,\n"));
    let found = splunk
        .search("")
        .events(&[access("billing", "192.0.2.1", NOW)])
        .run();
    found.expect_no_rows();
    assert_eq!(
        splunk.history_text(),
        format!("{HEADER}billing,192.0.2.1,,{NOW}\n")
    );
}

#[test]
fn a_history_without_time_columns_gets_them() {
    let expected = format!(
        "{HEADER}billing,192.0.2.1,,{NOW}\narchive,192.0.2.2,,\nbilling,192.0.2.7,{NOW},{NOW}\n"
    );
    assert_eq!(
        merged("bucket_name,remote_ip\nbilling,192.0.2.1\narchive,192.0.2.2\n"),
        expected
    );
}

#[test]
fn a_history_row_spells_its_address_in_its_own_way() {
    let history = format!("{HEADER}billing,2001:DB8:0:0::7,1,2\nbilling,::ffff:192.0.2.1,3,4\n");
    let splunk = Splunk::new().history(history);
    let rows = [
        access("billing", "2001:db8::7", NOW),
        access("billing", "192.0.2.1", NOW),
    ];
    splunk
        .search("new=unseen")
        .events(&rows)
        .run()
        .expect_no_rows();
    let expected =
        format!("{HEADER}billing,2001:DB8:0:0::7,1,{NOW}\nbilling,::ffff:192.0.2.1,3,{NOW}\n");
    assert_eq!(splunk.history_text(), expected);
}

#[test]
fn times_in_the_history_are_exact_to_the_microsecond() {
    let splunk = Splunk::new().history(format!(
        "{HEADER}billing,192.0.2.1,1700000000.000002,1700000000.000002\n"
    ));
    let rows = [
        access("billing", "192.0.2.1", "1700000000.000001"),
        access("billing", "192.0.2.1", "1700000000.000003"),
    ];
    splunk.search("").events(&rows).run().expect_success();
    assert_eq!(
        splunk.history_text(),
        format!("{HEADER}billing,192.0.2.1,1700000000.000001,1700000000.000003\n")
    );
}

#[test]
fn the_shipped_default_is_the_start_and_stays_as_it_is() {
    let shipped = "bucket_name,remote_ip,firstTime,lastTime\nbilling,192.0.2.1,1,2\n";
    let splunk = Splunk::new().default_history(shipped);
    let default = splunk.lookups().join(format!("{HISTORY}.default"));
    let before = State::of(&default);
    search(&splunk).run().expect_rows("remote_ip\n192.0.2.7\n");
    let expected = format!("{HEADER}billing,192.0.2.1,1,{NOW}\nbilling,192.0.2.7,{NOW},{NOW}\n");
    assert_eq!(splunk.history_text(), expected);
    assert_eq!(State::of(&default), before);
}

#[test]
fn what_was_learnt_wins_over_the_shipped_default() {
    let splunk = Splunk::new()
        .history(format!("{HEADER}billing,192.0.2.7,1,2\n"))
        .default_history(format!("{HEADER}billing,192.0.2.1,1,2\n"));
    search(&splunk).run().expect_rows("remote_ip\n192.0.2.1\n");
}

#[test]
fn without_any_file_the_history_is_empty_and_made_at_the_first_write() {
    let splunk = Splunk::new();
    splunk.search("").run().expect_no_rows();
    assert!(
        !splunk.history_path().exists(),
        "nothing to write, nothing written"
    );
    let found = search(&splunk).run();
    found
        .expect_rows("remote_ip\n192.0.2.1\n192.0.2.7\n")
        .expect_message("WARN", &["Previously Seen"]);
    let expected =
        format!("{HEADER}billing,192.0.2.1,{NOW},{NOW}\nbilling,192.0.2.7,{NOW},{NOW}\n");
    assert_eq!(splunk.history_text(), expected);
}

/// Runs a search over a broken history: it must fail, name the file and have all these parts, and touch nothing.
fn refused(history: impl AsRef<[u8]>, parts: &[&str]) -> Outcome {
    let splunk = Splunk::new().history(history);
    let before = State::of(&splunk.history_path());
    let found = search(&splunk).run();
    found.expect_error(&[HISTORY]).expect_error(parts);
    assert_eq!(
        State::of(&splunk.history_path()),
        before,
        "a broken history is never overwritten"
    );
    assert_eq!(names_in(&splunk.lookups()), [HISTORY]);
    found
}

#[test]
fn a_file_without_a_key_column_is_refused() {
    refused(
        "bucket_name,firstTime,lastTime\nbilling,1,2\n",
        &["line 1", "remote_ip", "found", "bucket_name"],
    );
    refused(
        "remote_ip\n192.0.2.1\n",
        &["line 1", "bucket_name", "found"],
    );
    refused(
        "<html><body>Please log in</body></html>\n",
        &["line 1", "bucket_name", "found", "html"],
    );
    refused(
        "bucket_name;remote_ip;firstTime;lastTime\n",
        &["line 1", "bucket_name"],
    );
    refused(
        "Bucket_Name,remote_ip,firstTime,lastTime\n",
        &["line 1", "bucket_name"],
    );
    refused("\n", &["line 1", "bucket_name"]);
}

/// What a disk or a broken-off writing has emptied is damage; taken for an empty history, it would be overwritten.
#[test]
fn a_file_with_nothing_in_it_is_refused() {
    let advice = "restore the file, or delete it to begin anew";
    refused("", &["line 1: expected a header, found nothing;", advice]);
    refused(
        "\u{feff}",
        &["found nothing but a byte order mark;", advice],
    );
    for arguments in ["seed=true", "update=false", "new=unseen output=pairs"] {
        let splunk = Splunk::new().history("");
        let rows = [access("billing", "192.0.2.7", NOW)];
        splunk
            .search(arguments)
            .events(&rows)
            .run()
            .expect_error(&[HISTORY, advice]);
        assert_eq!(splunk.history_text(), "");
    }
    let splunk = Splunk::new().default_history("");
    search(&splunk)
        .run()
        .expect_error(&[".csv.default, line 1", advice]);
    assert!(!splunk.history_path().exists());
    let deleted = Splunk::new();
    search(&deleted)
        .run()
        .expect_rows("remote_ip\n192.0.2.1\n192.0.2.7\n");
}

/// Rows of one key more or less would have cells of the other one empty.
#[test]
fn the_history_of_another_key_is_refused() {
    let history = format!("{HEADER}billing,192.0.2.1,1,2\n");
    for (by, lacking) in [
        ("remote_ip", "bucket_name"),
        ("bucket_name requester", "remote_ip"),
    ] {
        let with_requester = "requester,bucket_name,remote_ip,firstTime,lastTime\n";
        let text = if by.contains("requester") {
            with_requester
        } else {
            &history
        };
        let splunk = Splunk::new().lookup("own.csv", text);
        let rows = [access("billing", "192.0.2.7", NOW).set("requester", "me")];
        let found = splunk
            .search(&format!("lookup=own.csv by {by}"))
            .events(&rows)
            .run();
        found.expect_error(&[
            "own.csv, line 1",
            &format!("expected {lacking} among the key fields"),
            "name a lookup",
        ]);
        assert_eq!(splunk.lookup_text("own.csv"), text);
    }
    let splunk = Splunk::new().lookup("own.csv", "requester,remote_ip,bucket_name\n");
    let rows = [access("billing", "192.0.2.7", NOW).set("requester", "me")];
    let search = splunk
        .search("lookup=own.csv by bucket_name remote_ip requester")
        .events(&rows);
    search.run().expect_rows("newIP\n1\n");
}

#[test]
fn what_an_empty_history_means_and_how_to_fill_it_is_said_of_this_search() {
    let warned = |arguments: &str, parts: &[&str]| {
        let splunk = Splunk::new();
        let found = splunk
            .search(arguments)
            .events(&[access("billing", "192.0.2.7", NOW - 9000)])
            .run();
        found.expect_message("WARN", parts);
    };
    warned(
        "new=unseen",
        &[
            "every pair counts as never seen",
            "Previously Seen S3 Bucket Access",
            "(s3newip seed=true over the last 30 days)",
        ],
    );
    // "0 new" beside it would make that a riddle.
    warned(
        "",
        &["is empty, so what is new is decided by the events of this search alone"],
    );
    warned(
        "lookup=own.csv by \"remote_ip\"",
        &[
            "run this search once",
            "(s3newip seed=true lookup=own.csv by remote_ip over the last 30 days)",
        ],
    );
    warned(
        "lookup=own.csv",
        &["(s3newip seed=true lookup=own.csv over the last 30 days)"],
    );
}

#[test]
fn a_row_with_too_few_or_too_many_cells_is_refused() {
    refused(
        format!("{HEADER}billing,192.0.2.1,1,2\nbilling,192.0.2.2,1\n"),
        &["line 3", "expected 4", "found 3"],
    );
    refused(
        format!("{HEADER}billing,192.0.2.1,1,2\nbilling,192.0.2.2,1,2,3\n"),
        &["line 3", "expected 4", "found 5"],
    );
    refused(
        format!("{HEADER}billing,192.0.2.1,1,2\nbilling"),
        &["line 3", "expected 4", "found 1"],
    );
    let quoted = "bucket_name,remote_ip,firstTime,lastTime,note\nbilling,192.0.2.1,1,2,\"two\nlines\"\nshort\n";
    refused(quoted, &["line 4", "expected 5", "found 1"]);
}

#[test]
fn an_unterminated_quote_is_refused() {
    refused(
        format!("{HEADER}billing,192.0.2.1,1,2\nbilling,\"192.0.2.2,1,2\n"),
        &["line 3", "quote"],
    );
    refused(
        "\"bucket_name,remote_ip,firstTime,lastTime\n",
        &["line 1", "quote"],
    );
    let many = format!(
        "{HEADER}\"billing,192.0.2.1,1,2\n{}",
        "billing,192.0.2.2,1,2\n".repeat(1000)
    );
    refused(many, &["line 2", "quote"]);
}

#[test]
fn a_quote_in_the_middle_of_a_cell_is_no_table_or_stays_as_it_is() {
    let history = format!("{HEADER}bil\"ling,192.0.2.2,1,2\n\"bil\"ling,192.0.2.3,1,2\n");
    let splunk = Splunk::new().history(&history);
    let found = search(&splunk).run();
    match found.error() {
        Some(_) => assert_eq!(splunk.history_text(), history),
        None => assert!(splunk.history_text().starts_with(&history)),
    }
}

#[test]
fn a_nul_byte_is_refused() {
    refused(
        format!("{HEADER}billing,192.0.2.1,1,2\nbil\0ling,192.0.2.2,1,2\n"),
        &["line 3", "NUL"],
    );
    refused("bucket_name\0,remote_ip,firstTime,lastTime\n", &["line 1"]);
    refused([b'\0'; 4096], &["line 1"]);
}

#[test]
fn a_time_that_is_no_number_is_refused() {
    let row = |first: &str, last: &str| format!("{HEADER}billing,192.0.2.2,{first},{last}\n");
    refused(
        row("2023-11-14T22:13:20", "2"),
        &["line 2", "firstTime", "2023-11-14T22:13:20"],
    );
    refused(row("1", "nan"), &["line 2", "lastTime", "nan"]);
    refused(row("1", &"9".repeat(40)), &["line 2", "lastTime"]);
}

#[test]
fn a_broken_row_is_noticed_even_where_nothing_would_be_written() {
    for arguments in ["update=false", "seed=true", "output=pairs"] {
        let splunk = Splunk::new().history(format!("{HEADER}broken\n"));
        let found = splunk
            .search(arguments)
            .events(&[access("billing", "192.0.2.1", NOW)])
            .run();
        found.expect_error(&[HISTORY, "line 2"]);
    }
    let splunk = Splunk::new().history(format!("{HEADER}broken\n"));
    let preview = splunk
        .search("")
        .events(&[access("billing", "192.0.2.1", NOW)])
        .preview();
    preview.run().expect_error(&[HISTORY, "line 2"]);
}

#[test]
fn a_history_that_is_no_file_is_refused() {
    let splunk = Splunk::new();
    fs::create_dir(splunk.history_path()).unwrap();
    search(&splunk).run().expect_error(&[HISTORY]);
    fs::remove_dir(splunk.history_path()).unwrap();
    symlink("/dev/zero", splunk.history_path()).unwrap();
    search(&splunk).run().expect_error(&[HISTORY]);
}

#[test]
fn a_link_within_the_folder_is_followed_and_stays() {
    let splunk = Splunk::new().lookup("real.csv", format!("{HEADER}billing,192.0.2.1,1,2\n"));
    symlink("real.csv", splunk.history_path()).unwrap();
    search(&splunk).run().expect_rows("remote_ip\n192.0.2.7\n");
    assert!(splunk.history_path().is_symlink());
    assert!(splunk.lookup_text("real.csv").contains("192.0.2.7"));
}

#[test]
fn nothing_is_written_when_nothing_changed() {
    let known =
        format!("bucket_name,remote_ip,earliest,latest\nbilling,192.0.2.1,1600000000,{NOW}\n");
    let runs = [
        ("", NOW, 200),
        ("new=unseen", NOW - 5, 200),
        ("seed=true", NOW, 200),
        ("", NOW + 5, 403),
        ("update=false", NOW + 5, 200),
    ];
    for (arguments, time, status) in runs {
        let splunk = Splunk::new().history(&known);
        let before = splunk.snapshot();
        let rows = [access("billing", "192.0.2.1", time).status(status)];
        splunk
            .search(arguments)
            .events(&rows)
            .run()
            .expect_success();
        assert_eq!(splunk.snapshot(), before, "{arguments}");
    }
}

#[test]
fn update_false_decides_like_any_other_run_and_writes_nothing() {
    let splunk = Splunk::new().history(format!("{HEADER}billing,192.0.2.1,1,2\n"));
    let before = splunk.snapshot();
    splunk
        .search("new=unseen update=false")
        .events(&[access("billing", "192.0.2.7", NOW)])
        .run()
        .expect_rows("newIP\n1\n");
    assert_eq!(splunk.snapshot(), before);
}

#[test]
fn mode_and_owner_are_kept() {
    for mode in [0o644, 0o600, 0o640, 0o664] {
        let splunk = Splunk::new().history(HEADER);
        set_mode(&splunk.history_path(), mode);
        if is_root() {
            chown(splunk.history_path(), Some(4321), Some(1234)).unwrap();
        }
        let before = State::of(&splunk.history_path());
        search(&splunk).run().expect_success();
        let after = State::of(&splunk.history_path());
        assert_ne!(after, before, "it was written");
        assert_eq!(
            (after.mode(), after.owner()),
            (before.mode(), before.owner())
        );
    }
}

/// In a user namespace, as in a container without root, other people's files have owners that no user there has.
#[test]
fn an_owner_without_a_number_is_not_kept() {
    let alone = ["unshare", "--user", "--map-root-user"];
    let tried = Command::new(alone[0])
        .args(&alone[1..])
        .arg("true")
        .status();
    if !is_root() || !tried.is_ok_and(|status| status.success()) {
        println!("skipped: needs root and user namespaces");
        return;
    }
    let splunk = Splunk::new().history(HEADER);
    set_mode(&splunk.history_path(), 0o666);
    chown(splunk.history_path(), Some(4321), Some(1234)).unwrap();
    search(&splunk)
        .through(&alone)
        .probes(0)
        .run()
        .expect_no_message("ERROR");
    assert_ne!(splunk.history_text(), HEADER);
}

#[test]
fn a_new_history_can_be_read_by_other_users() {
    let splunk = Splunk::new();
    search(&splunk).run().expect_success();
    let mode = State::of(&splunk.history_path()).mode();
    assert!(mode & 0o600 == 0o600 && mode & 0o111 == 0, "{mode:o}");
}

#[test]
fn left_overs_of_dead_runs_are_swept_and_other_peoples_files_are_not() {
    let ours = [
        format!("{HISTORY}.0123456789abcdef.tmp"),
        format!("{HISTORY}.ffffffffffffffff.tmp"),
    ];
    let theirs = [
        "upload.tmp".to_owned(),
        format!("{HISTORY}.tmp"),
        format!("{HISTORY}.0123456789abcde.tmp"),
        format!("{HISTORY}.0123456789abcdefg.tmp"),
        format!("{HISTORY}.0123456789abcdxx.tmp"),
        format!("{HISTORY}.0123456789abcdef.tmp.old"),
        "other.csv.0123456789abcdef.tmp".to_owned(),
        "other.csv".to_owned(),
    ];
    let all = ours.iter().chain(&theirs);
    let splunk = all.fold(Splunk::new().history(HEADER), |splunk, name| {
        splunk.lookup(name, "half a file")
    });
    search(&splunk).run().expect_success();
    let left = names_in(&splunk.lookups());
    assert!(ours.iter().all(|name| !left.contains(name)), "{left:?}");
    assert!(theirs.iter().all(|name| left.contains(name)), "{left:?}");
    assert_eq!(
        left.len(),
        theirs.len() + 1,
        "the history and theirs: {left:?}"
    );
}

#[test]
fn a_link_that_is_named_like_a_left_over_is_not_followed() {
    let splunk = Splunk::new()
        .history(HEADER)
        .lookup("precious.csv", "precious");
    let trap = splunk
        .lookups()
        .join(format!("{HISTORY}.0123456789abcdef.tmp"));
    symlink(splunk.lookups().join("precious.csv"), trap).unwrap();
    search(&splunk).run().expect_success();
    assert_eq!(splunk.lookup_text("precious.csv"), "precious");
}

/// A limit on the size of files stands for a full disk; the signal that comes with it is ignored, as splunkd does not
/// set it.
fn with_a_full_disk(search: Search<'_>) -> Search<'_> {
    search.through(&[
        "/bin/sh",
        "-c",
        "trap '' 25; ulimit -f 16; exec \"$@\"",
        "sh",
    ])
}

fn long_history() -> String {
    let rows = (0..2000).map(|n| format!("archive,2001:db8::{n:x},1600000000,1600000000\n"));
    format!("{HEADER}{}", rows.collect::<String>())
}

#[test]
fn a_full_disk_loses_no_alert_and_no_history() {
    let splunk = Splunk::new().history(long_history());
    let before = splunk.snapshot();
    let found = with_a_full_disk(search(&splunk)).run();
    found.expect_rows("remote_ip,newIP\n192.0.2.1,1\n192.0.2.7,1\n");
    found.expect_message("ERROR", &[HISTORY, "too large"]);
    assert_eq!(
        splunk.snapshot(),
        before,
        "nothing changed, nothing was left behind"
    );
    search(&splunk)
        .run()
        .expect_rows("remote_ip,newIP\n192.0.2.1,1\n192.0.2.7,1\n");
    search(&splunk).run().expect_no_rows();
}

#[test]
fn a_full_disk_makes_learning_fail() {
    let splunk = Splunk::new().history(long_history());
    let before = splunk.snapshot();
    let seed = splunk
        .search("seed=true")
        .events(&[access("billing", "192.0.2.1", NOW)]);
    let found = with_a_full_disk(seed).run();
    found.expect_error(&[HISTORY, "too large"]);
    assert!(
        !found.transcript.to_string().contains("rows of this search"),
        "it has none\n{}",
        found.transcript
    );
    assert_eq!(splunk.snapshot(), before);
}

/// Rows that are held back go to the disk too; when they cannot, the search must not look as if it had found nothing.
#[test]
fn a_full_disk_loses_no_row_that_was_held_back() {
    let splunk = Splunk::new().history(HEADER);
    let wide = "x".repeat(60_000);
    let pair = |n: usize| access("billing", &format!("2001:db8::{n:x}"), NOW).set("wide", &wide);
    let rows: Vec<_> = (1..=500).map(pair).collect();
    let found = with_a_full_disk(splunk.search("new=unseen").events(&rows).whole_writes()).run();
    match found.error() {
        Some(_) => assert_eq!(
            splunk.history_text(),
            HEADER,
            "failed: the next run finds the pairs again"
        ),
        None => assert_eq!(found.row_count(), 500),
    }
}

/// As root, the command runs as another user; else the folder is made read-only.
#[test]
fn a_folder_that_cannot_be_written_loses_no_alert() {
    const NOBODY: u32 = 65_534;
    let splunk = Splunk::new().history(format!("{HEADER}billing,192.0.2.1,1,2\n"));
    set_mode(splunk.home(), 0o755);
    set_mode(&splunk.lookups(), 0o555);
    let found = if !is_root() {
        search(&splunk).run()
    } else if is_open_to_all(&splunk.bin()) {
        search(&splunk).user(NOBODY).run()
    } else {
        println!(
            "skipped: {} is not open to other users",
            splunk.bin().display()
        );
        return;
    };
    set_mode(&splunk.lookups(), 0o755);
    found
        .expect_rows("remote_ip\n192.0.2.7\n")
        .expect_message("ERROR", &[HISTORY, "ermission denied"]);
    assert_eq!(
        splunk.history_text(),
        format!("{HEADER}billing,192.0.2.1,1,2\n")
    );
}

#[test]
fn two_searches_at_the_same_moment_lose_nothing() {
    let splunk = Splunk::new().history(HEADER);
    let begin = || {
        let mut talk = splunk.search("new=unseen").start();
        talk.getinfo();
        talk
    };
    let (mut one, mut two) = (begin(), begin());
    one.execute(
        &body_of(&[
            access("billing", "192.0.2.1", NOW),
            access("billing", "192.0.2.9", NOW),
        ]),
        false,
    );
    two.execute(
        &body_of(&[
            access("billing", "192.0.2.2", NOW),
            access("billing", "192.0.2.9", NOW + 1),
        ]),
        false,
    );
    let first = one.execute(b"", true);
    let second = two.execute(b"", true);
    let text = |reply: &support::Reply| String::from_utf8_lossy(&reply.body).into_owned();
    assert!(text(&first).contains("192.0.2.9"));
    assert!(
        !text(&second).contains("192.0.2.9"),
        "the first search has just published it: alerted once"
    );
    let expected = format!(
        "{HEADER}billing,192.0.2.1,{NOW},{NOW}\nbilling,192.0.2.9,{NOW},{}\nbilling,192.0.2.2,{NOW},{NOW}\n",
        NOW + 1
    );
    assert_eq!(splunk.history_text(), expected);
    assert_eq!((one.hang_up().code, two.hang_up().code), (Some(0), Some(0)));
}

#[test]
fn a_search_waits_for_the_lock_of_another() {
    let splunk = Splunk::new().history(HEADER);
    let lock = fs::File::create(splunk.lookups().join(format!("{HISTORY}.lock.tmp"))).unwrap();
    lock.lock().unwrap();
    let holder = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(400));
        drop(lock);
    });
    let found = search(&splunk).run();
    assert!(
        holder.is_finished(),
        "published while another process held the lock"
    );
    found
        .expect_rows("remote_ip\n192.0.2.1\n192.0.2.7\n")
        .expect_no_message("ERROR");
}

#[test]
fn what_another_program_wrote_meanwhile_is_what_the_search_merges_with() {
    let splunk = Splunk::new().history(format!("{HEADER}billing,192.0.2.8,1,2\n"));
    let mut talk = splunk.search("new=unseen").start();
    talk.getinfo();
    talk.execute(
        &body_of(&[
            access("billing", "192.0.2.1", NOW),
            access("billing", "192.0.2.7", NOW),
        ]),
        false,
    );
    fs::write(
        splunk.history_path(),
        format!("{HEADER}billing,192.0.2.1,3,4\n"),
    )
    .unwrap();
    let reply = talk.execute(b"", true);
    assert!(!String::from_utf8_lossy(&reply.body).contains("192.0.2.1"));
    let expected = format!("{HEADER}billing,192.0.2.1,3,{NOW}\nbilling,192.0.2.7,{NOW},{NOW}\n");
    assert_eq!(splunk.history_text(), expected);
    assert_eq!(talk.hang_up().code, Some(0));
}

#[test]
fn a_reader_with_the_old_file_open_keeps_the_old_bytes() {
    let splunk = Splunk::new().history(HEADER);
    let old = fs::File::open(splunk.history_path()).unwrap();
    let inode = old.metadata().unwrap().ino();
    search(&splunk).run().expect_success();
    assert_eq!(std::io::read_to_string(old).unwrap(), HEADER);
    assert_ne!(
        fs::metadata(splunk.history_path()).unwrap().ino(),
        inode,
        "replaced, not rewritten"
    );
}
