//! The three formats of the result, and the ends that standard output can come to.

use crate::folder::{Folder, HEADER, line, lines};
use crate::process::Scan;
use crate::support::log_line;

/// A folder in which two pairs are new.
fn two_pairs() -> Folder {
    let other = line("logs", "2001:db8::7");
    Folder::new()
        .file("a.log", lines(&["192.0.2.1"]) + &other)
        .file("seen.csv", format!("{HEADER}billing,192.0.2.9,5,6\n"))
}

fn scan(folder: &Folder, format: &str) -> Scan {
    let arguments = [
        "--dry-run",
        "--lookup",
        "seen.csv",
        "--format",
        format,
        "a.log",
    ];
    folder.scan(&arguments)
}

fn text(folder: &Folder, format: &str) -> String {
    scan(folder, format).run().expect_code(0).text()
}

#[test]
fn each_format_has_the_originals_columns_and_times_in_utc() {
    let folder = two_pairs();
    assert_eq!(
        text(&folder, "csv"),
        "_time,bucket_name,src_ip,operation,request_uri\n\
         2023-11-14T22:13:20Z,billing,192.0.2.1,REST.GET.OBJECT,GET /billing/report.csv HTTP/1.1\n\
         2023-11-14T22:13:20Z,logs,2001:db8::7,REST.GET.OBJECT,GET /logs/report.csv HTTP/1.1\n"
    );
    assert_eq!(
        text(&folder, "table"),
        "_time                 bucket_name  src_ip       operation        request_uri\n\
         2023-11-14T22:13:20Z  billing      192.0.2.1    REST.GET.OBJECT  GET /billing/report.csv HTTP/1.1\n\
         2023-11-14T22:13:20Z  logs         2001:db8::7  REST.GET.OBJECT  GET /logs/report.csv HTTP/1.1\n"
    );
    assert_eq!(
        text(&folder, "ndjson"),
        "{\"_time\":\"2023-11-14T22:13:20Z\",\"bucket_name\":\"billing\",\"src_ip\":\"192.0.2.1\",\
         \"operation\":\"REST.GET.OBJECT\",\"request_uri\":\"GET /billing/report.csv HTTP/1.1\"}\n\
         {\"_time\":\"2023-11-14T22:13:20Z\",\"bucket_name\":\"logs\",\"src_ip\":\"2001:db8::7\",\
         \"operation\":\"REST.GET.OBJECT\",\"request_uri\":\"GET /logs/report.csv HTTP/1.1\"}\n"
    );
    let table = folder.scan(&["--dry-run", "--lookup", "seen.csv", "a.log"]);
    assert_eq!(table.run().text(), text(&folder, "table"), "the default");
}

#[test]
fn zones_in_a_log_become_utc() {
    let away = log_line("b", "192.0.2.1").time("15/Nov/2023:00:13:20 +0200");
    let folder = two_pairs().file("a.log", away.text());
    let found = scan(&folder, "csv").run().expect_code(0);
    assert_eq!(found.column("_time"), ["2023-11-14T22:13:20Z"]);
}

#[test]
fn where_nothing_is_new_only_csv_has_a_header() {
    let folder = two_pairs().file("a.log", lines(&["192.0.2.9"]));
    assert_eq!(text(&folder, "table"), "");
    assert_eq!(text(&folder, "ndjson"), "");
    let header = "_time,bucket_name,src_ip,operation,request_uri\n";
    assert_eq!(text(&folder, "csv"), header);
}

#[test]
fn what_an_attacker_wrote_reaches_a_program_and_no_terminal() {
    let uri = "GET /\u{1b}[2J\t\u{202e}\u{7f}\u{9b}ü HTTP/1.1";
    let hostile = log_line("b", "192.0.2.1").request_uri(uri).text();
    let folder = two_pairs().file("a.log", hostile);
    let shown = "GET /\\x1b[2J\\t\\u{202e}\\x7f\\u{9b}ü HTTP/1.1";
    assert_eq!(scan(&folder, "csv").run().column("request_uri"), [shown]);
    let table = text(&folder, "table");
    assert!(table.ends_with(&format!("  {shown}\n")), "{table:?}");
    let found = scan(&folder, "ndjson").run();
    assert_eq!(found.objects()[0]["request_uri"], uri);
    let control = |byte: &u8| *byte < b' ' && *byte != b'\n';
    assert!(!found.stdout.iter().any(control), "{found:?}");
}

#[test]
fn bytes_that_are_no_text_are_shown_all_the_same() {
    let mut bytes = line("b", "192.0.2.1").into_bytes();
    let at = bytes.windows(6).position(|word| word == b"report").unwrap();
    // The key stands twice: as a field and in the request.
    let in_request = at
        + 1
        + bytes[at + 1..]
            .windows(6)
            .position(|word| word == b"report")
            .unwrap();
    bytes[in_request] = 0xff;
    let folder = two_pairs().file("a.log", bytes);
    let found = scan(&folder, "csv").run().column("request_uri");
    assert_eq!(found, ["GET /b/\\xffeport.csv HTTP/1.1"]);
    let objects = scan(&folder, "ndjson").run().objects();
    assert_eq!(objects[0]["request_uri"], "GET /b/\\xffeport.csv HTTP/1.1");
}

#[test]
fn a_spreadsheet_gets_no_formula() {
    let hostile = log_line("=b", "192.0.2.1")
        .requester("@SUM(A1)")
        .user_agent("+1")
        .request_uri("-1 HTTP/1.1");
    let folder = two_pairs().file("a.log", hostile.text());
    let arguments = ["--dry-run", "--output", "pairs", "--format", "csv", "a.log"];
    let found = folder.scan(&arguments).run().expect_code(0);
    for (column, expected) in [
        ("bucket_name", "'=b"),
        ("requester", "'@SUM(A1)"),
        ("user_agent", "'+1"),
        ("request_uri", "'-1 HTTP/1.1"),
    ] {
        assert_eq!(found.column(column), [expected]);
    }
}

#[test]
fn one_long_cell_does_not_widen_every_row() {
    let long =
        log_line("b", "192.0.2.1").request_uri(&format!("GET /{} HTTP/1.1", "x".repeat(5000)));
    let folder = two_pairs().file(
        "a.log",
        format!("{}\n{}", long.text(), lines(&["192.0.2.2"])),
    );
    let found = folder
        .scan(&["--dry-run", "--output", "pairs", "a.log"])
        .run();
    let widths: Vec<_> = found.text().lines().map(str::len).collect();
    assert!(
        widths[0] < 400 && widths[1] > 5000 && widths[2] < 400,
        "{widths:?}"
    );
}

#[test]
fn a_reader_that_hangs_up_is_no_failure() {
    for format in ["table", "csv", "ndjson"] {
        let folder = two_pairs().file("a.log", lines(&["192.0.2.1"; 5000]));
        let arguments = ["--lookup", "seen.csv", "--format", format, "a.log"];
        let found = folder.scan(&arguments).head(1).run().expect_code(0);
        assert!(found.stdout.len() < 100_000, "{} bytes", found.stdout.len());
        assert!(!found.stderr.contains("pipe"), "{format}: {}", found.stderr);
        assert!(folder.text("seen.csv").contains("192.0.2.1"), "{format}");
    }
}

#[test]
fn a_standard_error_without_a_reader_is_no_failure() {
    let folder = two_pairs();
    let found = scan(&folder, "table").unheard().expect_code(0);
    assert_eq!(found.text().lines().count(), 3);
    folder.scan(&["no.log"]).unheard().expect_code(1);
    folder.scan(&["--no-such-option"]).unheard().expect_code(2);
}

#[test]
fn a_disk_that_is_full_is_a_failure() {
    let folder = two_pairs();
    let full = || {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
        full.unwrap()
    };
    let unwritten = "the result cannot be written: No space left on device";
    let found = scan(&folder, "csv").output(full()).run().expect_code(1);
    let found = found.expect_stderr(&[unwritten]);
    assert!(!found.stderr.contains("learnt"), "{found:?}");
    let learning = folder.scan(&["--lookup", "seen.csv", "a.log"]);
    let found = learning.output(full()).run().expect_code(1);
    found.expect_stderr(&[unwritten, "the history has learnt these pairs"]);
}
