//! Help, version, and what is said of a command line that cannot be understood.

use crate::folder::Folder;

#[test]
fn help_names_every_option_with_its_default() {
    let help = Folder::new().scan(&["--help"]).run().expect_code(0).text();
    for option in [
        "--lookup <FILE>",
        "--window <TIME>",
        "--new <RULE>",
        "--status <LIST>",
        "--output <WHAT>",
        "--max-events <N>",
        "--seed",
        "--dry-run",
        "--now <EPOCH>",
        "--geoip <FILE.mmdb>",
        "--format <FORMAT>",
        "[PATH]...",
        "table",
        "csv",
        "ndjson",
        "events",
        "pairs",
        "all",
        "unseen",
        "window",
        "standard input",
        "[default: previously_seen_S3_access_from_remote_ip.csv]",
        "[default: -70m@m]",
        "[default: unseen]",
        "[default: 2xx,304]",
        "[default: events]",
        "[default: table]",
        "Exit status: 0 done, 1 failed",
    ] {
        assert!(help.contains(option), "{option}: {help}");
    }
    let short = Folder::new()
        .command(&["--help"])
        .run()
        .expect_code(0)
        .text();
    assert!(
        short.contains("scan") && short.contains("| s3newip"),
        "{short}"
    );
}

#[test]
fn the_version_is_the_packages() {
    let found = Folder::new().command(&["--version"]).run().expect_code(0);
    assert_eq!(
        found.text(),
        concat!("s3newip ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

#[test]
fn an_unknown_option_gets_the_nearest_name() {
    let folder = Folder::new();
    for (unknown, nearest) in [
        ("--lokup", "--lookup"),
        ("--max-event", "--max-events"),
        ("--fromat", "--format"),
    ] {
        let found = folder.scan(&[unknown, "x"]).run().expect_code(2);
        found.expect_stderr(&[unknown, nearest]);
    }
    let found = folder.command(&["scam"]).run().expect_code(2);
    found.expect_stderr(&["scam", "scan"]);
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn a_bad_value_is_shown_with_what_is_allowed() {
    let folder = Folder::new();
    for (option, value, allowed) in [
        ("--window", "yesterday", "column 1"),
        ("--window", "", "--window"),
        ("--new", "old", "expected window or unseen"),
        ("--status", "2x", "expected status codes or classes"),
        ("--output", "rows", "expected events, pairs or all"),
        ("--max-events", "-1", "expected a whole number from 0 (all)"),
        ("--max-events", "4294967296", "4294967295"),
        (
            "--max-events",
            "many",
            "expected a whole number from 0 (all)",
        ),
        ("--now", "yesterday", "expected whole epoch seconds"),
        (
            "--now",
            "-1",
            "expected whole epoch seconds from 0 to 253402207200",
        ),
        (
            "--now",
            "253402207201",
            "expected whole epoch seconds from 0 to 253402207200",
        ),
        ("--format", "xml", "table, csv, ndjson"),
    ] {
        let argument = format!("{option}={value}");
        let found = folder.scan(&[&argument]).run().expect_code(2);
        found.expect_stderr(&[option, allowed]);
    }
    assert_eq!(folder.names(), [""; 0]);
}

/// A shell puts file names there, which others choose.
#[test]
fn what_is_wrong_is_shown_escaped() {
    let hostile = "--\r\x1b[2J\u{202e}\n.log";
    let found = Folder::new().scan(&[hostile]).run().expect_code(2);
    let found = found.expect_stderr(&["s3newip: unexpected argument '--\\r", "\\u{202e}"]);
    let control = |character: char| character.is_control() && character != '\n';
    assert!(!found.stderr.contains(control), "{found:?}");
}

#[test]
fn an_option_that_is_there_twice_is_a_mistake() {
    let found = Folder::new()
        .scan(&["--new", "window", "--new", "unseen"])
        .run();
    found.expect_code(2).expect_stderr(&["--new"]);
}

/// splunkd starts a command in this way where commands.conf does not have `chunked = true`.
#[test]
fn the_older_protocol_gets_the_hint_that_a_wrong_first_line_gets() {
    let folder = Folder::new();
    let wrong = folder
        .command(&[])
        .input("splunkVersion:9.4.0\n\n")
        .run()
        .expect_code(1);
    for arguments in [["__EXECUTE__", "lookup=x.csv"], ["__GETINFO__", "by"]] {
        let found = folder.command(&arguments).run().expect_code(1);
        assert_eq!(found.text(), "");
        assert_eq!(found.stderr, wrong.stderr);
        found.expect_stderr(&["\"chunked = true\" in commands.conf"]);
    }
}
