//! Random logs, read twice: as files by the scan, and as a search's events by the command.

use super::{
    generate::Scenario,
    log_lines::{LogLine, MIDNIGHT, Shape, log_line},
    lookups::{Start, start},
    model::{Chunk, Options, Output, Rule},
    pools::{NOW, WINDOWS},
    reply::Reply,
    stage::{Stage, read_table},
    time,
    typed_options::arguments,
};
use crate::support::HISTORY;
use flate2::{Compression, write::GzEncoder};
use proptest::{collection::vec, option, prelude::*, sample::select};
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

/// The columns that both show.
const COMPARED: [&str; 10] = [
    "firstTime",
    "lastTime",
    "remote_ip",
    "bucket_name",
    "count",
    "operation",
    "requester",
    "http_status",
    "request_uri",
    "user_agent",
];

/// Logs in up to four files, and a search for the new pairs in them.
#[derive(Clone, Debug)]
pub(crate) struct Logs {
    pub(crate) files: Vec<Vec<LogLine>>,
    /// The same lines as a search's events.
    pub(crate) scenario: Scenario,
}

/// The outcome of a scan: its rows, or nothing where it failed, and the history.
#[derive(Debug, PartialEq)]
pub(crate) struct Scanned {
    pub(crate) pairs: Option<Reply>,
    pub(crate) history: Option<Vec<u8>>,
}

/// Any logs.
pub(crate) fn logs() -> impl Strategy<Value = Logs> {
    let files = vec(vec(log_line(), 0..12), 1..5);
    let new = select(&[Rule::Unseen, Rule::Window][..]);
    let status = option::of(select(&["200", "2xx", "403", "2xx,304,404"][..]));
    (files, start(), new, select(&WINDOWS[..]), status).prop_map(
        |(files, start, new, window, status)| {
            let options = Options {
                new: Some(new),
                window: Some(window),
                status: status.map(|list| list.split(',').map(String::from).collect()),
                output: Some(Output::Pairs),
                ..Options::default()
            };
            let start = start.with_columns(&options.keys());
            // The scan knows no default: its lookup may be any file.
            let start = if let Start::Default(draft) = start {
                Start::Lookup(draft)
            } else {
                start
            };
            let scenario = Scenario {
                arguments: arguments(&options, 0),
                options,
                lookup: HISTORY.into(),
                preview: false,
                start,
                chunks: files.iter().map(|lines| events(lines)).collect(),
            };
            Logs { files, scenario }
        },
    )
}

impl Logs {
    /// Scans the files with the same options and a copy of the history.
    pub(crate) fn scan(&self) -> Scanned {
        let stage = Stage::new(&self.scenario);
        let folder = stage.folder();
        let lookup = folder.join("history.csv");
        if let Some(text) = self.scenario.start.text() {
            fs::write(&lookup, text).unwrap();
        }
        let options = &self.scenario.options;
        let mut command = stage.binary();
        command.args([
            "scan",
            "--output",
            "pairs",
            "--format",
            "csv",
            "--now",
            &NOW.to_string(),
        ]);
        command.arg("--lookup").arg(&lookup);
        command.args(
            options
                .new
                .map(|rule| format!("--new={rule:?}").to_lowercase()),
        );
        command.args(
            options
                .window
                .iter()
                .map(|window| format!("--window={}", window.text)),
        );
        command.args(
            options
                .status
                .iter()
                .map(|list| format!("--status={}", list.join(","))),
        );
        command.args(self.write(&folder));
        let output = command.env("TZ", "UTC").output().unwrap();
        let pairs = output
            .status
            .success()
            .then(|| comparable(read_table(&output.stdout)));
        Scanned {
            pairs,
            history: fs::read(lookup).ok(),
        }
    }

    /// Writes the files: every other one packed, each with one line that is not a log line.
    fn write(&self, folder: &Path) -> Vec<PathBuf> {
        let write = |(number, lines): (usize, &Vec<LogLine>)| {
            let text: String = lines.iter().map(|line| line.text() + "\n").collect();
            let text = format!("no log line\n{text}").into_bytes();
            let plain = folder.join(format!("{number}.log"));
            let packed = folder.join(format!("{number}.log.gz"));
            if number % 2 == 0 {
                fs::write(&plain, text).unwrap();
                return plain;
            }
            let mut encoder =
                GzEncoder::new(fs::File::create(&packed).unwrap(), Compression::fast());
            encoder.write_all(&text).unwrap();
            encoder.finish().unwrap();
            packed
        };
        self.files.iter().enumerate().map(write).collect()
    }
}

/// The columns that both show, times in microseconds; without what is shown of a line that can be read in two ways.
pub(crate) fn comparable(reply: Reply) -> Reply {
    let renamed = |name: &String| {
        if name == "src_ip" {
            "remote_ip".into()
        } else {
            name.clone()
        }
    };
    let columns: Vec<String> = reply.columns.iter().map(renamed).collect();
    let row = |row: &Vec<Vec<u8>>| {
        let cell = |name: &str| {
            columns
                .iter()
                .position(|column| column == name)
                .map(|at| row[at].clone())
                .unwrap_or_default()
        };
        let is_ambiguous = cell("http_status") == b"ambiguous";
        let compared = |name: &&str| match *name {
            "firstTime" | "lastTime" => micros(&cell(name)).to_string().into_bytes(),
            "request_uri" | "user_agent" if is_ambiguous => Vec::new(),
            _ => cell(name),
        };
        COMPARED.iter().map(compared).collect()
    };
    let rows = reply.rows.iter().map(row).collect();
    Reply {
        columns: COMPARED.map(String::from).into(),
        rows,
    }
}

fn micros(cell: &[u8]) -> i64 {
    let calendar = || {
        std::str::from_utf8(cell)
            .ok()?
            .parse::<jiff::Timestamp>()
            .ok()
    };
    time::parse(cell)
        .or_else(|| calendar().map(|time| time.as_microsecond()))
        .expect("a time")
}

/// The events that Splunk makes of these lines.
fn events(lines: &[LogLine]) -> Chunk {
    let columns = [
        "_time",
        "_raw",
        "bucket_name",
        "remote_ip",
        "http_status",
        "operation",
        "request_uri",
        "requester",
        "user_agent",
    ];
    let row = |line: &LogLine| {
        let status = if line.shape == Shape::Forged {
            "ambiguous"
        } else {
            line.status()
        };
        let cells = [
            (MIDNIGHT + line.second).to_string(),
            line.text(),
            line.bucket.into(),
            line.address.into(),
            status.into(),
            line.operation().into(),
            line.request().trim_matches('"').into(),
            line.requester().into(),
            line.user_agent().into(),
        ];
        cells.map(String::into_bytes).into()
    };
    let rows = lines.iter().map(row).collect();
    Chunk {
        columns: columns.map(String::from).into(),
        rows,
    }
}
