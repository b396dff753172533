//! Killed anywhere: the history is the old one or the new one, byte for byte, and the next run puts everything right.
//!
//! `S3NEWIP_SOAK=1` plays ten times as many rounds; `S3NEWIP_SEED=<number>` plays the rounds of that seed again (the
//! choices; the machine's own timing stays its own).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure here is a failed test"
)]

mod support;

use std::collections::BTreeMap;
use std::io::Cursor;
use std::os::unix::fs::chown;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use support::files::{State, is_root, names_in, set_mode};
use support::model::{Access, Model};
use support::strace::{About, Call, Strace, Trace};
use support::{
    Dice, HISTORY, NOW, Reply, Row, Search, Splunk, access, body_of, execute_frame, read_reply,
};

/// The random rounds of a test, and of a soak.
const ROUNDS: (usize, usize) = (1_000, 10_000);

/// How many installations play them at the same time.
const PLAYERS: usize = 2;

fn known() -> Access {
    ("archive".to_owned(), "2001:db8:1::1".to_owned(), NOW - 3)
}

fn new(n: usize) -> Access {
    ("billing".to_owned(), format!("2001:db8::{n:x}"), NOW - 5)
}

fn rows(accesses: &[Access]) -> Vec<Row> {
    let row = |(bucket, ip, time): &Access| access(bucket, ip, time);
    accesses.iter().map(row).collect()
}

/// What a search starts from.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Start {
    History,
    Default,
    Nothing,
    HistoryAndLeftOver,
}

const STARTS: [Start; 4] = [
    Start::History,
    Start::Default,
    Start::Nothing,
    Start::HistoryAndLeftOver,
];

impl Start {
    fn model(self) -> Model {
        Model::of_length(if self == Self::Nothing { 0 } else { 3 })
    }

    fn splunk(self) -> Splunk {
        let text = self.model().text();
        match self {
            Self::Nothing => Splunk::new(),
            Self::Default => Splunk::new().default_history(text),
            Self::History => owned(Splunk::new().history(text)),
            Self::HistoryAndLeftOver => owned(
                Splunk::new()
                    .history(text)
                    .lookup(&format!("{HISTORY}.0123456789abcdef.tmp"), "half a fi")
                    .lookup(&format!("{HISTORY}.lock.tmp"), "process 1, search \"1.1\""),
            ),
        }
    }

    fn has_history(self) -> bool {
        matches!(self, Self::History | Self::HistoryAndLeftOver)
    }
}

/// Gives the history a mode and, where that can be done, an owner of its own.
fn owned(splunk: Splunk) -> Splunk {
    set_mode(&splunk.history_path(), 0o640);
    if is_root() {
        chown(splunk.history_path(), Some(4321), Some(1234)).unwrap();
    }
    splunk
}

fn mode_and_owner(path: &Path) -> (u32, (u32, u32)) {
    let state = State::of(path);
    (state.mode(), state.owner())
}

fn search(splunk: &Splunk) -> Search<'_> {
    let accesses = [known(), new(1), new(2)];
    splunk
        .search("new=unseen")
        .chunk(&rows(&accesses))
        .probes(0)
}

/// The undisturbed run from `start`: its system calls.
fn undisturbed(start: Start) -> Option<Trace> {
    let splunk = start.splunk();
    let strace = Strace::new(&splunk)?;
    strace.over(search(&splunk), &[]).run().expect_success();
    Some(strace.trace())
}

#[test]
fn killed_at_any_system_call_it_leaves_the_old_history_or_the_new_one() {
    let mut kills = 0;
    for start in STARTS {
        let Some(trace) = undisturbed(start) else {
            return;
        };
        let first = trace.expect("openat", About::Lock);
        let rename = trace.expect("rename", About::Staged);
        for (place, call) in trace.0.iter().enumerate().skip(first) {
            killed_at(start, call, place > rename);
            kills += 1;
        }
    }
    println!("killed at {kills} system calls");
    assert!(kills > 100, "{kills}");
}

fn killed_at(start: Start, call: &Call, published: bool) {
    let splunk = start.splunk();
    let before = start
        .has_history()
        .then(|| mode_and_owner(&splunk.history_path()));
    let strace = Strace::new(&splunk).expect("strace was there a moment ago");
    let doomed = strace.over(search(&splunk), &[call.inject("signal=SIGKILL")]);
    let mut talk = doomed.start();
    talk.getinfo();
    talk.send(&execute_frame(
        &body_of(&rows(&[known(), new(1), new(2)])),
        true,
    ));
    let ended = talk.process.wait();
    assert_eq!(ended.code, None, "killed at {call:?}\n{}", ended.transcript);
    strace.trace().expect_injected(call);

    let (old, new) = (
        start.model(),
        start.model().learn(&[known(), new(1), new(2)]),
    );
    let there = splunk.history_path().exists();
    assert!(
        there || !start.has_history() && !published,
        "no history after {call:?}"
    );
    if there {
        let expected = if published { &new } else { &old };
        assert_eq!(splunk.history_text(), expected.text(), "killed at {call:?}");
    }
    if let Some(before) = before {
        assert_eq!(mode_and_owner(&splunk.history_path()), before, "{call:?}");
    }

    let found = search(&splunk).run();
    let unseen = "remote_ip\n2001:db8::1\n2001:db8::2\n";
    let expected = if published { "remote_ip\n" } else { unseen };
    let expected = match start {
        Start::Nothing if !published => "remote_ip\n2001:db8:1::1\n2001:db8::1\n2001:db8::2\n",
        _ => expected,
    };
    found.expect_rows(expected).expect_no_message("ERROR");
    assert_eq!(splunk.history_text(), new.text(), "after {call:?}");
    let mut expected = vec![HISTORY.to_owned()];
    expected.extend((start == Start::Default).then(|| format!("{HISTORY}.default")));
    assert_eq!(
        names_in(&splunk.lookups()),
        expected,
        "left behind after {call:?}"
    );
}

/// A loss of power keeps what was flushed before it: the bytes, their mode and owner before the name, the name before
/// the word of success.
#[test]
fn the_file_is_on_the_disk_before_its_name_and_its_name_before_the_reply() {
    let Some(trace) = undisturbed(Start::History) else {
        return;
    };
    let place = |name: &str, about: About| trace.expect(name, about);
    let create = place("openat", About::Staged);
    for flag in ["O_EXCL", "O_NOFOLLOW", "O_CREAT", "O_CLOEXEC", "0600"] {
        assert!(trace.0[create].line.contains(flag), "{:?}", trace.0[create]);
    }
    assert!(
        trace.0[place("openat", About::Lock)]
            .line
            .contains("O_NOFOLLOW")
    );
    let after = |from: usize, name: &str, about: About| {
        let found = trace
            .0
            .iter()
            .skip(from + 1)
            .position(|call| call.is(name, about));
        found.map(|found| from + 1 + found).unwrap_or_else(|| {
            panic!(
                "expected {name} about {about:?} after\n{}\nin\n{}",
                trace.0[from].line,
                trace.text()
            )
        })
    };
    let mut order = vec![
        place("openat", About::Lock),
        place("flock", About::Lock),
        create,
    ];
    if is_root() {
        order.push(after(create, "fchown", About::Staged));
    }
    order.push(after(*order.last().unwrap(), "fchmod", About::Staged));
    let fsync = after(*order.last().unwrap(), "fsync", About::Staged);
    let write = trace
        .0
        .iter()
        .rposition(|call| call.is("write", About::Staged))
        .unwrap();
    assert!(
        create < write && write < fsync,
        "a write after the flush\n{}",
        trace.text()
    );
    let rename = after(fsync, "rename", About::Staged);
    // The last look at the lookup, by name, right before it is replaced.
    assert!(
        trace.0[rename - 1].is("statx", About::History),
        "{}",
        trace.text()
    );
    let folder = after(rename, "fsync", About::Folder);
    let unlink = after(folder, "unlink", About::Lock);
    order.extend([fsync, rename, folder, unlink]);
    assert!(order.is_sorted(), "{}", trace.text());
    assert!(trace.0[fsync].line.ends_with("= 0") && trace.0[folder].line.ends_with("= 0"));

    let is_reply = |call: &Call| call.name == "write" && call.line.contains("\"chunked 1.0");
    let replies: Vec<usize> = (0..trace.0.len())
        .filter(|&place| is_reply(&trace.0[place]))
        .collect();
    assert_eq!(replies.len(), 2, "getinfo and the result\n{}", trace.text());
    assert!(
        replies[0] < order[0] && replies[1] > folder,
        "{}",
        trace.text()
    );
}

#[test]
fn a_run_that_changes_nothing_writes_nothing() {
    let splunk = Splunk::new().history(Model::of_length(3).learn(&[known()]).text());
    let Some(strace) = Strace::new(&splunk) else {
        return;
    };
    let search = splunk.search("").events(&rows(&[known()]));
    strace.over(search, &[]).run().expect_success();
    let trace = strace.trace();
    for name in ["openat", "write", "rename", "fsync"] {
        assert_eq!(
            trace.position(name, About::Staged),
            None,
            "{}",
            trace.text()
        );
    }
}

/// One player's rounds.
struct Player {
    splunk: Splunk,
    dice: Dice,
    model: Model,
    owner: (u32, (u32, u32)),
    number: usize,
    /// The usual time from start to exit.
    usual: Duration,
    counts: BTreeMap<&'static str, usize>,
}

#[test]
fn killed_at_random_instants_it_loses_nothing_that_a_finished_run_reported() {
    let soak = std::env::var("S3NEWIP_SOAK").is_ok_and(|soak| soak == "1");
    let rounds = if soak { ROUNDS.1 } else { ROUNDS.0 };
    let seed = seed();
    println!("seed {seed}, {rounds} rounds");
    let play = |number| Player::new(number, seed).play(rounds / PLAYERS);
    let counts = std::thread::scope(|scope| {
        let players: Vec<_> = (0..PLAYERS)
            .map(|number| scope.spawn(move || play(number)))
            .collect();
        let counts = players
            .into_iter()
            .map(|player| player.join().unwrap_or_else(|_| panic!("seed {seed}")));
        counts.collect::<Vec<_>>()
    });
    println!("{counts:?}");
    let count = |what: &str| {
        counts
            .iter()
            .filter_map(|counts| counts.get(what))
            .sum::<usize>()
    };
    assert_eq!(count("rounds"), rounds);
    // The kills fall on both sides of the rename, and some runs get through.
    for what in ["killed with the old history", "published", "reported"] {
        assert!(count(what) > rounds / 50, "{what}: {counts:?}");
    }
}

fn seed() -> u64 {
    let given = std::env::var("S3NEWIP_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let clock = || {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_nanos() as u64
    };
    given.unwrap_or_else(clock)
}

impl Player {
    fn new(number: usize, seed: u64) -> Self {
        let (splunk, model, owner) = Self::fresh();
        let mut player = Self {
            splunk,
            dice: Dice::new(seed.wrapping_add(number as u64)),
            model,
            owner,
            number,
            usual: Duration::ZERO,
            counts: BTreeMap::new(),
        };
        player.usual = player.measure();
        player
    }

    fn fresh() -> (Splunk, Model, (u32, (u32, u32))) {
        let model = Model::of_length(200);
        let splunk = owned(Splunk::new().history(model.text()));
        let owner = mode_and_owner(&splunk.history_path());
        (splunk, model, owner)
    }

    /// The median time of undisturbed runs.
    fn measure(&mut self) -> Duration {
        let mut times: Vec<Duration> = (0..9).map(|n| self.round(60_000 + n, None)).collect();
        times.sort();
        times[times.len() / 2]
    }

    fn play(mut self, rounds: usize) -> BTreeMap<&'static str, usize> {
        self.counts.clear();
        for round in 0..rounds {
            if round % 250 == 249 {
                (self.splunk, self.model, self.owner) = Self::fresh();
            }
            let instant = self
                .usual
                .mul_f64(self.dice.between(0, 1_300) as f64 / 1_000.0);
            // Every twentieth run gets through, and must find everything in order.
            self.round(round, (round % 20 != 19).then_some(instant));
            self.count("rounds");
        }
        self.counts
    }

    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    /// One run with a pair of its own, a known one, and one that other rounds have too; killed after `instant`.
    fn round(&mut self, round: usize, instant: Option<Duration>) -> Duration {
        let shared = (
            "shared".to_owned(),
            format!("192.0.2.{}", self.dice.between(1, 99)),
            NOW - 9,
        );
        let known = (
            "archive".to_owned(),
            "2001:db8:1::7".to_owned(),
            NOW - 100_000 + round as i64,
        );
        let own = new(round + 1);
        let accesses = [own.clone(), shared, known];
        let search = self.splunk.search("new=unseen");
        let mut talk = search.start();
        let mut request = talk.getinfo_frame().to_vec();
        request.extend(execute_frame(&body_of(&rows(&accesses)), true));
        let started = Instant::now();
        talk.process.send(&request);
        match instant {
            Some(instant) => {
                std::thread::sleep(instant);
                talk.process.kill();
            }
            None => talk.process.close_input(),
        }
        let ended = talk.process.wait();
        let took = started.elapsed();

        let new = self.model.learn(&accesses);
        let history = self.splunk.history_text();
        let left = self.splunk.temporary_files();
        assert!(
            history == new.text() || history == self.model.text(),
            "round {round} of player {}, killed after {instant:?}: a history of {} bytes is neither of {} nor of {}",
            self.number,
            history.len(),
            self.model.text().len(),
            new.text().len()
        );
        assert_eq!(
            mode_and_owner(&self.splunk.history_path()),
            self.owner,
            "round {round}"
        );
        let published = history == new.text();
        let reply = final_reply(&ended.rest);
        if let Some(reply) = &reply {
            assert!(
                published,
                "round {round} reported its pairs, and the history has not got them"
            );
            assert!(
                String::from_utf8_lossy(&reply.body).contains(&format!("{}\"", own.1)),
                "round {round}: {reply:?}"
            );
            assert!(
                reply.error().is_none()
                    && reply.messages().iter().all(|(level, _)| level != "ERROR"),
                "{reply:?}"
            );
            self.count("reported");
        }
        if instant.is_none() {
            assert!(
                reply.is_some() && ended.code == Some(0),
                "{}",
                ended.transcript
            );
            assert_eq!(left, [""; 0], "left-overs that round {round} did not sweep");
        }
        self.count(if published {
            "published"
        } else {
            "killed with the old history"
        });
        if !left.is_empty() {
            self.count("left something to sweep");
        }
        if published {
            self.model = new;
        }
        took
    }
}

/// The reply to the last request, where it was written to its end.
fn final_reply(output: &[u8]) -> Option<Reply> {
    let mut output = Cursor::new(output);
    let mut replies = std::iter::from_fn(|| read_reply(&mut output).ok().flatten());
    replies.nth(1)
}
