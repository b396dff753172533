//! Whole sessions of the search command, in this process.

use std::io::Cursor;
use std::path::Path;
use std::time::Duration;

use s3newip::csv::{Record, RecordReader};
use s3newip::error::Exit;
use s3newip::host::Host;
use s3newip::reltime::Zone;
use s3newip::splunk::session;
use serde_json::Value;

use super::short_reads::ShortReads;

/// The clock of every session.
const CLOCK: i64 = 1_700_000_000;

/// The result of a session: the exit code, if it did not end with an error of the pipe, and the replies.
#[derive(Debug, PartialEq)]
pub(super) struct Transcript {
    pub(super) exit: Option<Exit>,
    pub(super) replies: Vec<Reply>,
}

/// One reply.
#[derive(Debug, PartialEq)]
pub(super) struct Reply {
    pub(super) metadata: Value,
    pub(super) body: Vec<u8>,
}

impl Transcript {
    /// Whether the run says that all went well.
    pub(super) fn succeeded(&self) -> bool {
        self.replies.last().is_some_and(|reply| {
            reply.metadata["finished"] == true && reply.metadata.get("error").is_none()
        })
    }
}

/// One request.
pub(super) fn frame(metadata: &Value, body: &[u8]) -> Vec<u8> {
    let metadata = metadata.to_string();
    let mut frame =
        format!("chunked 1.0,{},{}\n{metadata}", metadata.len(), body.len()).into_bytes();
    frame.extend_from_slice(body);
    frame
}

/// Runs the app in `folder` on the stream `input`, which it gets in one read, or in the short reads of `seed`.
pub(super) fn run_session(folder: &Path, input: &[u8], seed: Option<u8>) -> Transcript {
    let host = Host {
        executable: folder.join("bin/s3newip"),
        clock: CLOCK,
        seed: [7; 16],
        lock_wait: Duration::from_secs(1),
        zone: Zone::utc,
        hung_up: || false,
    };
    let mut output = Vec::new();
    let exit = match seed {
        None => session::run(Cursor::new(input.to_vec()), &mut output, &host),
        Some(seed) => session::run(ShortReads::new(input, seed), &mut output, &host),
    };
    Transcript {
        exit: exit.ok(),
        replies: replies(&output),
    }
}

/// The replies in `output`, which must be whole frames and nothing else.
fn replies(mut output: &[u8]) -> Vec<Reply> {
    let mut replies = Vec::new();
    while !output.is_empty() {
        let end = output.iter().position(|byte| *byte == b'\n').unwrap();
        let line = std::str::from_utf8(&output[..end]).unwrap();
        let lengths = line.strip_prefix("chunked 1.0,").expect("a header line");
        let (metadata, body) = lengths.split_once(',').unwrap();
        let (metadata, body): (usize, usize) = (metadata.parse().unwrap(), body.parse().unwrap());
        let (text, rest) = output[end + 1..].split_at(metadata);
        let (body, rest) = rest.split_at(body);
        check_rectangular(body);
        replies.push(Reply {
            metadata: without_times(serde_json::from_slice(text).expect("JSON")),
            body: body.to_vec(),
        });
        output = rest;
    }
    replies
}

/// Rows of a reply have as many cells as its header.
fn check_rectangular(body: &[u8]) {
    let mut reader = RecordReader::new(body);
    let mut columns = None;
    while let Some(row) = reader.next_record().expect("a reply's body is CSV") {
        let cells = Record::cells(&row.record);
        assert_eq!(*columns.get_or_insert(cells), cells, "{body:?}");
        assert_eq!(row.ending, b"\n");
    }
}

/// The metadata without how long the run took.
fn without_times(mut metadata: Value) -> Value {
    let messages = metadata.pointer_mut("/inspector/messages");
    let messages = messages.and_then(Value::as_array_mut);
    for message in messages.into_iter().flatten() {
        let text = message[1].as_str().unwrap_or_default();
        assert!(!text.contains(char::is_control), "{text:?}");
        if let (true, Some((start, _))) = (text.ends_with(" s"), text.rsplit_once("; ")) {
            message[1] = start.into();
        }
    }
    metadata
}
