//! Rows from splunkd: the first byte chooses the options, the second how the stream is cut, the rest is a chunk's body.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs;

use s3newip::accesslog::{Event, HttpStatus};
use s3newip::csv::{RecordReader, decoded};
use s3newip::pair;
use s3newip::text::timestamp::Timestamp;
use serde_json::json;

use super::csv_reference::records;
use super::pieces::Pieces;
use super::sessions::{CLOCK, Heard, frame, talk};
use super::workshop::Workshop;

const HISTORY: &str =
    "bucket_name,remote_ip,firstTime,lastTime\nbilling,192.0.2.1,1600000000,1600000000\n";
const LOOKUP: &str = "seen.csv";
const ADDED: [&[u8]; 3] = [b"firstTime", b"lastTime", b"newIP"];

/// The columns that a log line has the last word on.
const IN_LINE: [&[u8]; 3] = [b"bucket_name", b"remote_ip", b"requester"];

type Cells = Vec<Vec<u8>>;

/// See the table in [`super`].
pub fn check(data: &[u8]) {
    let [flags, seed, body @ ..] = data else {
        return;
    };
    check_reader(body, *seed);
    let options = Options(*flags);
    let workshop = Workshop::new();
    let heard = |body: &[&[u8]], seed| {
        fs::write(workshop.lookups().join(LOOKUP), options.history()).unwrap();
        let heard = talk(workshop.path(), &conversation(&options, body), seed);
        let after = fs::read(workshop.lookups().join(LOOKUP)).unwrap();
        let writes = heard.succeeded() && options.updates();
        assert!(writes || after == options.history());
        assert_eq!(workshop.names(), [LOOKUP]);
        heard
    };
    let whole = heard(&[body], None);
    assert_eq!(heard(&[body], Some(*seed)), whole);
    if let Some((one, other)) = halves(body) {
        let chunks = heard(&[&one, &other], Some(*seed));
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
    let cut = read(RecordReader::new(Pieces::new(text, seed)));
    assert_eq!(whole, cut);
    if let (Ok(mut ours), Some(theirs)) = (whole, records(text)) {
        // The crate leaves empty lines out; a quoted empty cell is none.
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
        if self.0 & 32 == 0 {
            HISTORY.as_bytes()
        } else {
            b""
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

/// A row that counts: its cells, its pair's text and its time.
struct Row {
    cells: Cells,
    /// The values of [`IN_LINE`] in its log line, where it has one.
    in_line: Option<[Vec<u8>; 3]>,
    pair: Vec<u8>,
    time: Timestamp,
}

fn check_result(options: &Options, body: &[u8], heard: &Heard) {
    let blank_start = body.starts_with(b"\n") || body.starts_with(b"\r");
    let Some(mut records) = records(body).filter(|records| !records.is_empty() && !blank_start)
    else {
        return;
    };
    let header = records.remove(0);
    let ragged = records.iter().any(|row| row.len() != header.len());
    if ragged || read(RecordReader::new(body)).is_err() {
        assert!(!heard.succeeded());
        return;
    }
    assert!(heard.succeeded(), "{heard:?}");
    let Some(rows) = usable(&header, records, options.keys()) else {
        return;
    };
    let result = &heard.replies.last().unwrap().body;
    let result = super::csv_reference::records(result).unwrap_or_default();
    match (options.seed(), options.output()) {
        (true, _) => check_seed(&rows, &result),
        (false, "pairs") => check_pairs(options, &header, &rows, &result),
        _ => check_events(options, &header, &rows, &result),
    }
}

/// The rows that count; `None` where one of them takes rules that this model does not know.
fn usable(header: &Cells, records: Vec<Cells>, keys: &[&str]) -> Option<Vec<Row>> {
    let column = |name: &str| header.iter().position(|column| column == name.as_bytes());
    let twins: Vec<_> = keys
        .iter()
        .filter_map(|key| column(&format!("__mv_{key}")))
        .collect();
    let mut rows = Vec::new();
    for cells in records {
        let cell = |name: &str| column(name).map_or(b"".as_slice(), |at| &cells[at]);
        if cell("_time").is_empty() || twins.iter().any(|at| !cells[*at].is_empty()) {
            return None;
        }
        let mut pair = Vec::new();
        let event = Event::read(cell("_raw"));
        let value = |name: &str| match (event, name) {
            (Some(event), "bucket_name") => event.bucket_name,
            (Some(event), "remote_ip") => event.remote_ip,
            _ => cell(name),
        };
        let key = |name: &&str| !matches!(value(name), b"" | b"-") && !value(name).contains(&0);
        let (true, Some(time)) = (keys.iter().all(key), Timestamp::parse(cell("_time"))) else {
            continue;
        };
        keys.iter()
            .for_each(|name| pair::push_value(&mut pair, value(name)));
        let status = event.map(|event| event.http_status);
        if succeeded(status, cell("http_status")) {
            let in_line = event.map(|event| {
                [event.bucket_name, event.remote_ip, event.requester].map(<[u8]>::to_vec)
            });
            rows.push(Row {
                pair,
                time,
                in_line,
                cells,
            });
        }
    }
    Some(rows)
}

fn succeeded(in_line: Option<HttpStatus>, http_status: &[u8]) -> bool {
    let success = |code: u16| matches!(code, 200..=299 | 304);
    match in_line {
        Some(HttpStatus::Code(code)) => success(code),
        Some(_) => true,
        None => match std::str::from_utf8(http_status).map(str::parse) {
            Ok(Ok(code)) if http_status.len() == 3 && http_status[0] != b'+' => success(code),
            _ => true,
        },
    }
}

/// First time, last time, whether it is new, and the rows of each pair.
fn pairs<'a>(
    options: &Options,
    rows: &'a [Row],
) -> HashMap<&'a [u8], (Timestamp, Timestamp, bool, usize)> {
    let old = Timestamp::from_seconds(1_600_000_000);
    let threshold = Timestamp::from_seconds((CLOCK - 70 * 60).div_euclid(60) * 60);
    let mut known = Vec::new();
    for (key, value) in options.keys().iter().zip(["billing", "192.0.2.1"]) {
        assert!(!key.is_empty());
        pair::push_value(&mut known, value.as_bytes());
    }
    let mut pairs = HashMap::new();
    for row in rows {
        let known = row.pair == known && !options.history().is_empty();
        let (first, last) = if known {
            (old, old)
        } else {
            (row.time, row.time)
        };
        let seen = pairs
            .entry(row.pair.as_slice())
            .or_insert((first, last, !known, 0));
        (seen.0, seen.1, seen.3) = (seen.0.min(row.time), seen.1.max(row.time), seen.3 + 1);
    }
    if options.window() {
        pairs
            .values_mut()
            .for_each(|pair| pair.2 = pair.0 >= threshold);
    }
    pairs
}

fn check_seed(rows: &[Row], result: &[Cells]) {
    let mut pairs: Vec<_> = rows.iter().map(|row| &row.pair).collect();
    pairs.sort();
    pairs.dedup();
    assert_eq!(result[1][0], pairs.len().to_string().into_bytes());
}

fn check_events(options: &Options, header: &Cells, rows: &[Row], result: &[Cells]) {
    let pairs = pairs(options, rows);
    let mut shown: HashMap<&[u8], usize> = HashMap::new();
    let expected: Vec<_> = rows
        .iter()
        .filter(|row| {
            let count = shown.entry(&row.pair).or_default();
            *count += 1;
            let room = options.max_events() == 0 || *count <= options.max_events();
            options.output() == "all" || (pairs[row.pair.as_slice()].2 && room)
        })
        .collect();
    let Some((columns, result)) = result.split_first() else {
        assert!(expected.is_empty());
        return;
    };
    assert_eq!(columns[..header.len()], header[..]);
    assert_eq!(result.len(), expected.len());
    for (row, found) in expected.iter().zip(result) {
        for (at, cell) in row.cells.iter().enumerate() {
            let name = header[at].strip_prefix(b"__mv_").unwrap_or(&header[at]);
            let in_line = IN_LINE.contains(&name) && row.in_line.is_some();
            assert!(
                ADDED.contains(&name) || in_line || found[at] == *cell,
                "column {at}"
            );
        }
        for (name, value) in IN_LINE.iter().zip(row.in_line.iter().flatten()) {
            let at = columns.iter().position(|column| column == name);
            let none = |value: &[u8]| matches!(value, b"" | b"-");
            match at {
                Some(at) => assert!(found[at] == *value || none(&found[at]) && none(value)),
                None => assert!(none(value)),
            }
        }
        let (first, last, new, _) = pairs[row.pair.as_slice()];
        let added = [text(first), text(last), vec![b'0' + u8::from(new)]];
        for (name, cell) in ADDED.iter().zip(added) {
            let at = columns.iter().position(|column| column == name).unwrap();
            assert_eq!(found[at], cell);
        }
    }
}

fn check_pairs(options: &Options, header: &Cells, rows: &[Row], result: &[Cells]) {
    let pairs = pairs(options, rows);
    let counted = header.iter().any(|name| name == b"count");
    let mut expected: Vec<_> = pairs.iter().filter(|(_, pair)| pair.2).collect();
    let values = |pair: &[u8]| -> Cells { pair::values(pair).map(Cow::into_owned).collect() };
    expected.sort_by_key(|(pair, seen)| (seen.0, values(pair)));
    let rows = result.split_first().map_or([].as_slice(), |(_, rows)| rows);
    assert_eq!(rows.len(), expected.len());
    for (found, (pair, (first, last, _, count))) in rows.iter().zip(expected) {
        let mut cells = values(pair);
        cells.extend([text(*first), text(*last), b"1".to_vec()]);
        if !counted {
            cells.push(count.to_string().into_bytes());
        }
        assert_eq!(found[..cells.len()], cells[..]);
    }
}

fn text(time: Timestamp) -> Vec<u8> {
    let mut text = Vec::new();
    time.write(&mut text);
    text
}
