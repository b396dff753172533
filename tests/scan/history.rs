//! The history: where it is, what is written into it, and what keeps it as it was.

use std::fs;
use std::os::unix::fs::symlink;

use crate::folder::{Folder, HEADER, TIME, line, lines};
use crate::support::files::{Snapshot, State, is_open_to_all, is_root, set_mode};
use crate::support::{HISTORY, binary_under_test};

/// The history after the first scan of an access from 192.0.2.1.
fn learnt() -> String {
    format!("{HEADER}billing,192.0.2.1,{TIME},{TIME}\n")
}

#[test]
fn a_history_that_is_not_there_is_made_where_it_is_named() {
    let absolute = Folder::new();
    let path = absolute.at("seen.csv");
    for lookup in ["seen.csv", "./sub/seen.csv", path.to_str().unwrap()] {
        let folder = Folder::new()
            .file("a.log", lines(&["192.0.2.1"]))
            .file("sub/other", "");
        folder
            .scan(&["--lookup", lookup, "a.log"])
            .run()
            .expect_code(0);
        assert_eq!(folder.text(lookup), learnt(), "{lookup}");
    }
}

#[test]
fn its_default_name_is_the_lookups_in_the_current_folder() {
    let folder = Folder::new().file("a.log", lines(&["192.0.2.1"]));
    let found = folder.scan(&["a.log"]).run().expect_code(0);
    found.expect_stderr(&[
        "was empty, so every pair counts as never seen",
        "scan --seed",
    ]);
    assert_eq!(folder.text(HISTORY), learnt());
    assert_eq!(folder.names(), ["a.log", HISTORY]);
}

/// Its events were let go of, once a look at the history had found it there.
#[test]
fn a_pair_that_is_removed_meanwhile_is_shown_without_its_events() {
    let folder = Folder::new().file("seen.csv", learnt());
    let history = folder.at("seen.csv");
    let found = folder
        .scan(&["--lookup", "seen.csv", "--format", "csv"])
        .input(lines(&["192.0.2.1"]).repeat(60_000))
        .meanwhile(move || fs::write(history, HEADER).unwrap())
        .input(lines(&["192.0.2.2"]))
        .run()
        .expect_code(0);
    assert_eq!(found.column("src_ip"), ["192.0.2.2", "192.0.2.1"]);
    assert_eq!(found.column("operation"), ["REST.GET.OBJECT", ""]);
    found.expect_stderr(&["1 new pairs are shown without their events"]);
}

#[test]
fn what_is_known_is_not_shown_again_and_its_last_time_moves() {
    let history = format!("{HEADER}billing,192.0.2.1,5,6\n");
    let folder = Folder::new()
        .file("a.log", lines(&["192.0.2.1", "192.0.2.7"]))
        .file("seen.csv", history);
    let arguments = ["--lookup", "seen.csv", "--format", "csv", "a.log"];
    let first = folder
        .scan(&arguments)
        .run()
        .expect_code(0)
        .expect_silence();
    assert_eq!(first.column("src_ip"), ["192.0.2.7"]);
    let expected = format!("{HEADER}billing,192.0.2.1,5,{TIME}\nbilling,192.0.2.7,{TIME},{TIME}\n");
    assert_eq!(folder.text("seen.csv"), expected);
    let before = State::of(&folder.at("seen.csv"));
    let second = folder
        .scan(&arguments)
        .run()
        .expect_code(0)
        .expect_silence();
    assert_eq!(second.rows().len(), 1, "the header alone");
    assert_eq!(State::of(&folder.at("seen.csv")), before, "nothing changed");
}

#[test]
fn a_link_is_followed_and_stays_a_link() {
    let folder = Folder::new()
        .file("a.log", lines(&["192.0.2.1"]))
        .file("real/seen.csv", HEADER);
    symlink("real/seen.csv", folder.at("link.csv")).unwrap();
    folder
        .scan(&["--lookup", "link.csv", "a.log"])
        .run()
        .expect_code(0);
    assert_eq!(folder.text("real/seen.csv"), learnt());
    assert!(
        fs::symlink_metadata(folder.at("link.csv"))
            .unwrap()
            .is_symlink()
    );
}

#[test]
fn a_place_where_no_history_can_be_is_refused_before_anything_is_read() {
    let folder = Folder::new().file("folder.csv/x", "");
    symlink("nothing", folder.at("link.csv")).unwrap();
    for (lookup, expected) in [
        (
            "no/folder.csv",
            "the folder of the history no/folder.csv cannot be used: No such file",
        ),
        ("folder.csv", "the history folder.csv is no regular file"),
        ("link.csv", "the history link.csv is a link to nothing"),
        ("\x1b[2J/seen.csv", "the history \\x1b[2J/seen.csv cannot"),
    ] {
        let found = folder.scan(&["--lookup", lookup]).run().expect_code(1);
        assert_eq!(found.text(), "");
        found.expect_stderr(&[expected]);
    }
}

#[test]
fn a_file_that_is_no_history_is_named_with_its_line_and_stays() {
    for (text, place) in [
        (
            "bucket,ip\n",
            "seen.csv, line 1: expected a column bucket_name",
        ),
        (
            "bucket_name,remote_ip,firstTime,lastTime\nb,192.0.2.1,1\n",
            "seen.csv, line 2: expected 4 cells",
        ),
        (
            "bucket_name,remote_ip,firstTime,lastTime\nb,\"192.0.2.1,1,2\n",
            "seen.csv, line 2: ",
        ),
        (
            "bucket_name,remote_ip,firstTime,lastTime\nb,192.0.2.1,\x1b[2J,2\n",
            "found \"\\x1b[2J\"",
        ),
    ] {
        let folder = Folder::new()
            .file("a.log", lines(&["192.0.2.1"]))
            .file("seen.csv", text);
        let found = folder.scan(&["--lookup", "seen.csv", "a.log"]).run();
        let found = found
            .expect_code(1)
            .expect_stderr(&[place, "nothing was written"]);
        assert_eq!(found.text(), "");
        assert_eq!(folder.text("seen.csv"), text);
        assert_eq!(folder.names(), ["a.log", "seen.csv"]);
    }
}

#[test]
fn a_dry_run_shows_everything_and_writes_nothing() {
    let folder = Folder::new()
        .file("a.log", lines(&["192.0.2.1", "192.0.2.7"]))
        .file("seen.csv", format!("{HEADER}billing,192.0.2.1,5,6\n"));
    let before = Snapshot::of(folder.path());
    for lookup in ["seen.csv", "new.csv"] {
        let arguments = ["--dry-run", "--lookup", lookup, "a.log"];
        let found = folder.scan(&arguments).run().expect_code(0);
        assert!(found.text().contains("192.0.2.7"), "{found:?}");
        found.expect_stderr(&[", not written"]);
        let seed = folder.scan(&[&["--seed"], arguments.as_slice()].concat());
        seed.run().expect_code(0);
    }
    assert_eq!(Snapshot::of(folder.path()), before);
}

#[test]
fn learning_shows_one_row_of_numbers() {
    let history = format!("{HEADER}billing,192.0.2.1,5,6\nbilling,192.0.2.9,5,6\n");
    let folder = Folder::new()
        .file(
            "a.log",
            lines(&["192.0.2.1", "192.0.2.7", "192.0.2.8", "192.0.2.8"]),
        )
        .file("seen.csv", history);
    let arguments = ["--seed", "--lookup", "seen.csv", "--format", "csv", "a.log"];
    let seed = || {
        folder
            .scan(&arguments)
            .run()
            .expect_code(0)
            .expect_silence()
    };
    let header = "pairs_seen,pairs_added,pairs_updated,pairs_total\n";
    assert_eq!(seed().text(), format!("{header}3,2,1,4\n"));
    assert_eq!(seed().text(), format!("{header}3,0,0,4\n"));
    let objects = folder.scan(&["--seed", "--lookup", "x.csv", "--format", "ndjson", "a.log"]);
    assert_eq!(
        objects.run().text(),
        "{\"pairs_seen\":3,\"pairs_added\":3,\"pairs_updated\":0,\"pairs_total\":3}\n"
    );
}

/// As root, the scan runs as another user; else the folder is made read-only.
#[test]
fn a_history_that_cannot_be_written_loses_no_alert() {
    let history = format!("{HEADER}billing,192.0.2.1,5,6\n");
    // More than is held in memory.
    let log = lines(&["192.0.2.1", "192.0.2.7"]) + &line("archive", "192.0.2.8").repeat(50_000);
    let folder = Folder::new()
        .file("a.log", log)
        .file("lookups/seen.csv", &history);
    set_mode(folder.path(), 0o755);
    set_mode(&folder.at("lookups"), 0o555);
    let arguments = ["--lookup", "lookups/seen.csv", "--format", "csv", "a.log"];
    let (mut scan, binary) = (folder.scan(&arguments), binary_under_test());
    if is_root() {
        if !(is_open_to_all(folder.path()) && is_open_to_all(binary.parent().unwrap())) {
            println!("skipped: {} is not open to other users", binary.display());
            return;
        }
        scan = scan.user(65_534);
    }
    let found = scan.run().expect_code(1);
    set_mode(&folder.at("lookups"), 0o755);
    assert_eq!(found.column("src_ip")[..2], ["192.0.2.7", "192.0.2.8"]);
    assert_eq!(found.rows().len(), 1 + 1 + 50_000);
    found.expect_stderr(&[
        "the history lookups/seen.csv could not be written and is as it was",
        "ermission denied",
        "then scan again",
    ]);
    assert_eq!(folder.text("lookups/seen.csv"), history);
}

#[test]
fn a_seed_that_fails_counts_nothing() {
    let folder = Folder::new().file("a.log", lines(&["192.0.2.1"]));
    std::fs::create_dir(folder.at("seen.csv.lock.tmp")).unwrap();
    for format in ["table", "csv", "ndjson"] {
        let seed = folder.scan(&[
            "--seed", "--lookup", "seen.csv", "--format", format, "a.log",
        ]);
        let found = seed.run().expect_code(1);
        assert_eq!(found.text(), "", "{found:?}");
    }
}
