//! What was not shown is not learnt: the ends that standard output can come to.

use std::fs::{File, OpenOptions};
use std::io::pipe;
use std::os::fd::OwnedFd;
use std::time::Duration;

use crate::folder::{Folder, HEADER, TIME, lines};
use crate::process::{Ended, Scan};

const HISTORY: &str = "bucket_name,remote_ip,firstTime,lastTime\nbilling,192.0.2.9,5,6\n";

const SCAN: [&str; 3] = ["--lookup", "seen.csv", "a.log"];

/// Starts a program without a standard output.
const CLOSED: [&str; 4] = ["sh", "-c", "exec \"$@\" >&-", "sh"];

/// A folder in which many accesses of two new pairs wait.
fn folder(accesses: usize) -> Folder {
    let log = lines(&["192.0.2.1", "192.0.2.2"]).repeat(accesses);
    Folder::new().file("a.log", log).file("seen.csv", HISTORY)
}

/// Expects that nothing was learnt, and that this is said.
fn expect_not_learnt(folder: &Folder, ended: Ended, why: &str) {
    ended
        .expect_code(1)
        .expect_stderr(&[why, "the history is as it was"]);
    assert_eq!(folder.text("seen.csv"), HISTORY);
    assert_eq!(
        folder.names(),
        ["a.log", "seen.csv"],
        "nothing is left over"
    );
}

const BROKEN: &str = "the result cannot be written: ";

#[test]
fn a_reader_that_hangs_up_has_the_history_as_it_was() {
    for format in ["table", "csv", "ndjson"] {
        // Less than a pipe holds, and more.
        for accesses in [1, 20, 5_000] {
            let folder = folder(accesses);
            let scan = folder.scan(&[&SCAN[..], &["--format", format]].concat());
            let found = scan.head(1).run();
            assert!(found.stdout.len() < 100_000, "{} bytes", found.stdout.len());
            expect_not_learnt(&folder, found, BROKEN);
        }
    }
}

/// As `| true` does, and `| sleep 1`.
#[test]
fn a_reader_that_takes_nothing_and_goes_has_the_history_as_it_was() {
    for pause in [0, 300] {
        let folder = folder(1);
        let (reader, writer) = pipe().unwrap();
        let scan = folder.scan(&SCAN).output(File::from(OwnedFd::from(writer)));
        let running = scan.launch();
        std::thread::sleep(Duration::from_millis(pause));
        drop(reader);
        expect_not_learnt(&folder, running.end(), BROKEN);
    }
}

#[test]
fn a_full_disk_has_the_history_as_it_was() {
    let folder = folder(1);
    let full = || OpenOptions::new().write(true).open("/dev/full").unwrap();
    let cause = "the result cannot be written: No space left on device";
    let scan = || folder.scan(&SCAN).output(full());
    expect_not_learnt(&folder, scan().run(), cause);
    let dry = folder.scan(&[&SCAN[..], &["--dry-run"]].concat());
    expect_not_learnt(&folder, dry.output(full()).run(), cause);
}

/// The row of numbers comes from the writing, and no alert is lost with it.
#[test]
fn learning_does_not_depend_on_its_row_of_numbers() {
    let learnt = format!(
        "{HEADER}billing,192.0.2.9,5,6\nbilling,192.0.2.1,{TIME},{TIME}\nbilling,192.0.2.2,{TIME},{TIME}\n"
    );
    let seed = [&SCAN[..], &["--seed"]].concat();
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let into_full = folder(1);
    let found = into_full.scan(&seed).output(full).run().expect_code(1);
    found.expect_stderr(&["the result cannot be written: ", "the history was written"]);
    assert_eq!(into_full.text("seen.csv"), learnt);
    let closed = folder(1);
    closed.scan_through(&CLOSED, &seed).run().expect_code(0);
    assert_eq!(closed.text("seen.csv"), learnt);
}

#[test]
fn a_closed_standard_output_is_refused_before_anything_is_read() {
    let folder = folder(1);
    let found = folder.scan_through(&CLOSED, &SCAN).run().expect_code(1);
    found.expect_stderr(&["standard output is closed", "or learn only with --seed"]);
    assert_eq!(folder.text("seen.csv"), HISTORY);
}

/// A shell opens it for writing alone.
#[test]
fn a_result_that_is_thrown_away_counts_as_shown() {
    let folder = folder(1);
    let null = OpenOptions::new().write(true).open("/dev/null").unwrap();
    folder.scan(&SCAN).output(null).run().expect_code(0);
    assert!(folder.text("seen.csv").contains("192.0.2.1"));
}

#[test]
fn a_scan_that_waits_for_its_reader_holds_no_lock() {
    let folder = folder(5_000).file("b.log", lines(&["192.0.2.2", "192.0.2.3"]));
    let (mut reader, writer) = pipe().unwrap();
    let waiting = folder.scan(&SCAN).output(File::from(OwnedFd::from(writer)));
    let waiting = waiting.launch();
    let mut first = [0; 1];
    std::io::Read::read_exact(&mut reader, &mut first).unwrap();
    let other = |log| folder.scan(&["--lookup", "seen.csv", "--format", "csv", log]);
    let found = other("b.log").run().expect_code(0).expect_silence();
    assert_eq!(found.column("src_ip"), ["192.0.2.2", "192.0.2.3"]);
    // Now that it is read, it adds what it showed to what the other has learnt.
    let rest = std::thread::spawn(move || std::io::copy(&mut reader, &mut std::io::sink()));
    waiting.end().expect_code(0);
    rest.join().unwrap().unwrap();
    for address in 1..=3 {
        let row = format!("\nbilling,192.0.2.{address},{TIME},{TIME}\n");
        assert_eq!(folder.text("seen.csv").matches(&row).count(), 1, "{row}");
    }
}

/// A scan whose result is shown and whose history then cannot be written: the next one shows it again.
#[test]
fn a_result_that_was_shown_and_not_learnt_is_shown_again() {
    let folder = folder(1);
    std::fs::create_dir(folder.at("seen.csv.lock.tmp")).unwrap();
    let scan = || -> Scan { folder.scan(&[&SCAN[..], &["--format", "csv"]].concat()) };
    let found = scan().run().expect_code(1);
    assert_eq!(found.column("src_ip"), ["192.0.2.1", "192.0.2.2"]);
    found.expect_stderr(&["the history seen.csv could not be written and is as it was"]);
    std::fs::remove_dir(folder.at("seen.csv.lock.tmp")).unwrap();
    let again = scan().run().expect_code(0);
    assert_eq!(again.column("src_ip"), ["192.0.2.1", "192.0.2.2"]);
}
