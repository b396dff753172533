//! Every system call of the publish path made to fail in turn, and disks that are really full: no alert is lost, the
//! history stays, nothing is left behind, and the message names step, file and cause.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a failure here is a failed test"
)]

mod support;

use std::fs;
use std::os::unix::fs::chown;
use std::process::Command;
use support::files::{State, is_root, names_in};
use support::model::Model;
use support::strace::{About, Call, Strace, Trace};
use support::{HISTORY, NOW, Outcome, Reply, Row, Search, Splunk, access, body_of};

/// The errors that each call is made to fail with, and their texts.
const ERRORS: [(&str, &str); 5] = [
    ("ENOSPC", "No space left on device"),
    ("EIO", "Input/output error"),
    ("EACCES", "Permission denied"),
    ("EROFS", "Read-only file system"),
    ("EINTR", "Interrupted system call"),
];

/// Calls that are about memory, or that cannot fail in a way that matters.
const NOT_FILES: [&str; 8] = [
    "brk",
    "mmap",
    "munmap",
    "mremap",
    "close",
    "ppoll",
    "fcntl",
    "exit_group",
];

const ROWS: &str = "remote_ip,newIP\n192.0.2.1,1\n192.0.2.7,1\n";

fn rows() -> [Row; 3] {
    [
        access("billing", "192.0.2.1", NOW),
        access("archive", "2001:db8:1::1", NOW),
        access("billing", "192.0.2.7", NOW),
    ]
}

fn old() -> Model {
    Model::of_length(3)
}

fn merged() -> Model {
    let accesses = [
        ("billing", "192.0.2.1"),
        ("archive", "2001:db8:1::1"),
        ("billing", "192.0.2.7"),
    ];
    old().learn(&accesses.map(|(bucket, ip)| (bucket.to_owned(), ip.to_owned(), NOW)))
}

fn splunk() -> Splunk {
    let splunk = Splunk::new().history(old().text());
    if is_root() {
        chown(splunk.history_path(), Some(4321), Some(1234)).unwrap();
    }
    splunk
}

fn search<'a>(splunk: &'a Splunk, arguments: &str) -> Search<'a> {
    splunk.search(arguments).chunk(&rows()).probes(0)
}

/// What must come of a call that failed.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcomes {
    /// As if nothing had been.
    Success,
    /// As if nothing had been, but for a lock file that could not be removed.
    LockStays,
    /// The search fails: nothing can be decided.
    Refused,
    /// The rows, and an error with these words; the history is as it was.
    Unwritten(&'static str),
    /// The rows, and an error: the history is the new one, perhaps not for long.
    NotDurable,
}

/// What must come of it when the call at `place` fails with `error`.
fn expected(trace: &Trace, place: usize, error: &str) -> Outcomes {
    use Outcomes::{LockStays, NotDurable, Refused, Success, Unwritten};
    let call = &trace.0[place];
    let create = trace.expect("openat", About::Staged);
    let rename = trace.expect("rename", About::Staged);
    let folder = trace.expect("openat", About::Folder);
    let holder = trace.expect("ftruncate", About::Lock);
    let mut until_create = trace.0.iter().take(create);
    let last_read = until_create
        .rposition(|call| call.is("pread64", About::History))
        .unwrap();
    if error == "EINTR" {
        return Success;
    }
    match (call.name.as_str(), call.about) {
        // Only a courtesy to those who wait.
        ("ftruncate" | "write", About::Lock) => Success,
        ("statx", About::Lock) if place + 1 == holder => Success,
        (_, About::Lock) if place > rename => LockStays,
        (_, About::Lock) => Unwritten("lock file"),
        (_, About::Folder) if place > rename => NotDurable,
        (_, About::Folder) => {
            assert!(place - folder < 5, "{call:?}");
            Unwritten("sweep")
        }
        ("statx", About::History) if call.line.contains("AT_SYMLINK_NOFOLLOW") => {
            Unwritten("check")
        }
        ("statx", About::History) if place > last_read => Unwritten("look at"),
        (_, About::History) => Refused,
        ("getrandom", _) | ("openat", About::Staged) => Unwritten("create"),
        ("write" | "fsync", About::Staged) => Unwritten("flush"),
        // An owner that may not be given is left.
        ("fchown", About::Staged) if error == "EACCES" => Success,
        ("statx" | "fchown" | "fchmod", About::Staged) => Unwritten("keep mode and owner"),
        ("rename", About::Staged) => Unwritten("rename"),
        _ => panic!("nothing is said about call {} of {create}: {call:?}", place),
    }
}

/// The calls that publishing is made of, with their places: from the lock to its end.
fn publishing(trace: &Trace) -> impl Iterator<Item = (usize, &Call)> {
    let (first, last) = (
        trace.expect("openat", About::Lock),
        trace.expect("unlink", About::Lock),
    );
    let calls = trace.0.iter().enumerate().take(last + 1).skip(first);
    calls.filter(|(_, call)| {
        !NOT_FILES.contains(&call.name.as_str()) || call.line.contains("F_DUPFD")
    })
}

fn undisturbed() -> Option<Trace> {
    let splunk = splunk();
    let strace = Strace::new(&splunk)?;
    strace
        .over(search(&splunk, "new=unseen"), &[])
        .run()
        .expect_rows(ROWS);
    assert_eq!(splunk.history_text(), merged().text());
    Some(strace.trace())
}

#[test]
fn every_call_of_the_publish_path_may_fail() {
    let Some(trace) = undisturbed() else { return };
    let mut faults = 0;
    for (place, call) in publishing(&trace) {
        for (error, text) in ERRORS {
            fault(call, error, text, expected(&trace, place, error));
            faults += 1;
        }
    }
    println!("{faults} faults");
    assert!(faults > 150, "{faults}");
}

fn fault(call: &Call, error: &str, text: &str, expected: Outcomes) {
    let splunk = splunk();
    let before = State::of(&splunk.history_path());
    let strace = Strace::new(&splunk).expect("strace was there a moment ago");
    let injection = call.inject(&format!("error={error}"));
    let (reply, code) = answer(&strace.over(search(&splunk, "new=unseen"), &[injection]));
    strace.trace().expect_injected(call);
    let context = format!("{error} in {call:?}\n{}", reply.metadata_text);
    let failed = i32::from(expected == Outcomes::Refused);
    assert_eq!(code, Some(failed), "{context}");
    check_reply(&reply, text, expected, &context);
    check_files(&splunk, &before, call, expected, &context);
    check_next_run(&splunk, expected, &context);
}

/// The rows are there where anything could be decided, and a message says what failed, where, why and what then.
fn check_reply(reply: &Reply, cause: &str, expected: Outcomes, context: &str) {
    let body = String::from_utf8_lossy(&reply.body);
    let has_rows = ["192.0.2.1\"", "192.0.2.7\""]
        .iter()
        .all(|ip| body.contains(ip));
    assert_eq!(
        has_rows,
        expected != Outcomes::Refused,
        "rows after {context}"
    );
    let messages = reply.messages();
    let error = messages.iter().find(|(level, _)| level == "ERROR");
    let words = match expected {
        Outcomes::Success | Outcomes::LockStays => {
            assert_eq!(error, None, "{context}");
            return;
        }
        Outcomes::Unwritten(step) => vec![step, "is as it was", "Daily Sweep"],
        Outcomes::NotDurable => vec!["flush", "it is not certain", "a loss of power may undo"],
        Outcomes::Refused => vec!["cannot be read", "nothing was written"],
    };
    let (_, text) = error.unwrap_or_else(|| panic!("no ERROR after {context}"));
    let named = [HISTORY, cause];
    let missing: Vec<_> = words
        .iter()
        .chain(&named)
        .filter(|word| !text.contains(**word))
        .collect();
    assert!(
        missing.is_empty(),
        "{missing:?} is not said after {context}"
    );
}

/// The history is the old file, untouched, or the new one, and nothing else is there.
fn check_files(splunk: &Splunk, before: &State, call: &Call, expected: Outcomes, context: &str) {
    let untouched = matches!(expected, Outcomes::Refused | Outcomes::Unwritten(_));
    if untouched {
        assert_eq!(State::of(&splunk.history_path()), *before, "{context}");
    } else {
        assert_eq!(splunk.history_text(), merged().text(), "{context}");
    }
    // A lock that cannot be taken may be another run's: its file is not this run's to remove.
    let not_ours = untouched && call.about == About::Lock && call.name != "openat";
    let stays = expected == Outcomes::LockStays || not_ours;
    let left: Vec<String> = stays
        .then(|| format!("{HISTORY}.lock.tmp"))
        .into_iter()
        .collect();
    assert_eq!(splunk.temporary_files(), left, "left behind by {context}");
}

/// A run over the same events finds the pairs again where they are not in the history, and everything in order afterwards.
fn check_next_run(splunk: &Splunk, expected: Outcomes, context: &str) {
    let rows = match expected {
        Outcomes::Refused | Outcomes::Unwritten(_) => ROWS,
        _ => "remote_ip\n",
    };
    let found = search(splunk, "new=unseen").run();
    found.expect_rows(rows).expect_no_message("ERROR");
    assert_eq!(splunk.history_text(), merged().text(), "after {context}");
    assert_eq!(names_in(&splunk.lookups()), [HISTORY], "after {context}");
}

/// The last reply and the exit code of a search in two requests.
fn answer(search: &Search<'_>) -> (Reply, Option<i32>) {
    let mut talk = search.start();
    talk.getinfo();
    let reply = talk.execute(&body_of(&rows()), true);
    (reply, talk.hang_up().code)
}

/// A learner has nothing to say but that it learnt: whatever keeps the history from the disk is its error.
#[test]
fn learning_fails_where_the_history_is_not_surely_on_the_disk() {
    let Some(trace) = undisturbed() else { return };
    let calls = [
        ("write", About::Staged),
        ("fsync", About::Staged),
        ("rename", About::Staged),
        ("openat", About::Lock),
    ];
    for (name, about) in calls {
        let call = &trace.0[trace.expect(name, about)];
        let splunk = splunk();
        let strace = Strace::new(&splunk).unwrap();
        let doomed = strace
            .over(search(&splunk, "seed=true"), &[call.inject("error=EIO")])
            .run();
        doomed.expect_error(&[HISTORY, "nothing was learnt", "Input/output error"]);
        assert_eq!(splunk.history_text(), old().text());
    }
    let folder = trace
        .0
        .iter()
        .rfind(|call| call.is("fsync", About::Folder))
        .unwrap();
    let splunk = splunk();
    let strace = Strace::new(&splunk).unwrap();
    let doomed = strace
        .over(search(&splunk, "seed=true"), &[folder.inject("error=EIO")])
        .run();
    doomed.expect_error(&[HISTORY, "flush", "not certain", "run the search again"]);
    search(&splunk, "seed=true")
        .run()
        .expect_rows("pairs_added,pairs_total\n0,5\n");
}

/// Causes that last: the message says what to change, and not what helps against a full disk or a hanging run.
#[test]
fn what_cannot_work_on_this_file_system_is_said_with_the_way_out() {
    let Some(trace) = undisturbed() else { return };
    let no_locks = [
        ("ENOSYS", "Function not implemented"),
        ("ENOLCK", "No locks available"),
        ("EOPNOTSUPP", "Operation not supported"),
    ];
    let flock = no_locks.map(|(error, text)| {
        (
            "flock",
            About::Lock,
            error,
            text,
            "has no locks: put the lookup",
        )
    });
    let rename = (
        "rename",
        About::Staged,
        "EBUSY",
        "Device or resource busy",
        "is a mount point",
    );
    for (name, about, error, text, way_out) in flock.into_iter().chain([rename]) {
        let call = &trace.0[trace.expect(name, about)];
        let splunk = splunk();
        let strace = Strace::new(&splunk).unwrap();
        let injection = call.inject(&format!("error={error}"));
        let (reply, _) = answer(&strace.over(search(&splunk, "new=unseen"), &[injection]));
        check_reply(&reply, text, Outcomes::Unwritten(way_out), error);
        let messages = &reply.metadata_text;
        assert!(
            !messages.contains("make room") && !messages.contains("end it"),
            "{messages}"
        );
        assert_eq!(splunk.history_text(), old().text());
    }
}

/// A file mounted over the lookup, as a container has single files: a rename cannot take its place.
#[test]
fn a_lookup_that_is_a_mount_point_is_named_as_one() {
    if no_tiny_disk() {
        return;
    }
    let splunk = splunk();
    let history = splunk.history_path();
    let script = format!("mount --bind '{0}' '{0}' && \"$@\"", history.display());
    let search = search(&splunk, "new=unseen")
        .through(&["unshare", "--mount", "/bin/sh", "-c", &script, "sh"]);
    let found = search.run();
    found.expect_rows(ROWS).expect_message(
        "ERROR",
        &["rename", "resource busy", "mount its folder instead"],
    );
    assert_eq!(splunk.history_text(), old().text());
}

/// A disk that takes nothing more says so with a short write and then with none.
#[test]
fn a_write_that_writes_nothing_is_no_success() {
    let Some(trace) = undisturbed() else { return };
    let splunk = splunk();
    let strace = Strace::new(&splunk).unwrap();
    let write = &trace.0[trace.expect("write", About::Staged)];
    let found = strace
        .over(search(&splunk, "new=unseen"), &[write.inject("retval=0")])
        .run();
    found
        .expect_rows(ROWS)
        .expect_message("ERROR", &[HISTORY, "flush"]);
    assert_eq!(splunk.history_text(), old().text());
}

/// Where the start is the file that the app ships, it is only read, and its reading must not fail.
#[test]
fn a_default_history_that_cannot_be_read_is_no_empty_history() {
    let splunk = Splunk::new().default_history(old().text());
    let Some(strace) = Strace::new(&splunk) else {
        return;
    };
    strace
        .over(search(&splunk, "new=unseen update=false"), &[])
        .run()
        .expect_rows(ROWS);
    let trace = strace.trace();
    for name in ["openat", "statx", "pread64"] {
        let call = trace
            .0
            .iter()
            .rfind(|call| call.is(name, About::Default))
            .unwrap();
        let arguments = "new=unseen update=false";
        let found = strace
            .over(search(&splunk, arguments), &[call.inject("error=EIO")])
            .run();
        found.expect_error(&[HISTORY, ".default", "Input/output error"]);
    }
    assert_eq!(names_in(&splunk.lookups()), [format!("{HISTORY}.default")]);
}

/// Rows that wait for a decision and do not fit into memory: lost rows of published pairs would be lost alerts.
#[test]
fn rows_beyond_memory_are_on_the_disk_before_the_history_knows_their_pairs() {
    let splunk = splunk();
    let Some(strace) = Strace::new(&splunk) else {
        return;
    };
    let wide = "x".repeat(60_000);
    let pair = |n: usize| access("billing", &format!("2001:db8::{n:x}"), NOW).set("wide", &wide);
    let rows: Vec<Row> = (1..=150).map(pair).collect();
    let search = || splunk.search("new=unseen").chunk(&rows);
    strace.over(search(), &[]).run().expect_success();
    let trace = strace.trace();
    let writes: Vec<&Call> = trace
        .0
        .iter()
        .filter(|call| call.is("write", About::Dispatch))
        .collect();
    assert!(writes.len() > 10, "{}", trace.text());
    assert!(
        writes.last().unwrap().nth < trace.0[trace.expect("write", About::Lock)].nth,
        "{}",
        trace.text()
    );
    fs::write(splunk.history_path(), old().text()).unwrap();
    let before = State::of(&splunk.history_path());
    for call in [
        writes[0],
        writes[writes.len() / 2],
        writes[writes.len() - 1],
    ] {
        let found = strace.over(search(), &[call.inject("error=ENOSPC")]).run();
        found.expect_error(&[
            "do not fit into memory",
            "dispatch",
            "No space left on device",
            "make room",
        ]);
        assert_eq!(State::of(&splunk.history_path()), before, "{call:?}");
    }
}

/// Beyond 8 MB the new file is written and flushed by a thread of its own: what fails there is not lost either.
#[test]
fn a_write_that_fails_in_the_writing_thread_of_a_large_merge_is_no_success() {
    let large = Model::of_length(480_000).text();
    let splunk = Splunk::new().history(&large);
    let Some(strace) = Strace::new(&splunk) else {
        return;
    };
    let before = State::of(&splunk.history_path());
    let search = || search(&splunk, "new=unseen");
    for (injection, cause) in [
        ("inject=fdatasync:error=EIO:when=1", "Input/output error"),
        (
            "inject=fdatasync:error=ENOSPC:when=1",
            "No space left on device",
        ),
    ] {
        let injections = [
            injection.to_owned(),
            "trace=fdatasync,fsync,rename".to_owned(),
        ];
        let found = strace.over_threads(search(), &injections).run();
        let trace = strace.trace();
        assert!(trace.text().contains("(INJECTED)"), "{}", trace.text());
        found
            .expect_rows(ROWS)
            .expect_message("ERROR", &[HISTORY, cause, "is as it was"]);
        assert_eq!(
            trace.position("rename", About::Staged),
            None,
            "{}",
            trace.text()
        );
        assert_eq!(State::of(&splunk.history_path()), before);
        assert_eq!(names_in(&splunk.lookups()), [HISTORY]);
    }
    // 12 of some 20 MB.
    let found = with_a_file_size_limit(search(), 24 * 1024).run();
    found
        .expect_rows(ROWS)
        .expect_message("ERROR", &[HISTORY, "File too large", "is as it was"]);
    assert_eq!(State::of(&splunk.history_path()), before);
    assert_eq!(names_in(&splunk.lookups()), [HISTORY]);
    search().run().expect_rows(ROWS).expect_no_message("ERROR");
}

fn long() -> Model {
    Model::of_length(2_000)
}

/// A limit on the size of files, as `ulimit -f` sets it: in kibibytes or half of them, by shell. Nothing catches the
/// signal for the command.
fn with_a_file_size_limit<'a>(search: Search<'a>, blocks: usize) -> Search<'a> {
    let script = format!("ulimit -f {blocks}; exec \"$@\"");
    search.through(&["/bin/sh", "-c", &script, "sh"]).probes(0)
}

#[test]
fn a_file_size_limit_is_a_full_disk_and_no_death() {
    for blocks in [0, 1, 16, 64] {
        let splunk = Splunk::new().history(long().text());
        let before = State::of(&splunk.history_path());
        let found = with_a_file_size_limit(search(&splunk, "new=unseen"), blocks).run();
        found.expect_rows(ROWS).expect_message(
            "ERROR",
            &[HISTORY, "flush", "File too large", "is as it was"],
        );
        assert_eq!(State::of(&splunk.history_path()), before);
        assert_eq!(names_in(&splunk.lookups()), [HISTORY]);
        let seed = with_a_file_size_limit(search(&splunk, "seed=true"), blocks).run();
        seed.expect_error(&[HISTORY, "nothing was learnt", "File too large"]);
    }
}

/// A file system of this many bytes over the lookups folder, for the command alone, with the folder's files on it;
/// `<lookups>.after` has them when the command has ended.
fn on_a_tiny_disk<'a>(splunk: &Splunk, search: Search<'a>, bytes: usize) -> Search<'a> {
    let lookups = splunk.lookups();
    let lookups = lookups.to_str().unwrap();
    let script = format!(
        "cp -a '{lookups}' '{lookups}.before' && mount -t tmpfs -o size={bytes} tmpfs '{lookups}' && \
         cp -a '{lookups}.before/.' '{lookups}' && \"$@\"; code=$?; cp -a '{lookups}' '{lookups}.after'; exit $code"
    );
    search
        .through(&["unshare", "--mount", "/bin/sh", "-c", &script, "sh"])
        .probes(0)
}

/// Why there can be no disk of the test's own, if there cannot.
fn no_tiny_disk() -> bool {
    let mount = "mount -t tmpfs -o size=64k tmpfs /mnt";
    let tried = Command::new("unshare")
        .args(["--mount", "/bin/sh", "-c", mount])
        .output();
    match tried {
        Ok(output) if output.status.success() => false,
        Ok(output) => {
            println!(
                "skipped: no file system can be mounted: {}",
                String::from_utf8_lossy(&output.stderr)
            );
            true
        }
        Err(error) => {
            println!("skipped: unshare cannot be started: {error}");
            true
        }
    }
}

#[test]
fn a_disk_that_is_really_full_loses_no_alert_and_no_history() {
    if no_tiny_disk() {
        return;
    }
    let history = long().text();
    // Room for the history and: nothing, not even the lock's text; half of the new file; all of it.
    let page = 4096;
    let size = history.len().div_ceil(page) * page;
    for (room, fits) in [
        (0, false),
        (page, false),
        (size / 2, false),
        (size + 4 * page, true),
    ] {
        let splunk = Splunk::new().history(&history);
        let found: Outcome =
            on_a_tiny_disk(&splunk, search(&splunk, "new=unseen"), size + room).run();
        found.expect_rows(ROWS);
        let after = splunk.app().join("lookups.after");
        assert_eq!(names_in(&after), [HISTORY], "room for {room} bytes");
        let text = fs::read_to_string(after.join(HISTORY)).unwrap();
        if fits {
            found.expect_no_message("ERROR");
            assert_ne!(text, history);
        } else {
            found.expect_message(
                "ERROR",
                &[HISTORY, "No space left on device", "is as it was"],
            );
            assert_eq!(text, history, "room for {room} bytes");
        }
    }
}
