//! Security: attacks by the lookup's name, by files planted beside it, by what is written into a log and by the
//! environment fail, and no secret leaves the process.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure here is a failed test"
)]

mod support;

use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};
use support::files::{State, is_open_to_all, is_root, names_in, set_mode};
use support::model::HEADER;
use support::strace::{About, Strace};
use support::{
    Dice, HISTORY, NOW, Outcome, Row, SESSION_KEY, SOON, Search, Splunk, access, body_of,
    execute_frame,
};

const TOKEN: &str = "token-that-must-never-be-shown";

const NOBODY: u32 = 65_534;

fn search<'a>(splunk: &'a Splunk, arguments: &str) -> Search<'a> {
    let rows = [access("billing", "192.0.2.7", NOW)];
    splunk.search(arguments).chunk(&rows).probes(0)
}

/// Runs the search and expects it not to have waited for anything.
fn at_once(search: Search<'_>) -> Outcome {
    let started = Instant::now();
    let found = search.run();
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
    found
}

#[test]
fn a_lookup_name_that_leads_elsewhere_is_refused_before_a_file_is_touched() {
    let splunk = Splunk::new().history(HEADER);
    fs::write(splunk.app().join("secret.csv"), HEADER).unwrap();
    let before = splunk.snapshot();
    let longest = format!("{}.csv", "x".repeat(300));
    let names = [
        "../secret.csv",
        "./seen.csv",
        "/etc/passwd",
        "/etc/seen.csv",
        "..\\secret.csv",
        "..",
        ".",
        "",
        ".csv",
        ".seen.csv",
        "seen.csv/",
        "seen.csv/../../secret.csv",
        "%2e%2e%2fsecret.csv",
        "..%c0%af..%c0%afsecret.csv",
        "\u{2024}\u{2024}/secret.csv",
        "\u{ff0e}\u{ff0e}\u{ff0f}secret.csv",
        "\u{2215}secret.csv",
        "se\u{200b}en.csv",
        "seen\u{202e}vsc.csv",
        "s\u{435}en.csv",
        "seen.csv\0.txt",
        "seen\0.csv",
        "seen.csv\n",
        "seen .csv",
        "~/seen.csv",
        "$HOME.csv",
        "*.csv",
        "seen.csv.lock.tmp",
        "seen.CSV",
        "con:seen.csv",
        "seen.csv:stream",
        "seen.csv.default",
        &longest,
    ];
    for name in names {
        let argument = format!("lookup={name}");
        let found = at_once(search(&splunk, "").args(&[&argument]));
        assert!(
            found.replies.is_empty(),
            "{name:?} is refused at getinfo\n{}",
            found.transcript
        );
        found.expect_error(&["lookup"]);
    }
    assert_eq!(splunk.snapshot(), before);
}

/// Puts something at the place of the lookup, or of what lies beside it.
type Planter = fn(&Path);

fn fifo(path: &Path) {
    run("mkfifo", &[path.to_str().unwrap()]);
}

fn device(path: &Path) {
    run("mknod", &[path.to_str().unwrap(), "c", "1", "5"]);
}

fn folder(path: &Path) {
    fs::create_dir(path).unwrap();
}

fn run(program: &str, arguments: &[&str]) {
    let done = Command::new(program).args(arguments).status();
    assert!(
        done.is_ok_and(|status| status.success()),
        "{program} {arguments:?}"
    );
}

fn special_files() -> Vec<(&'static str, Planter)> {
    let mut files: Vec<(&str, Planter)> = vec![("fifo", fifo), ("folder", folder)];
    if is_root() {
        files.push(("device", device));
    }
    files
}

#[test]
fn a_lookup_that_is_no_regular_file_is_refused_and_not_waited_for() {
    for (what, plant) in special_files() {
        for name in [HISTORY.to_owned(), format!("{HISTORY}.default")] {
            let splunk = Splunk::new();
            plant(&splunk.lookups().join(&name));
            for arguments in ["", "update=false", "seed=true"] {
                let found = at_once(search(&splunk, arguments));
                found.expect_error(&[HISTORY]);
            }
            assert_eq!(names_in(&splunk.lookups()), [name], "{what}");
        }
    }
}

#[test]
fn a_link_that_leads_out_of_the_lookups_folder_is_refused() {
    let outside = "../../../../../outside.csv";
    for target in [
        outside,
        "/dev/zero",
        "/proc/self/mem",
        "/etc/passwd",
        "nowhere.csv",
        "../nowhere.csv",
        HISTORY,
        ".",
    ] {
        let splunk = Splunk::new();
        fs::write(splunk.home().join("outside.csv"), HEADER).unwrap();
        let before = State::of(&splunk.home().join("outside.csv"));
        symlink(target, splunk.history_path()).unwrap();
        at_once(search(&splunk, "")).expect_error(&[HISTORY]);
        assert_eq!(
            State::of(&splunk.home().join("outside.csv")),
            before,
            "{target}"
        );
        assert_eq!(names_in(&splunk.lookups()), [HISTORY], "{target}");
        assert!(
            !splunk.lookups().join("nowhere.csv").exists()
                && !splunk.app().join("nowhere.csv").exists()
        );
    }
}

/// The start that the app ships is no link either.
#[test]
fn a_default_history_that_is_a_link_is_refused() {
    let splunk = Splunk::new().lookup("other.csv", HEADER);
    symlink(
        "other.csv",
        splunk.lookups().join(format!("{HISTORY}.default")),
    )
    .unwrap();
    at_once(search(&splunk, "")).expect_error(&[HISTORY, ".default", "is no regular file"]);
}

fn lock(splunk: &Splunk) -> PathBuf {
    splunk.lookups().join(format!("{HISTORY}.lock.tmp"))
}

#[test]
fn a_lock_file_that_is_no_regular_file_is_not_followed_not_waited_for_and_loses_no_alert() {
    for (what, plant) in special_files() {
        let splunk = Splunk::new().history(HEADER);
        plant(&lock(&splunk));
        let found = at_once(search(&splunk, "new=unseen"));
        found.expect_rows("remote_ip\n192.0.2.7\n");
        found.expect_message(
            "ERROR",
            &[HISTORY, "lock file", "it is no regular file; remove it"],
        );
        found.expect_message("ERROR", &[".lock.tmp", "is as it was"]);
        assert_eq!(splunk.history_text(), HEADER, "{what}");
    }
}

#[test]
fn a_lock_file_that_is_a_link_overwrites_nothing() {
    let splunk = Splunk::new()
        .history(HEADER)
        .lookup("precious.csv", "precious");
    for target in ["precious.csv", HISTORY, "new.csv", "/dev/zero"] {
        symlink(target, lock(&splunk)).unwrap();
        let found = at_once(search(&splunk, "new=unseen"));
        found
            .expect_rows("remote_ip\n192.0.2.7\n")
            .expect_message("ERROR", &["lock file", "it is no regular file; remove it"]);
        fs::remove_file(lock(&splunk)).unwrap();
    }
    assert_eq!(splunk.lookup_text("precious.csv"), "precious");
    assert_eq!(splunk.history_text(), HEADER);
    assert!(!splunk.lookups().join("new.csv").exists());
}

/// A second name of another file: locked, never written, and gone afterwards.
#[test]
fn a_lock_file_that_is_another_files_second_name_overwrites_nothing() {
    for target in ["precious.csv", HISTORY] {
        let splunk = Splunk::new()
            .history(HEADER)
            .lookup("precious.csv", "precious");
        fs::hard_link(splunk.lookups().join(target), lock(&splunk)).unwrap();
        let found = at_once(search(&splunk, "new=unseen"));
        found
            .expect_rows("remote_ip\n192.0.2.7\n")
            .expect_no_message("ERROR");
        assert_eq!(splunk.lookup_text("precious.csv"), "precious");
        assert_eq!(
            splunk.history_text(),
            format!("{HEADER}billing,192.0.2.7,{NOW},{NOW}\n")
        );
        assert_eq!(names_in(&splunk.lookups()), ["precious.csv", HISTORY]);
    }
}

/// As root, the command runs as another user, in a folder that belongs to that user.
#[test]
fn a_lock_file_of_another_user_is_no_obstacle_unless_it_cannot_be_opened() {
    let splunk = Splunk::new().history(HEADER);
    set_mode(splunk.home(), 0o755);
    if !is_root() || !is_open_to_all(&splunk.bin()) {
        println!("skipped: the command cannot be started as another user here");
        return;
    }
    chown(splunk.lookups(), Some(NOBODY), Some(NOBODY)).unwrap();
    let run = || at_once(search(&splunk, "new=unseen").user(NOBODY));
    fs::write(lock(&splunk), "process 1").unwrap();
    set_mode(&lock(&splunk), 0o600);
    run()
        .expect_rows("remote_ip\n192.0.2.7\n")
        .expect_message("ERROR", &["lock file", "Permission denied"]);
    set_mode(&lock(&splunk), 0o644);
    run()
        .expect_rows("remote_ip\n192.0.2.7\n")
        .expect_no_message("ERROR");
    assert_eq!(names_in(&splunk.lookups()), [HISTORY]);
}

/// A program that removes the lock file again and again makes the lock worthless; the wait for it stays bounded (a process
/// that goes on beyond its limit fails the test), and no alert is lost.
#[test]
fn a_lock_file_that_is_removed_again_and_again_costs_no_alert() {
    let splunk = Splunk::new().history(HEADER);
    let (stop, stopped) = mpsc::channel::<()>();
    let lock = lock(&splunk);
    // Ends with the test, however that ends: dropping `stop` stops it.
    let remover = thread::spawn(move || {
        while stopped.recv_timeout(Duration::from_micros(100)) == Err(RecvTimeoutError::Timeout) {
            let _ = fs::remove_file(&lock);
        }
    });
    for n in 1..=20 {
        let ip = format!("192.0.2.{n}");
        let rows = [access("billing", &ip, NOW)];
        let found = splunk.search("new=unseen").chunk(&rows).probes(0).run();
        found.expect_rows(&format!("remote_ip\n{ip}\n"));
    }
    drop(stop);
    remover.join().unwrap();
}

#[test]
fn the_name_of_a_staged_file_cannot_be_foreseen() {
    let mut names = std::collections::BTreeSet::new();
    for _ in 0..8 {
        let splunk = Splunk::new().history(HEADER);
        let Some(strace) = Strace::new(&splunk) else {
            return;
        };
        strace.over(search(&splunk, ""), &[]).run().expect_success();
        let trace = strace.trace();
        let create = &trace.0[trace.expect("openat", About::Staged)].line;
        let (_, name) = create.split_once(&format!("{HISTORY}.")).unwrap();
        names.insert(name[..16].to_owned());
    }
    assert_eq!(names.len(), 8, "{names:?}");
}

/// The cells of a history, as the csv crate reads them.
fn cells(bytes: &[u8]) -> Vec<Vec<Vec<u8>>> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(false)
        .from_reader(bytes);
    let rows = reader
        .byte_records()
        .map(|row| row.unwrap().iter().map(<[u8]>::to_vec).collect());
    rows.collect()
}

#[test]
fn what_attackers_write_into_a_key_stays_in_its_cell() {
    let hostile: [&[u8]; 16] = [
        b"a,b",
        b"a\"b",
        b"\"",
        b"\"\"",
        b"a\nb",
        b"a\r\nb",
        b"a\rb",
        b"\r",
        b"\n",
        b",",
        b"a\",1,2\nevil,192.0.2.66,1,1",
        b"=cmd|'/c calc'!A1",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\x1b[2J",
        b" spaces ",
    ];
    for (end, line) in [
        ("\n", HEADER.to_owned()),
        ("\r\n", HEADER.replace('\n', "\r\n")),
    ] {
        let known = format!("{line}known,192.0.2.1,1,2{end}");
        let splunk = Splunk::new().history(&known);
        let rows: Vec<Row> = hostile
            .iter()
            .map(|key| access("x", "192.0.2.7", NOW).set("bucket_name", key))
            .collect();
        let search = || splunk.search("new=unseen").chunk(&rows).probes(0);
        let found = search().run();
        assert_eq!(found.row_count(), hostile.len());
        let history = splunk.history_bytes();
        assert!(history.starts_with(known.as_bytes()));
        let table = cells(&history);
        assert_eq!(table.len(), 2 + hostile.len());
        for key in hostile {
            let rows = table.iter().filter(|row| row[0] == key).count();
            assert_eq!(rows, 1, "{} is not one row", key.escape_ascii());
        }
        assert!(
            table
                .iter()
                .skip(2)
                .all(|row| row[1] == b"192.0.2.7" && row[2] == NOW.to_string().as_bytes())
        );
        search().run().expect_no_rows();
        assert_eq!(splunk.history_bytes(), history, "known now, each of them");
    }
}

/// A history with such a byte is refused, so an attacker who could write one into it would have stopped the search for good.
#[test]
fn a_key_that_would_break_the_history_for_the_next_search_is_not_written_into_it() {
    let splunk = Splunk::new().history(HEADER);
    let rows = [
        access("x", "192.0.2.7", NOW).set("bucket_name", b"bil\0ling"),
        access("billing", "x", NOW).set("remote_ip", b"\0"),
        access("billing", "192.0.2.8", NOW),
    ];
    let search = || splunk.search("new=unseen").chunk(&rows).probes(0);
    search().run();
    assert!(
        !splunk.history_bytes().contains(&0),
        "{}",
        splunk.history_bytes().escape_ascii()
    );
    search().run().expect_success();
    splunk
        .search("")
        .chunk(&[access("billing", "192.0.2.9", NOW)])
        .run()
        .expect_rows("remote_ip\n192.0.2.9\n");
}

/// So is a key of which the history could not be read back.
#[test]
fn a_key_that_is_too_long_to_be_read_back_is_not_written() {
    const LIMIT: usize = 1 << 20;
    let splunk = Splunk::new().history(HEADER);
    let longest = "\"".repeat(LIMIT);
    let rows = [
        access("x", "192.0.2.7", NOW).set("bucket_name", &longest),
        access("x", "192.0.2.7", NOW).set("bucket_name", format!("{longest}x")),
    ];
    let search = || {
        splunk
            .search("new=unseen")
            .chunk(&rows)
            .probes(0)
            .whole_writes()
    };
    let found = search().run();
    assert_eq!(found.row_count(), 1);
    found.expect_message(
        "WARN",
        &["1 of 2 rows", "more than 1048576 bytes in bucket_name"],
    );
    let table = cells(&splunk.history_bytes());
    assert_eq!((table.len(), table[1][0].len()), (2, LIMIT));
    search().run().expect_no_rows();
}

/// Every file below `folder` but info.csv, which splunkd wrote, has no secret in it.
fn no_secret_below(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            no_secret_below(&path);
        } else if path
            .file_name()
            .is_some_and(|name| name != "info.csv" && name != "s3newip")
        {
            no_secret(&fs::read(&path).unwrap(), &path.display().to_string());
        }
    }
}

fn no_secret(bytes: &[u8], place: &str) {
    for secret in [SESSION_KEY, TOKEN] {
        let found = bytes
            .windows(secret.len())
            .any(|window| window == secret.as_bytes());
        assert!(!found, "{secret} in {place}");
    }
}

#[test]
fn the_session_key_and_the_token_are_in_no_reply_and_no_file() {
    let splunk = Splunk::new().history(HEADER);
    let broken = Splunk::new().history("no,history\n");
    let wide = "x".repeat(60_000);
    let many: Vec<Row> = (1..200)
        .map(|n| access("b", &format!("2001:db8::{n:x}"), NOW).set("wide", &wide))
        .collect();
    let searches = [
        search(&splunk, ""),
        search(&splunk, "update=false"),
        search(&splunk, "seed=true"),
        search(&splunk, "no such option"),
        search(&splunk, "lookup=../x.csv"),
        search(&broken, ""),
        search(&splunk, "").body("broken\n\"x"),
        search(&splunk, "").preview(),
        splunk.search("").chunk(&many),
        search(&splunk, "").metadata("preview", "perhaps".into()),
        search(&splunk, "").searchinfo("sid", 7.into()),
        search(&splunk, "").searchinfo("args", "none".into()),
    ];
    for search in searches {
        let mut talk = search.start();
        let getinfo = talk.getinfo_frame().to_vec();
        talk.send(&getinfo);
        let body = body_of(&[access("billing", "192.0.2.7", NOW)]);
        talk.send(&execute_frame(&body, false));
        talk.send(&execute_frame(&body, true));
        let ended = talk.hang_up();
        no_secret(&ended.rest, "a reply");
        no_secret(&ended.stderr, "standard error");
    }
    no_secret_below(splunk.home());
    no_secret_below(broken.home());
}

/// Nor in a file that is gone by the end: every write is looked at.
#[test]
fn nothing_that_is_written_anywhere_has_a_secret_in_it() {
    let splunk = Splunk::new().history(HEADER);
    if Strace::new(&splunk).is_none() {
        return;
    }
    let log = splunk.home().join("writes.log");
    let wrapper = [
        "strace",
        "-f",
        "-s",
        "65536",
        "-e",
        "trace=write,pwrite64,writev,sendto,sendmsg,pwritev",
        "-o",
        log.to_str().unwrap(),
    ];
    search(&splunk, "").through(&wrapper).run().expect_success();
    let writes = fs::read(&log).unwrap();
    assert!(writes.windows(8).any(|window| window == b"chunked "));
    no_secret(&writes, "a write");
}

/// A core file is the memory of the process, with all that splunkd said.
#[test]
fn a_process_that_dies_leaves_no_core_file() {
    let splunk = Splunk::new().history(HEADER);
    let Some(strace) = Strace::new(&splunk) else {
        return;
    };
    strace.over(search(&splunk, ""), &[]).run().expect_success();
    let trace = strace.trace();
    let switch = trace
        .0
        .iter()
        .position(|call| call.name == "prctl" && call.line.contains("SUID_DUMP_DISABLE"));
    let first_word = trace
        .0
        .iter()
        .position(|call| call.name == "read" && call.line.contains("\"chunked "));
    assert!(switch.is_some() && switch < first_word, "{}", trace.text());
}

/// Every variable that ever told a program where to put its files.
const VARIABLES: [&str; 18] = [
    "TMPDIR",
    "TMP",
    "TEMP",
    "TEMPDIR",
    "HOME",
    "SPLUNK_HOME",
    "SPLUNK_DB",
    "SPLUNK_ETC",
    "SPLUNK_RUN_DIR",
    "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
    "PWD",
    "S3NEWIP_LOOKUP",
    "S3NEWIP_HOME",
    "S3NEWIP_DIR",
    "APP_HOME",
];

/// Variables that might change what is done.
const SETTINGS: [&str; 5] = [
    "S3NEWIP_UPDATE=false",
    "S3NEWIP_NEW=window",
    "RUST_LOG=trace",
    "RUST_BACKTRACE=full",
    "TZDIR=/nonexistent",
];

#[test]
fn no_environment_variable_changes_where_data_goes() {
    let trap = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = trap.path().to_str().unwrap().to_owned();
    let splunk = Splunk::new().history(HEADER);
    let wide = "x".repeat(60_000);
    let rows: Vec<Row> = (1..200)
        .map(|n| access("b", &format!("2001:db8::{n:x}"), NOW).set("wide", &wide))
        .collect();
    let mut words = vec!["env".to_owned()];
    words.extend(VARIABLES.map(|name| format!("{name}={path}")));
    words.extend(SETTINGS.map(str::to_owned));
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let found = splunk
        .search("new=unseen")
        .chunk(&rows)
        .through(&words)
        .probes(1)
        .whole_writes()
        .run();
    assert_eq!(found.row_count(), rows.len());
    assert_eq!(cells(&splunk.history_bytes()).len(), 1 + rows.len());
    assert_eq!(names_in(trap.path()), [""; 0]);
}

/// All that is ever opened for writing: the lock, the staged file, the nameless file in the dispatch folder.
#[test]
fn nothing_is_opened_for_writing_but_beside_the_lookup_and_in_the_dispatch_folder() {
    let splunk = Splunk::new().history(HEADER);
    let Some(strace) = Strace::new(&splunk) else {
        return;
    };
    let wide = "x".repeat(60_000);
    let rows: Vec<Row> = (1..200)
        .map(|n| access("b", &format!("2001:db8::{n:x}"), NOW).set("wide", &wide))
        .collect();
    strace
        .over_threads(splunk.search("").chunk(&rows), &[])
        .run()
        .expect_success();
    let trace = strace.trace();
    let writable = [
        "O_WRONLY",
        "O_RDWR",
        "O_CREAT",
        "O_TMPFILE",
        "O_TRUNC",
        "O_APPEND",
    ];
    let opened: Vec<_> = trace
        .0
        .iter()
        .filter(|call| {
            call.name.starts_with("open") && writable.iter().any(|flag| call.line.contains(flag))
        })
        .collect();
    let abouts: Vec<About> = opened.iter().map(|call| call.about).collect();
    assert_eq!(
        abouts,
        [About::Dispatch, About::Lock, About::Staged],
        "{opened:#?}"
    );
    // Nothing but threads is started, nothing is connected to.
    for name in [
        "fork", "vfork", "socket", "connect", "mkdir", "symlink", "link", "chmod", "chown",
    ] {
        assert!(trace.0.iter().all(|call| call.name != name), "{name}");
    }
    let clones = trace.0.iter().filter(|call| call.name.starts_with("clone"));
    for clone in clones {
        assert!(clone.line.contains("CLONE_THREAD"), "{clone:?}");
    }
    assert_eq!(
        trace.0.iter().filter(|call| call.name == "execve").count(),
        1
    );
}

/// The processor time that a search over `count` pairs takes, in clock ticks.
fn ticks(splunk: &Splunk, count: usize, key: &dyn Fn(usize) -> String) -> u64 {
    let mut body = b"_time,bucket_name,remote_ip,http_status\n".to_vec();
    for n in 0..count {
        body.extend_from_slice(format!("{NOW},{},192.0.2.7,200\n", key(n)).as_bytes());
    }
    let mut talk = splunk.search("update=false output=pairs").start();
    talk.getinfo();
    talk.process.send(&execute_frame(&body, true));
    let reply = talk.process.reply();
    assert!(reply.error().is_none());
    let stat = fs::read_to_string(format!("/proc/{}/stat", talk.process.id())).unwrap();
    let fields: Vec<&str> = stat
        .rsplit_once(')')
        .unwrap()
        .1
        .split_whitespace()
        .collect();
    let ticks = fields[11].parse::<u64>().unwrap();
    talk.hang_up();
    ticks.max(1)
}

/// Keys that a weak hash would throw together: four times as many must take about four times as long, not sixteen.
#[test]
fn chosen_keys_do_not_make_a_search_slow() {
    if support::runner().is_some() {
        println!("skipped: the emulator's time says nothing");
        return;
    }
    let splunk = Splunk::new().history(HEADER);
    let mut dice = Dice::new(5);
    let permuted: Vec<String> = (0..4).map(|_| format!("{:016x}", dice.next())).collect();
    let same_prefix = |n: usize| format!("{}{n:08}", "a".repeat(120));
    let same_sum = |n: usize| {
        (0..17)
            .map(|bit| if n >> bit & 1 == 1 { "ab" } else { "ba" })
            .collect::<String>()
    };
    let same_low_bits = |n: usize| format!("{:016x}{}", (n as u64) << 40, permuted[n % 4]);
    let keys: [&dyn Fn(usize) -> String; 3] = [&same_prefix, &same_sum, &same_low_bits];
    for (number, key) in keys.into_iter().enumerate() {
        let (few, many) = (ticks(&splunk, 25_000, key), ticks(&splunk, 100_000, key));
        assert!(
            many <= 9 * few + 10,
            "keys {number}: {few} ticks for few, {many} for four times as many"
        );
    }
}
