//! Many at once: searches, their killers, a holder that hangs, readers, and writers that take no lock.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure here is a failed test"
)]

mod support;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{Cursor, Write};
use std::path::Path;
use std::sync::mpsc::{self, Receiver, TryRecvError};
use std::thread;
use std::time::{Duration, Instant};

use s3newip::history::LOCK_WAIT;
use s3newip::host::Host;
use s3newip::reltime::Zone;
use s3newip::splunk::session;
use support::files::{State, names_in, wait_until};
use support::model::{Access, HEADER, Model};
use support::strace::{About, Strace};
use support::{
    Conversation, Dice, HISTORY, NOW, Outcome, Row, Splunk, Transcript, access, body_of,
    execute_frame, frame, read_reply,
};

/// How many searches run at the same time.
const SEARCHES: usize = 16;

/// How long the lock is waited for in this process, and how much later the answer may come on a busy machine.
const SHORT_WAIT: Duration = Duration::from_secs(2);
const LATER: Duration = Duration::from_secs(20);

fn rows(accesses: &[Access]) -> Vec<Row> {
    accesses
        .iter()
        .map(|(bucket, ip, time)| access(bucket, ip, time))
        .collect()
}

fn pair(bucket: &str, ip: &str, time: i64) -> Access {
    (bucket.to_owned(), ip.to_owned(), time)
}

/// What search number `n` sees: two pairs of its own, two that others see too, one that the history has.
fn accesses(n: usize) -> Vec<Access> {
    let time = NOW - 600 + n as i64;
    vec![
        pair("own", &format!("2001:db8::1:{:x}", n + 1), time),
        pair("shared", "192.0.2.1", time),
        pair(
            "shared",
            &format!("192.0.2.{}", 10 + n % 3),
            -time + 2 * NOW,
        ),
        pair("archive", "2001:db8:1::1", time),
        pair("own", &format!("2001:db8::2:{:x}", n + 1), time),
    ]
}

#[test]
fn sixteen_searches_at_once_merge_to_the_same_whatever_is_killed() {
    for (round, kills) in [(1, false), (2, true), (3, true), (4, true), (5, true)] {
        sixteen_searches(round, kills);
    }
}

fn sixteen_searches(round: u64, kills: bool) {
    let start = Model::of_length(300);
    let splunk = Splunk::new().history(start.text());
    let finished = at_once(&splunk, |n, talk| {
        let dice = (kills && n % 2 == 0).then(|| Dice::new(round * 100 + n as u64));
        one_of_many(talk, n, dice)
    });
    let found = Model::parse(&splunk.history_text()).times();
    let has = |n: usize| {
        let own = accesses(n)
            .into_iter()
            .filter(|(bucket, ..)| bucket == "own");
        let there: Vec<bool> = own
            .map(|(bucket, ip, _)| found.contains_key(&(bucket, ip)))
            .collect();
        assert_eq!(there[0], there[1], "search {n} is half in the history");
        there[0]
    };
    // A killed search is in as a whole or not at all; one that finished is in.
    let within: BTreeSet<usize> = (0..SEARCHES).filter(|&n| has(n)).collect();
    let missing: Vec<usize> = (0..SEARCHES)
        .filter(|n| finished[*n] && !within.contains(n))
        .collect();
    assert_eq!(missing, [0; 0], "finished, and not in the history");
    assert!(kills || finished.iter().all(|finished| *finished));
    let expected = within
        .iter()
        .fold(start, |model, &n| model.learn(&accesses(n)));
    assert_eq!(found, expected.times(), "the merge of {within:?}");
    // The next run sweeps what the dead left.
    splunk
        .search("")
        .chunk(&rows(&accesses(0)))
        .run()
        .expect_no_message("ERROR");
    assert_eq!(names_in(&splunk.lookups()), [HISTORY]);
}

/// Starts all searches, then calls `run` with each of them and its number at the same time.
fn at_once<T: Send>(
    splunk: &Splunk,
    run: impl Fn(usize, Conversation) -> T + Copy + Send,
) -> Vec<T> {
    let start = |_| {
        let mut talk = splunk.search("new=unseen").start();
        talk.getinfo();
        talk
    };
    let talks: Vec<Conversation> = (0..SEARCHES).map(start).collect();
    thread::scope(|scope| {
        let talks = talks.into_iter().enumerate();
        let running = talks.map(|(n, talk)| scope.spawn(move || run(n, talk)));
        let running: Vec<_> = running.collect();
        running
            .into_iter()
            .map(|search| search.join().unwrap())
            .collect()
    })
}

/// Ends search number `n`, perhaps by killing it; whether its last reply came whole.
fn one_of_many(mut talk: Conversation, n: usize, dice: Option<Dice>) -> bool {
    let last = execute_frame(&body_of(&rows(&accesses(n))), true);
    match dice {
        Some(mut dice) => {
            talk.send(&last);
            thread::sleep(Duration::from_micros(dice.between(0, 60_000) as u64));
            talk.process.kill();
            // Whole where the killer came too late.
            String::from_utf8_lossy(&talk.process.wait().rest).contains(r#""finished":true}"#)
        }
        _ => {
            let reply = talk.ask(&last);
            assert!(
                reply.error().is_none()
                    && reply.messages().iter().all(|(level, _)| level == "INFO"),
                "{reply:?}"
            );
            assert_eq!(talk.hang_up().code, Some(0));
            true
        }
    }
}

#[test]
fn a_pair_that_many_see_at_once_is_news_to_one_of_them() {
    let splunk = Splunk::new().history(HEADER);
    let alerts = at_once(&splunk, |_, mut talk| {
        let reply = talk.execute(&body_of(&[access("billing", "192.0.2.7", NOW)]), true);
        !reply.body.is_empty()
    });
    assert_eq!(alerts.iter().filter(|alert| **alert).count(), 1);
}

#[test]
fn a_reader_finds_a_whole_history_at_every_moment() {
    let start = Model::of_length(5_000);
    let splunk = Splunk::new().history(start.text());
    let (mut model, mut versions) = (start.clone(), vec![start.text()]);
    let seen = thread::scope(|scope| {
        let (stop, stopped) = mpsc::channel();
        let reader = scope.spawn(|| read_in_a_loop(&splunk.history_path(), stopped));
        for n in 0..40 {
            let accesses = accesses(n);
            splunk
                .search("")
                .chunk(&rows(&accesses))
                .probes(0)
                .whole_writes()
                .run()
                .expect_success();
            model = model.learn(&accesses);
            versions.push(model.text());
        }
        drop(stop);
        reader.join().unwrap()
    });
    assert!(
        seen.len() > 3,
        "the reader came too seldom: {} versions",
        seen.len()
    );
    for text in &seen {
        assert!(
            versions.contains(text),
            "a history of {} bytes that no search published",
            text.len()
        );
    }
    assert_eq!(splunk.history_text(), model.text());
}

/// Whether the test goes on: its end, however it comes, drops the other end.
fn goes_on(stopped: &Receiver<()>) -> bool {
    stopped.try_recv() == Err(TryRecvError::Empty)
}

/// Every text that the file had.
fn read_in_a_loop(path: &Path, stopped: Receiver<()>) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    while goes_on(&stopped) {
        let text = fs::read_to_string(path).expect("there is a history at every moment");
        seen.insert(text);
    }
    seen
}

/// In this process, so that the wait can be short.
#[test]
fn a_holder_that_hangs_is_named_and_waited_for_only_so_long() {
    assert_eq!(LOCK_WAIT, Duration::from_secs(30), "what the program waits");
    let splunk = Splunk::new().history(HEADER);
    let mut lock = File::create(splunk.lookups().join(format!("{HISTORY}.lock.tmp"))).unwrap();
    lock.write_all(b"process 4711, search \"admin__1700000000.1\"\x1b[2J\n")
        .unwrap();
    lock.lock().unwrap();
    let before = State::of(&splunk.history_path());
    let wait = |arguments, ip| {
        let started = Instant::now();
        let found = answer_here(&splunk, arguments, ip);
        (found, started.elapsed())
    };
    let wait = &wait;
    let (detections, learner) = thread::scope(|scope| {
        let detections = [
            ("new=unseen", "192.0.2.1"),
            ("output=pairs", "192.0.2.2"),
            ("", "192.0.2.3"),
        ];
        let detections =
            detections.map(|(arguments, ip)| (ip, scope.spawn(move || wait(arguments, ip))));
        let learner = scope.spawn(move || wait("seed=true", "192.0.2.4"));
        // A search that does not write does not wait: it has nothing to report.
        let (reader, _) = wait("update=false new=unseen", "192.0.2.5");
        reader
            .expect_rows("remote_ip\n192.0.2.5\n")
            .expect_no_message("ERROR");
        (
            detections.map(|(ip, search)| (ip, search.join().unwrap())),
            learner.join().unwrap(),
        )
    });
    let named = [
        HISTORY,
        "held the lock",
        "more than 2 seconds",
        "process 4711, search \"admin__1700000000.1\"\\x1b[2J\\n",
    ];
    for (ip, (found, took)) in detections {
        found
            .expect_rows(&format!("remote_ip\n{ip}\n"))
            .expect_message("ERROR", &named);
        assert!(took >= SHORT_WAIT && took < SHORT_WAIT + LATER, "{took:?}");
    }
    let (found, took) = learner;
    found.expect_error(&named);
    assert!(took >= SHORT_WAIT && took < SHORT_WAIT + LATER, "{took:?}");
    assert_eq!(State::of(&splunk.history_path()), before);
    // A history of another name has a lock of its own.
    answer(&splunk, "lookup=other.csv", "192.0.2.1").expect_no_message("ERROR");
    drop(lock);
    let found = splunk
        .search("new=unseen")
        .chunk(&[access("billing", "192.0.2.1", NOW)])
        .run();
    found
        .expect_rows("remote_ip\n192.0.2.1\n")
        .expect_no_message("ERROR");
}

/// A run that publishes through splunkd may have to wait for several of its answers; the others wait longer for it.
#[test]
fn who_publishes_through_splunkd_says_so_and_waits_longer() {
    let splunk = Splunk::new().history(HEADER);
    let lock = File::create(splunk.lookups().join(format!("{HISTORY}.lock.tmp"))).unwrap();
    lock.lock().unwrap();
    let started = Instant::now();
    let found = answer_here(&splunk, "new=unseen publish=rest", "192.0.2.1");
    assert!(started.elapsed() >= 3 * SHORT_WAIT);
    found.expect_message(
        "ERROR",
        &[
            "more than 6 seconds",
            "let that run finish, or end it if it hangs",
        ],
    );
}

/// Runs a search with one access in this process; it waits [`SHORT_WAIT`] for the lock.
fn answer_here(splunk: &Splunk, arguments: &str, ip: &str) -> Outcome {
    let getinfo = splunk.search(arguments).getinfo_metadata(None);
    let execute = execute_frame(&body_of(&[access("billing", ip, NOW)]), true);
    let input = [frame(&getinfo, b""), execute].concat();
    let host = Host {
        executable: splunk.binary(),
        clock: NOW,
        seed: [7; 16],
        lock_wait: SHORT_WAIT,
        zone: Zone::utc,
        hung_up: || false,
    };
    let mut output = Vec::new();
    session::run(Cursor::new(input), &mut output, &host).unwrap();
    let mut output = output.as_slice();
    let mut reply = || read_reply(&mut output).unwrap().unwrap();
    let (getinfo, reply) = (reply(), reply());
    let mut transcript = Transcript::default();
    transcript.received(&reply.metadata_text, &reply.body);
    Outcome {
        getinfo,
        replies: vec![reply],
        transcript,
        peak_memory_kib: 0,
    }
}

/// Runs a search with one access, where the test itself has put a `.tmp` file and other searches are running.
fn answer(splunk: &Splunk, arguments: &str, ip: &str) -> Outcome {
    let mut talk = splunk.search(arguments).start();
    let getinfo = talk.getinfo();
    let reply = talk.execute(&body_of(&[access("billing", ip, NOW)]), true);
    Outcome {
        getinfo,
        replies: vec![reply],
        transcript: talk.hang_up().transcript,
        peak_memory_kib: 0,
    }
}

/// What a program that does not take the lock does to the history, in the moment between reading and renaming.
#[derive(Clone, Copy, Debug)]
enum Meddling {
    RewrittenInPlace,
    Replaced,
    Shortened,
    Removed,
}

const MEDDLING: [Meddling; 4] = [
    Meddling::RewrittenInPlace,
    Meddling::Replaced,
    Meddling::Shortened,
    Meddling::Removed,
];

impl Meddling {
    /// Does it, and says what the history is then.
    fn with(self, splunk: &Splunk) -> Model {
        let theirs = Model::of_length(4).learn(&[pair("billing", "192.0.2.1", NOW - 77_777)]);
        let path = splunk.history_path();
        match self {
            Self::RewrittenInPlace => fs::write(path, theirs.text()).unwrap(),
            Self::Replaced => {
                let upload = splunk.lookups().join("upload");
                fs::write(&upload, theirs.text()).unwrap();
                fs::rename(upload, path).unwrap();
            }
            Self::Shortened => {
                fs::write(path, Model::of_length(1).text()).unwrap();
                return Model::of_length(1);
            }
            Self::Removed => {
                fs::remove_file(path).unwrap();
                return Model::of_length(0);
            }
        }
        theirs
    }
}

fn two() -> [Access; 2] {
    [
        pair("billing", "192.0.2.1", NOW - 1),
        pair("billing", "192.0.2.7", NOW - 2),
    ]
}

#[test]
fn what_is_written_without_the_lock_before_the_rename_is_merged_with() {
    for meddling in MEDDLING {
        // Before the flush, or before the part that stands before the first change is copied.
        for (call, about) in [("fsync", About::Staged), ("pread64", About::History)] {
            meddled(meddling, call, about);
        }
    }
}

fn meddled(meddling: Meddling, call: &str, about: About) {
    let splunk = Splunk::new().history(Model::of_length(2_000).text());
    let Some(strace) = Strace::new(&splunk) else {
        return;
    };
    let search = || splunk.search("new=unseen").chunk(&rows(&two()));
    strace
        .over(search().metadata("preview", false.into()), &[])
        .run()
        .expect_success();
    let trace = strace.trace();
    let delayed = trace.0.iter().rfind(|made| made.is(call, about)).unwrap();
    fs::write(splunk.history_path(), Model::of_length(2_000).text()).unwrap();
    let slow = strace.over(search(), &[delayed.inject("delay_enter=300000")]);
    let (found, theirs) = thread::scope(|scope| {
        let meddler = scope.spawn(|| {
            let staged = |name: &String| !name.contains(".lock.");
            wait_until("a staged file", || {
                splunk.temporary_files().iter().any(staged)
            });
            thread::sleep(Duration::from_millis(50));
            meddling.with(&splunk)
        });
        (slow.run(), meddler.join().unwrap())
    });
    strace.trace().expect_injected(delayed);
    found.expect_no_message("ERROR");
    assert_eq!(
        splunk.history_text(),
        theirs.learn(&two()).text(),
        "{meddling:?} at {call}"
    );
    let unseen: Vec<&str> = match meddling {
        Meddling::Shortened | Meddling::Removed => vec!["192.0.2.1", "192.0.2.7"],
        _ => vec!["192.0.2.7"],
    };
    assert_eq!(found.column("remote_ip"), unseen, "{meddling:?} at {call}");
}

/// Replaces the history again and again; the last one.
fn replace_in_a_loop(splunk: &Splunk, stopped: Receiver<()>) -> Model {
    let mut model = Model::of_length(10);
    for time in 0.. {
        if !goes_on(&stopped) {
            break;
        }
        model = Model::of_length(10).learn(&[pair("theirs", "192.0.2.99", time)]);
        let upload = splunk.lookups().join("upload");
        fs::write(&upload, model.text()).unwrap();
        fs::rename(upload, splunk.history_path()).unwrap();
        thread::sleep(Duration::from_millis(20));
    }
    model
}

#[test]
fn a_search_gives_up_when_another_program_keeps_writing_the_history() {
    let splunk = Splunk::new().history(Model::of_length(10).text());
    let Some(strace) = Strace::new(&splunk) else {
        return;
    };
    let search = splunk.search("new=unseen").chunk(&rows(&two())).probes(0);
    let slow = strace.over(search, &["inject=fsync:delay_enter=500000".to_owned()]);
    let (found, last) = thread::scope(|scope| {
        let (stop, stopped) = mpsc::channel();
        let writer = scope.spawn(|| replace_in_a_loop(&splunk, stopped));
        let found = slow.run();
        drop(stop);
        (found, writer.join().unwrap())
    });
    found.expect_rows("remote_ip\n192.0.2.1\n192.0.2.7\n");
    found.expect_message(
        "ERROR",
        &[
            HISTORY,
            "check",
            "another program keeps writing it",
            "is as it was",
        ],
    );
    let flushes = strace
        .trace()
        .0
        .iter()
        .filter(|call| call.is("fsync", About::Staged))
        .count();
    assert_eq!(flushes, 5, "merges");
    assert_eq!(splunk.history_text(), last.text(), "theirs stands");
    assert_eq!(names_in(&splunk.lookups()), [HISTORY]);
}

/// A file that is just being rewritten in place looks broken for a moment; when it was finished meanwhile, it is read
/// again.
#[test]
fn a_history_that_is_broken_only_while_it_is_written_is_read_again() {
    let whole = Model::of_length(10).text();
    let half = &whole[..whole.len() - 25];
    let splunk = Splunk::new().history(half);
    let Some(strace) = Strace::new(&splunk) else {
        return;
    };
    let search = || splunk.search("new=unseen").chunk(&rows(&two()));
    let broken = strace.over(search(), &[]).run();
    broken.expect_error(&[HISTORY, "line 11", "expected 4"]);
    let trace = strace.trace();
    // The look at whether it is still the file that was opened.
    let check = trace.0.iter().rfind(|call| {
        call.is("statx", About::History) && call.line.contains("AT_SYMLINK_NOFOLLOW")
    });
    let check = check.unwrap();
    let slow = strace.over(search(), &[check.inject("delay_enter=400000")]);
    let found = thread::scope(|scope| {
        scope.spawn(|| {
            wait_until("a lock", || !splunk.temporary_files().is_empty());
            thread::sleep(Duration::from_millis(100));
            fs::write(splunk.history_path(), &whole).unwrap();
        });
        slow.run()
    });
    strace.trace().expect_injected(check);
    found
        .expect_rows("remote_ip\n192.0.2.1\n192.0.2.7\n")
        .expect_no_message("ERROR");
    assert_eq!(
        splunk.history_text(),
        Model::of_length(10).learn(&two()).text()
    );
}
