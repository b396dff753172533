//! Rows from splunkd: the first byte chooses the options, the second how the stream is cut, the rest is a chunk's body.

use std::fs;

use s3newip::accesslog::Event;
use s3newip::csv::{RecordReader, decoded};
use serde_json::json;

use super::csv_reference::records;
use super::sessions::{Transcript, frame, run_session};
use super::short_reads::ShortReads;
use super::temp_app::TempApp;

const HISTORY: &str =
    "bucket_name,remote_ip,firstTime,lastTime\nbilling,192.0.2.1,1600000000,1600000000\n";
const LOOKUP: &str = "seen.csv";
const ADDED: [&[u8]; 3] = [b"firstTime", b"lastTime", b"newIP"];

/// Columns whose cells are replaced by what a log line in `_raw` says.
const IN_LINE: [&[u8]; 3] = [b"bucket_name", b"remote_ip", b"requester"];

type Cells = Vec<Vec<u8>>;

/// See the table in [`super`].
pub fn check(data: &[u8]) {
    let [flags, seed, body @ ..] = data else {
        return;
    };
    check_reader(body, *seed);
    let options = Options(*flags);
    let app = TempApp::new();
    let transcript = |body: &[&[u8]], seed| {
        fs::write(app.lookups().join(LOOKUP), options.history()).unwrap();
        let transcript = run_session(app.path(), &conversation(&options, body), seed);
        let after = fs::read(app.lookups().join(LOOKUP)).unwrap();
        let writes = transcript.succeeded() && options.updates();
        assert!(writes || after == options.history());
        assert_eq!(app.names(), [LOOKUP]);
        transcript
    };
    let whole = transcript(&[body], None);
    assert_eq!(transcript(&[body], Some(*seed)), whole);
    if let Some((one, other)) = halves(body) {
        let chunks = transcript(&[&one, &other], Some(*seed));
        assert_eq!(chunks.replies.last(), whole.replies.last());
    }
    check_result(&options, body, &whole);
}

/// The records in `text`, decoded; `Err` where it is no CSV.
fn read(mut reader: RecordReader<impl std::io::Read>) -> Result<Vec<Cells>, String> {
    let mut found = Vec::new();
    while let Some(located) = reader.next_record().map_err(|error| error.to_string())? {
        let record = located.record;
        let cells = (0..record.cells()).map(|at| decoded(record.raw(at)).into_owned());
        found.push(cells.collect());
        assert_eq!(
            located.record.bytes().is_empty(),
            located.record.cells() == 1 && record.raw(0).is_empty()
        );
    }
    Ok(found)
}

fn check_reader(text: &[u8], seed: u8) {
    let whole = read(RecordReader::new(text));
    let cut = read(RecordReader::new(ShortReads::new(text, seed)));
    assert_eq!(whole, cut);
    if let (Ok(mut ours), Some(theirs)) = (whole, records(text)) {
        // The crate leaves empty lines out; a quoted empty cell is not an empty line.
        let blank = |text: &[u8]| text.is_empty() || text == b"\r";
        let blanks = text.split(|byte| *byte == b'\n').any(blank);
        let empty = |cells: &Cells| blanks && cells.len() == 1 && cells[0].is_empty();
        ours.retain(|cells| !empty(cells));
        let theirs: Vec<_> = theirs.into_iter().filter(|cells| !empty(cells)).collect();
        assert_eq!(ours, theirs);
    }
}

/// What the first byte says.
struct Options(u8);

impl Options {
    fn output(&self) -> &'static str {
        ["events", "pairs", "all", "events"][usize::from(self.0 & 3)]
    }

    fn max_events(&self) -> usize {
        usize::from(self.0 & 3 == 3)
    }

    fn window(&self) -> bool {
        self.0 & 4 != 0
    }

    fn seed(&self) -> bool {
        self.0 & 8 != 0
    }

    fn keys(&self) -> &'static [&'static str] {
        &["bucket_name", "remote_ip"][..if self.0 & 16 == 0 { 2 } else { 1 }]
    }

    fn history(&self) -> &'static [u8] {
        match (self.keys().len(), self.0 & 32) {
            (1, 0) => b"bucket_name,firstTime,lastTime\nbilling,1600000000,1600000000\n",
            (1, _) => b"bucket_name,firstTime,lastTime\n",
            (_, 0) => HISTORY.as_bytes(),
            (..) => b"bucket_name,remote_ip,firstTime,lastTime\n",
        }
    }

    fn updates(&self) -> bool {
        self.0 & 64 == 0
    }

    fn arguments(&self) -> Vec<String> {
        let new = if self.window() { "window" } else { "unseen" };
        let options = [
            format!("lookup={LOOKUP}"),
            format!("output={}", self.output()),
            format!("new={new}"),
            format!("maxevents={}", self.max_events()),
            format!("seed={}", self.seed()),
            format!("update={}", self.updates()),
            "by".to_owned(),
        ];
        let keys = self.keys().iter().map(|key| (*key).to_owned());
        options.into_iter().chain(keys).collect()
    }
}

fn conversation(options: &Options, bodies: &[&[u8]]) -> Vec<u8> {
    let getinfo =
        json!({"action": "getinfo", "searchinfo": {"args": options.arguments(), "sid": ""}});
    let mut stream = frame(&getinfo, b"");
    for (index, body) in bodies.iter().enumerate() {
        let finished = index + 1 == bodies.len();
        stream.extend(frame(
            &json!({"action": "execute", "finished": finished}),
            body,
        ));
    }
    stream
}

/// The body as two chunks, each with the header; `None` where it has no three records.
fn halves(body: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut reader = RecordReader::new(body);
    let mut ends = Vec::new();
    while let Ok(Some(located)) = reader.next_record() {
        ends.push(located.offset as usize + located.record.bytes().len() + located.ending.len());
    }
    let [header, .., _] = ends[..] else {
        return None;
    };
    let middle = *ends.get(ends.len() / 2).filter(|end| **end > header)?;
    let other = [&body[..header], &body[middle..]].concat();
    Some((body[..middle].to_vec(), other))
}

fn check_result(options: &Options, body: &[u8], transcript: &Transcript) {
    let blank_start = body.starts_with(b"\n") || body.starts_with(b"\r");
    let Some(mut records) = records(body).filter(|records| !records.is_empty() && !blank_start)
    else {
        return;
    };
    let header = records.remove(0);
    let ragged = records.iter().any(|row| row.len() != header.len());
    if ragged || read(RecordReader::new(body)).is_err() {
        assert!(!transcript.succeeded());
        return;
    }
    assert!(transcript.succeeded(), "{transcript:?}");
    let result = &transcript.replies.last().unwrap().body;
    let result = super::csv_reference::records(result).unwrap_or_default();
    let rows = result.len().saturating_sub(1);
    let [_, successful, pairs, new] = counts(transcript);
    match (options.seed(), options.output()) {
        (true, _) => assert_eq!(result[1][0], pairs.to_string().into_bytes()),
        (false, "pairs") => assert_eq!(rows, new),
        (false, output) => {
            assert!(rows == successful || output == "events" && rows < successful);
            check_events(&header, &records, &result);
        }
    }
}

/// What the summary says of rows, successful rows, pairs, and new pairs.
fn counts(transcript: &Transcript) -> [usize; 4] {
    let metadata = &transcript.replies.last().unwrap().metadata;
    let messages = metadata["inspector"]["messages"].as_array().unwrap();
    let summary = messages.iter().find(|message| message[0] == "INFO");
    let mut numbers = summary.unwrap()[1].as_str().unwrap().split(", ");
    [(); 4].map(|()| {
        let number = numbers.next().unwrap().split(' ').next();
        number.unwrap().parse().unwrap()
    })
}

/// Every row of the result is one of the input, in the order of the input, all cells unchanged but those that are added.
fn check_events(header: &Cells, records: &[Cells], result: &[Cells]) {
    let Some((columns, result)) = result.split_first() else {
        return;
    };
    assert_eq!(columns[..header.len()], header[..]);
    let name = |at: usize| header[at].strip_prefix(b"__mv_").unwrap_or(&header[at]);
    let raw = header.iter().position(|column| column == b"_raw");
    let mut rest = records.iter();
    for found in result {
        let same = |row: &Cells| {
            let in_line = raw.is_some_and(|raw| Event::read(&row[raw]).is_some());
            let replaced = |at| ADDED.contains(&name(at)) || in_line && IN_LINE.contains(&name(at));
            (0..row.len()).all(|at| replaced(at) || found[at] == row[at])
        };
        assert!(rest.any(same), "{found:?} is not among the rows left");
    }
}
