//! A week of the app's hourly detection and its daily sweep, with everything that goes wrong: runs that cannot publish,
//! that are skipped, that end before they publish; events that arrive late, lines that Splunk has cut. What no hourly
//! run has reported, a sweep reports, and nothing that a run has reported and published is reported again.

#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use support::{Dice, HISTORY, NOW, Row, Search, Splunk, body_of, log_line, row};

const HEADER: &str = "bucket_name,remote_ip,firstTime,lastTime\n";
const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The first midnight of the week.
const START: i64 = NOW - NOW % DAY;

/// What the two searches of the app say of their time, and what stands before the command in the sweep: the model below
/// is of these.
const HOURLY: &str = "_index_earliest=-70m@m _index_latest=-10m@m | s3newip new=unseen |";
const SWEEP: [&str; 4] = [
    "_index_earliest=-49h@h _index_latest=-1h@m | rex \"^[\\w.:-]+ (?<bucket_name>[\\w.:-]+) \\[[^\\]]+\\] (?<remote_ip>\\S+) \" |",
    "http_status=case(len(_raw)>=2500 OR mvcount(log_status)>1, \"-\", mvcount(log_status)=1, log_status, true(), http_status)",
    "stats min(_time) as firstTime max(_time) as lastTime count by bucket_name remote_ip http_status",
    "| s3newip new=unseen output=pairs |",
];

/// Where Splunk cuts a line.
const TRUNCATE: usize = 10_000;

type Pair = (String, String);

#[derive(Clone, Debug)]
struct Event {
    time: i64,
    indexed: i64,
    pair: Pair,
    refused: bool,
    cut: bool,
}

impl Event {
    /// Most are indexed within the hour, some days later; one in twenty is refused, one in forty cut.
    fn any(dice: &mut Dice) -> Self {
        let time = START + dice.between(0, (7 * DAY - HOUR) as usize) as i64;
        let late = if dice.one_in(10) { 8 * DAY } else { HOUR };
        let indexed = time + dice.between(1, late as usize) as i64;
        let bucket = *dice.pick(&["billing", "archive", "invoices"]);
        Self {
            time,
            indexed,
            pair: (
                bucket.to_owned(),
                format!("192.0.2.{}", dice.between(1, 250)),
            ),
            refused: dice.one_in(20),
            cut: dice.one_in(40),
        }
    }

    fn status(&self) -> &'static str {
        if self.refused { "403" } else { "200" }
    }

    fn raw(&self) -> String {
        let (bucket, ip) = &self.pair;
        let key = if self.cut {
            "%25D0%2596".repeat(1024)
        } else {
            "report.csv".to_owned()
        };
        let line = log_line(bucket, ip).status(self.status());
        let mut text = line
            .request_uri(&format!("GET /{bucket}/{key} HTTP/1.1"))
            .text();
        text.truncate(TRUNCATE);
        text
    }

    /// Whether it counts as access: what was cut before its status may be one.
    fn is_access(&self) -> bool {
        self.cut || !self.refused
    }

    /// As the hourly search has it: of a line that was cut, the add-on extracts nothing.
    fn row(&self) -> Row {
        let row = row().at(self.time).raw(self.raw());
        let (bucket, ip, status) = match self.cut {
            true => ("", "", ""),
            false => (&*self.pair.0, &*self.pair.1, self.status()),
        };
        row.bucket(bucket).ip(ip).status(status)
    }
}

/// The rows of the sweep's `stats`.
fn summarised(events: &[&Event]) -> Vec<Row> {
    let mut groups: BTreeMap<(&Pair, &str), (i64, i64, u32)> = BTreeMap::new();
    for event in events {
        let status = if event.cut { "-" } else { event.status() };
        let group = groups.entry((&event.pair, status));
        let (first, last, count) = group.or_insert((event.time, event.time, 0));
        (*first, *last, *count) = (
            (*first).min(event.time),
            (*last).max(event.time),
            *count + 1,
        );
    }
    let rows = groups
        .into_iter()
        .map(|(((bucket, ip), status), (first, last, count))| {
            let row = row()
                .set("firstTime", first.to_string())
                .set("lastTime", last.to_string());
            row.set("count", count.to_string())
                .bucket(bucket)
                .ip(ip)
                .status(status)
        });
    rows.collect()
}

/// What becomes of a scheduled run.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Published,
    /// The rows come, the history stays.
    Unpublished,
    /// Killed, or its search head went down: it has read its rows and says nothing.
    Died,
    Skipped,
}

struct Week {
    splunk: Splunk,
    events: Vec<Event>,
    reported: BTreeSet<Pair>,
    /// Reported by runs that published.
    settled: BTreeSet<Pair>,
    by_sweeps: usize,
}

impl Week {
    fn new(dice: &mut Dice) -> Self {
        Self {
            splunk: Splunk::new().history(HEADER),
            events: (0..1500).map(|_| Event::any(dice)).collect(),
            reported: BTreeSet::new(),
            settled: BTreeSet::new(),
            by_sweeps: 0,
        }
    }

    fn indexed(&self, from: i64, until: i64) -> Vec<&Event> {
        let arrived = self
            .events
            .iter()
            .filter(|event| (from..until).contains(&event.indexed));
        arrived.collect()
    }

    fn hourly(&mut self, now: i64, fate: Fate) {
        let events = self.indexed(now - 70 * MINUTE, now - 10 * MINUTE);
        let rows: Vec<_> = events.into_iter().map(Event::row).collect();
        self.run("new=unseen", now, &rows, fate);
    }

    fn sweep(&mut self, now: i64, fate: Fate) {
        let from = now - 49 * HOUR;
        let rows = summarised(&self.indexed(from - from % HOUR, now - HOUR));
        let before = self.reported.len();
        self.run("new=unseen output=pairs", now, &rows, fate);
        self.by_sweeps += self.reported.len() - before;
    }

    fn run(&mut self, arguments: &str, now: i64, rows: &[Row], fate: Fate) {
        let search = self.splunk.search(arguments).now(now).probes(0).chunk(rows);
        let obstacle = self.splunk.lookups().join(format!("{HISTORY}.lock.tmp"));
        match fate {
            Fate::Skipped => return,
            Fate::Died => return died(&search, rows),
            Fate::Unpublished => fs::create_dir(&obstacle).unwrap(),
            Fate::Published => {}
        }
        let found = search.run();
        found.expect_success();
        let mut pairs = BTreeSet::new();
        if found.row_count() > 0 {
            pairs.extend(
                found
                    .column("bucket_name")
                    .into_iter()
                    .zip(found.column("remote_ip")),
            );
        }
        if fate == Fate::Unpublished {
            fs::remove_dir(&obstacle).unwrap();
            found.expect_message(
                "ERROR",
                &["is as it was", "Daily Sweep", "finds the pairs again"],
            );
        } else {
            found.expect_no_message("ERROR");
            let twice: Vec<_> = self.settled.intersection(&pairs).collect();
            assert!(twice.is_empty(), "reported twice: {twice:?}");
            self.settled.extend(pairs.iter().cloned());
        }
        self.reported.extend(pairs);
    }
}

fn died(search: &Search<'_>, rows: &[Row]) {
    let mut talk = search.start();
    talk.getinfo();
    talk.execute(&body_of(rows), false);
    talk.hang_up();
}

fn any_fate(dice: &mut Dice) -> Fate {
    match dice.between(1, 12) {
        1 => Fate::Unpublished,
        2 => Fate::Died,
        3 => Fate::Skipped,
        _ => Fate::Published,
    }
}

#[test]
fn a_week_of_failures_leaves_nothing_unreported() {
    for seed in 0..3 {
        let mut dice = Dice::new(seed);
        let mut week = Week::new(&mut dice);
        for hour in 1..=7 * 24 + 9 {
            let now = START + hour * HOUR;
            // A search head that is down for half a day, and one sweep that is skipped, die or cannot publish.
            let down = (50..62).contains(&hour);
            let fate = if down {
                Fate::Skipped
            } else {
                any_fate(&mut dice)
            };
            week.hourly(now, fate);
            if hour % 24 == 4 {
                let fates = [Fate::Skipped, Fate::Unpublished, Fate::Died];
                let odd = (hour / 24) % 2 == 1;
                let fate = if odd {
                    *dice.pick(&fates)
                } else {
                    Fate::Published
                };
                // The last two are those that settle it.
                let fate = if hour > 6 * 24 { Fate::Published } else { fate };
                week.sweep(now + 50 * MINUTE, fate);
            }
        }
        let until = START + 7 * DAY + 4 * HOUR - 10 * MINUTE;
        let accesses = week
            .events
            .iter()
            .filter(|event| event.is_access() && event.indexed < until);
        let expected: BTreeSet<_> = accesses.map(|event| event.pair.clone()).collect();
        let missing: Vec<_> = expected.difference(&week.reported).collect();
        assert!(
            missing.is_empty(),
            "seed {seed}: never reported: {missing:?}"
        );
        let invented = week.reported.iter().filter(|pair| {
            let mut events = week.events.iter();
            !events.any(|event| event.is_access() && event.pair == **pair)
        });
        assert_eq!(invented.count(), 0, "seed {seed}");
        assert!(
            week.by_sweeps > 20,
            "seed {seed}: the sweeps found {}",
            week.by_sweeps
        );
    }
}

/// The model is of the searches that the app ships.
#[test]
fn the_searches_of_the_app_are_those_of_the_model() {
    let conf = include_str!("../app/default/savedsearches.conf");
    let stanza = |name: &str| {
        let (_, after) = conf
            .split_once(&format!("[Detect S3 access from a new IP - {name}]\n"))
            .unwrap();
        after.split("\n[").next().unwrap().to_owned()
    };
    assert!(stanza("By Arrival").contains(HOURLY));
    let sweep = stanza("Daily Sweep");
    let missing: Vec<_> = SWEEP
        .iter()
        .filter(|part| !sweep.contains(**part))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(sweep.contains("cron_schedule = 50 4 * * *"));
}
