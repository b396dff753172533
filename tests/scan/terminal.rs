//! What a person who watches sees, and what a pipe is spared.

use crate::folder::{Folder, HEADER, lines};

fn folder() -> Folder {
    Folder::new()
        .file("a.log", lines(&["192.0.2.1", "192.0.2.7"]))
        .file("seen.csv", format!("{HEADER}billing,192.0.2.1,5,6\n"))
}

const SUMMARY: &str =
    "2 accesses, 2 successful, 2 pairs, 1 new; history seen.csv: 1 pairs before, 2 after";

#[test]
fn on_a_terminal_a_bar_shows_how_far_it_is_and_a_line_sums_up() {
    for format in ["table", "csv", "ndjson"] {
        let folder = folder();
        let size = folder.text("a.log").len();
        let arguments = ["--lookup", "seen.csv", "--format", format, "a.log"];
        let found = folder.scan(&arguments).on_terminal().run().expect_code(0);
        assert!(found.text().contains("192.0.2.7"), "{found:?}");
        assert!(
            !found.stdout.contains(&0x1b),
            "no bar on standard output: {found:?}"
        );
        found.expect_stderr(&[&format!("{size} B/{size} B "), SUMMARY]);
    }
}

/// How much will come is not known.
#[test]
fn on_a_terminal_standard_input_is_counted() {
    let folder = folder();
    let text = folder.text("a.log");
    let scan = folder.scan(&["--lookup", "seen.csv"]).input(&text);
    let found = scan.on_terminal().run().expect_code(0);
    let found = found.expect_stderr(&[&format!("standard input: {} B ", text.len()), SUMMARY]);
    assert!(!found.stderr.contains("0 B "), "{found:?}");
}

/// The end of the input is typed once, as it is for `cat`.
#[test]
fn on_a_terminal_the_input_ends_where_its_end_is_typed() {
    for log in ["", &lines(&["192.0.2.7"])] {
        let folder = folder();
        let scan = folder.scan(&["--dry-run", "--format", "csv"]);
        let found = scan.typed(&format!("{log}\x04")).run().expect_code(0);
        assert_eq!(found.rows().len(), 1 + log.lines().count(), "{found:?}");
    }
}

#[test]
fn in_a_pipe_there_is_no_bar_and_for_programs_no_summary() {
    for format in ["csv", "ndjson"] {
        let arguments = ["--lookup", "seen.csv", "--format", format, "a.log"];
        let found = folder().scan(&arguments).run();
        found.expect_code(0).expect_silence();
    }
    let found = folder().scan(&["--lookup", "seen.csv", "a.log"]).run();
    assert_eq!(found.expect_code(0).stderr, format!("{SUMMARY}\n"));
}

#[test]
fn an_error_does_not_leave_a_bar_behind() {
    let folder = folder().file("b.gz", b"\x1f\x8bbroken");
    let found = folder.scan(&["a.log", "b.gz"]).on_terminal().run();
    let found = found.expect_code(1);
    // The last thing before the message clears the line.
    let (before, _) = found.stderr.split_once("s3newip: ").expect("a message");
    assert!(before.ends_with("\x1b[2K"), "{before:?}");
}

#[test]
fn started_by_hand_the_search_command_says_what_it_is() {
    let found = Folder::new().command(&[]).on_terminal().run();
    found.expect_code(2).expect_stderr(&[
        "this is a Splunk search command: splunkd starts it for \"| s3newip\"",
        "s3newip scan (see s3newip --help)",
    ]);
}
