//! Sessions recorded from real splunkd processes, of other commands: fields and arguments differ from ours, the wire
//! does not. `S3NEWIP_RECORDINGS` names their folder; without it there is nothing to replay.

mod support;

use std::collections::BTreeSet;
use support::{Conversation, Dice, Outcome, Recording, Reply, Splunk, recordings};

/// Replays the recorded requests strictly, one reply for each, after a getinfo with `args`.
fn replay(splunk: &Splunk, recording: &Recording, args: &[&str], seed: u64) -> Outcome {
    let search = splunk.search("").seed(seed);
    let mut talk = Conversation::with_getinfo(&search, &recording.getinfo_with(args));
    let getinfo = talk.getinfo();
    let mut replies: Vec<Reply> = Vec::new();
    for request in recording.frames() {
        replies.push(talk.ask(&request));
    }
    let peak_memory_kib = talk.process.peak_memory_kib().unwrap_or(0);
    let ended = talk.hang_up();
    assert_eq!(
        ended.expect_silence().code,
        Some(0),
        "{}\n{}",
        recording.name,
        ended.transcript
    );
    assert!(
        replies.last().is_some_and(Reply::finished),
        "{}",
        recording.name
    );
    let empty =
        |reply: &Reply| reply.metadata_text == "{\"finished\":false}" && reply.body.is_empty();
    assert!(
        replies.iter().rev().skip(1).all(empty),
        "{}",
        recording.name
    );
    Outcome {
        getinfo,
        replies,
        peak_memory_kib,
        transcript: ended.transcript,
    }
}

#[test]
fn arguments_of_another_command_are_refused_at_getinfo() {
    for recording in recordings()
        .iter()
        .filter(|recording| !recording.args().is_empty())
    {
        let splunk = Splunk::new();
        let mut talk = splunk.search("").start();
        let mut dice = Dice::new(recording.stream.len() as u64);
        // The whole stream, as it was written; the command may stop reading it after its error.
        let _ = talk.process.send_in_pieces(&recording.stream, &mut dice);
        let reply = talk.process.reply();
        let error = reply.error().unwrap_or_default();
        let first = recording.args()[0]
            .split('=')
            .next()
            .unwrap_or_default()
            .to_owned();
        assert!(error.contains(&first), "{}: {error}", recording.name);
        let ended = talk.hang_up();
        assert_eq!(ended.expect_silence().code, Some(1), "{}", recording.name);
    }
}

#[test]
fn a_stream_is_read_however_it_is_cut() {
    for recording in recordings()
        .iter()
        .filter(|recording| recording.args().is_empty())
    {
        let splunk = Splunk::new();
        for seed in 0..3 {
            let mut talk = splunk.search("").start();
            // No reply is larger than the pipe: every request may be written before the first is read.
            assert!(
                talk.process
                    .send_in_pieces(&recording.stream, &mut Dice::new(seed)),
                "{}",
                recording.name
            );
            let replies: Vec<Reply> = (0..=recording.requests.len())
                .map(|_| talk.process.reply())
                .collect();
            assert!(
                replies.last().is_some_and(Reply::finished),
                "{}",
                recording.name
            );
            assert_eq!(
                talk.hang_up().expect_silence().code,
                Some(0),
                "{}",
                recording.name
            );
        }
    }
}

#[test]
fn rows_of_another_source_type_are_counted_as_unusable() {
    for (number, recording) in recordings().iter().enumerate() {
        let splunk = Splunk::new();
        let before = splunk.snapshot();
        let found = replay(&splunk, recording, &["new=unseen"], number as u64);
        found.expect_no_rows();
        let rows = recording.rows().len();
        let counted = found
            .messages_of("WARN")
            .iter()
            .any(|text| text.starts_with(&format!("{rows} ")));
        assert_eq!(
            counted,
            rows > 0,
            "{}: {:?}",
            recording.name,
            found.messages()
        );
        assert_eq!(
            splunk.snapshot(),
            before,
            "{}: nothing was learnt",
            recording.name
        );
    }
}

/// The best key field for a recording: filled in every row, with the most different values.
fn key_of(recording: &Recording) -> Option<String> {
    let (columns, rows) = (recording.columns(), recording.rows());
    let filled = |place: usize| rows.iter().all(|row| !matches!(&row[place], b"" | b"-"));
    let epoch = |time: &[u8]| str::from_utf8(time).is_ok_and(|time| time.parse::<f64>().is_ok());
    let time = columns.iter().position(|column| column == "_time");
    let timed = time.is_some_and(|place| rows.iter().all(|row| epoch(&row[place])));
    let usable = |column: &str| !column.starts_with('_') && column != "count";
    let candidates = columns
        .iter()
        .enumerate()
        .filter(|(place, column)| usable(column) && filled(*place));
    let distinct = |place: usize| {
        rows.iter()
            .map(|row| &row[place])
            .collect::<BTreeSet<_>>()
            .len()
    };
    let best = candidates.max_by_key(|(place, _)| distinct(*place));
    best.filter(|_| timed && !rows.is_empty())
        .map(|(_, column)| column.clone())
}

#[test]
fn recorded_rows_come_back_byte_for_byte() {
    let mut replayed = 0;
    let recordings = recordings();
    for (number, recording) in recordings.iter().enumerate() {
        let Some(key) = key_of(recording) else {
            continue;
        };
        let splunk = Splunk::new();
        let found = replay(
            &splunk,
            recording,
            &["new=unseen", "lookup=recorded.csv", "by", &key],
            number as u64,
        );
        let (columns, rows) = (recording.columns(), recording.rows());
        let ours = ["firstTime", "lastTime", "newIP"].map(str::to_owned);
        found.expect_success();
        assert_eq!(
            found.columns(),
            [&columns[..], &ours].concat(),
            "{}",
            recording.name
        );
        assert_eq!(found.row_count(), rows.len(), "{}", recording.name);
        for (row, expected) in found.records().iter().zip(&rows) {
            let same = row
                .iter()
                .zip(expected)
                .all(|(cell, expected)| cell == expected);
            assert!(
                same,
                "{}: expected {expected:?}, found {row:?}",
                recording.name
            );
        }
        let again = replay(
            &splunk,
            recording,
            &["new=unseen", "lookup=recorded.csv", "by", &key],
            number as u64 + 1,
        );
        again.expect_no_rows();
        replayed += 1;
    }
    assert!(
        replayed >= 3 || recordings.is_empty(),
        "only {replayed} recordings have rows with a time"
    );
}
