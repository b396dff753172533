//! SIGINT, SIGTERM and SIGHUP, at any moment: the message says what became of the history, and is true.

use std::fs::File;
use std::io::{Read, pipe};
use std::os::fd::OwnedFd;
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use crate::folder::{Folder, HEADER, TIME, lines};
use crate::process::{Ended, Running, Scan};
use crate::support::files::wait_until;

const HISTORY: &str = "bucket_name,remote_ip,firstTime,lastTime\nbilling,192.0.2.9,5,6\n";

const SCAN: [&str; 3] = ["--lookup", "seen.csv", "a.log"];

const SIGNALS: [(Signal, &str); 3] = [
    (Signal::INT, "SIGINT"),
    (Signal::TERM, "SIGTERM"),
    (Signal::HUP, "SIGHUP"),
];

fn folder(accesses: usize) -> Folder {
    let log = lines(&["192.0.2.1"]).repeat(accesses);
    Folder::new().file("a.log", log).file("seen.csv", HISTORY)
}

fn learnt() -> String {
    format!("{HEADER}billing,192.0.2.9,5,6\nbilling,192.0.2.1,{TIME},{TIME}\n")
}

/// Expects the end by a signal that found the history as it was.
fn expect_as_it_was(folder: &Folder, ended: Ended, (signal, name): (Signal, &str)) {
    let message = format!("s3newip: interrupted by {name}: the history is as it was\n");
    ended
        .expect_code(128 + signal.as_raw())
        .expect_stderr(&[&message]);
    assert_eq!(folder.text("seen.csv"), HISTORY);
    assert!(
        folder.names().iter().all(|name| !name.contains(".csv.")),
        "{:?}",
        folder.names()
    );
}

/// Waits until the process handles the signals.
fn wait_for_handlers(running: &Running) {
    let status = format!("/proc/{}/status", running.id());
    wait_until("handlers", || {
        let status = std::fs::read_to_string(&status).unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        mask.is_some_and(|mask| mask >> (Signal::TERM.as_raw() - 1) & 1 == 1)
    });
}

/// A scan that writes to a pipe which is not read, once it has begun to.
fn unread(scan: Scan) -> (Running, std::io::PipeReader) {
    let (mut reader, writer) = pipe().unwrap();
    let running = scan.output(File::from(OwnedFd::from(writer))).launch();
    reader.read_exact(&mut [0; 1]).unwrap();
    (running, reader)
}

#[test]
fn while_it_reads_the_logs() {
    for signal in SIGNALS {
        let folder = folder(1);
        let scan = folder.scan(&["--lookup", "seen.csv"]);
        let scan = scan.input(lines(&["192.0.2.1"])).meanwhile(|| {
            std::thread::sleep(Duration::from_secs(20));
        });
        let running = scan.launch();
        wait_for_handlers(&running);
        running.signal(signal.0);
        expect_as_it_was(&folder, running.end(), signal);
    }
}

#[test]
fn while_its_reader_has_not_taken_all_of_the_result() {
    for signal in SIGNALS {
        // Less than a pipe holds, and more.
        for accesses in [1, 5_000] {
            let folder = folder(accesses);
            let (running, _reader) = unread(folder.scan(&SCAN));
            running.signal(signal.0);
            expect_as_it_was(&folder, running.end(), signal);
        }
    }
}

#[test]
fn while_it_waits_for_the_lock() {
    for seed in [&[][..], &["--seed"]] {
        let folder = folder(1);
        let lock = File::create(folder.at("seen.csv.lock.tmp")).unwrap();
        lock.lock().unwrap();
        let running = folder.scan(&[&SCAN[..], seed].concat()).launch();
        wait_for_handlers(&running);
        std::thread::sleep(Duration::from_millis(400));
        running.signal(Signal::INT);
        let ended = running.end();
        std::fs::remove_file(folder.at("seen.csv.lock.tmp")).unwrap();
        expect_as_it_was(&folder, ended, SIGNALS[0]);
    }
}

/// `nohup` has the program outlive the terminal.
#[test]
fn one_that_it_was_started_to_ignore_is_ignored() {
    let folder = folder(1);
    let ignoring = ["sh", "-c", "trap '' HUP; exec \"$@\"", "sh"];
    let (running, mut reader) = unread(folder.scan_through(&ignoring, &SCAN));
    running.signal(Signal::HUP);
    std::io::copy(&mut reader, &mut std::io::sink()).unwrap();
    running.end().expect_code(0);
    assert_eq!(folder.text("seen.csv"), learnt());
}

/// Its message has no room in a pipe that is not read; the end does not wait for it.
#[test]
fn a_full_standard_error_does_not_keep_it_alive() {
    let folder = folder(1);
    let (reader, writer) = pipe().unwrap();
    let filler = std::thread::spawn({
        let mut writer = writer.try_clone().unwrap();
        move || std::io::Write::write_all(&mut writer, &[b'x'; 1 << 20])
    });
    std::thread::sleep(Duration::from_millis(100));
    let (running, _unread) = unread(folder.scan(&SCAN).error(OwnedFd::from(writer)));
    running.signal(Signal::TERM);
    assert_eq!(running.end().code, Some(128 + 15));
    assert_eq!(folder.text("seen.csv"), HISTORY);
    drop(reader);
    filler.join().unwrap().unwrap_err();
}

/// What the message of an interrupted scan, or its exit code alone, says of the history has to be true.
fn expect_truth(folder: &Folder, ended: &Ended, place: &str) {
    let history = folder.text("seen.csv");
    let says = |words: &str| ended.stderr.contains(&format!("the history {words}\n"));
    let true_of = match ended.code {
        Some(130) if says("is as it was") => HISTORY.to_owned(),
        Some(130) if says("was written") => learnt(),
        // Before there was a handler.
        None => HISTORY.to_owned(),
        // After everything.
        Some(0) => learnt(),
        _ => panic!("{place}: {ended:?}"),
    };
    assert_eq!(history, true_of, "{place}: {ended:?}");
}

#[test]
fn at_one_moment_after_the_other() {
    let mut ends = std::collections::BTreeMap::new();
    for round in 0..150 {
        let folder = folder(1);
        let arguments = if round % 2 == 0 {
            SCAN.to_vec()
        } else {
            [&SCAN[..], &["--seed"]].concat()
        };
        let running = folder.scan(&arguments).launch();
        // With the time that it gives its reader.
        let wait = round * if round % 2 == 0 { 1000 } else { 200 };
        std::thread::sleep(Duration::from_micros(wait));
        running.signal(Signal::INT);
        let ended = running.end();
        expect_truth(&folder, &ended, &format!("after {wait} us"));
        *ends.entry(ended.code).or_insert(0) += 1;
    }
    println!("{ends:?}");
}

/// At the calls of publishing: from the rename on, the history was written. Before it that depends on which thread is
/// faster; what is said of it must not.
#[test]
fn at_each_step_of_publishing() {
    let traced = Command::new("strace")
        .args(["-o", "/dev/null", "true"])
        .output();
    if !traced.is_ok_and(|output| output.status.success()) {
        println!("skipped: strace cannot be had");
        return;
    }
    for (step, placed) in [
        ("flock:signal=SIGINT:when=1", false),
        ("fchmod:signal=SIGINT:when=1", false),
        ("fsync:signal=SIGINT:when=1", false),
        ("rename:signal=SIGINT:when=1", true),
        ("fsync:signal=SIGINT:when=2", true),
    ] {
        for seed in [&[][..], &["--seed"]] {
            let folder = folder(1);
            let inject = format!("inject={step}");
            let strace = ["strace", "-f", "-o", "/dev/null", "-e", &inject];
            let arguments = [&SCAN[..], seed].concat();
            let ended = folder.scan_through(&strace, &arguments).run();
            expect_truth(&folder, &ended, step);
            assert_eq!(ended.code, Some(130), "{step}: {ended:?}");
            assert!(!placed || folder.text("seen.csv") == learnt(), "{step}");
            assert_eq!(folder.names(), ["a.log", "seen.csv"], "{step}");
        }
    }
}
