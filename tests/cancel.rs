//! Cancelled searches: whichever pipe closes wherever, the command goes soon and in silence, and what it had not yet
//! published it never publishes.

mod support;

use std::time::Duration;
use support::strace::{About, Strace};
use support::{
    Cancel, Dice, HISTORY as HISTORY_NAME, NOW, Row, Search, Splunk, access, body_of, execute_frame,
};

const HISTORY: &str =
    "bucket_name,remote_ip,firstTime,lastTime\nbilling,192.0.2.1,1600000000,1600000000\n";

fn rows() -> [Row; 2] {
    [
        access("billing", "192.0.2.7", NOW),
        access("archive", "2001:db8::7", NOW),
    ]
}

/// Three chunks: two in the middle and the last.
fn three_chunks(splunk: &Splunk) -> Search<'_> {
    let [first, second] = rows();
    let search = splunk.search("new=unseen");
    search
        .chunk(std::slice::from_ref(&first))
        .chunk(&[second])
        .chunk(&[first])
}

/// Cancels at `point` and expects the history and everything else to be as before.
fn cancelled_without_a_trace(point: Cancel) {
    let splunk = Splunk::new().history(HISTORY);
    let before = support::files::State::of(&splunk.history_path());
    three_chunks(&splunk).cancel(point);
    assert_eq!(
        support::files::State::of(&splunk.history_path()),
        before,
        "{point:?}"
    );
    assert_eq!(splunk.temporary_files(), [""; 0], "{point:?}");
}

#[test]
fn nothing_is_published_when_the_input_ends_between_two_requests() {
    for point in [
        Cancel::AtOnce,
        Cancel::AfterGetinfo,
        Cancel::Within(1, 0),
        Cancel::BeforeLast,
    ] {
        cancelled_without_a_trace(point);
    }
}

#[test]
fn nothing_is_published_when_the_input_ends_within_a_request() {
    let mut dice = Dice::new(3);
    for request in 0..3 {
        let [row, _] = rows();
        let frame = execute_frame(&body_of(&[row]), request == 2);
        // In the header, at its end, in the metadata, at its end, in the body, one byte before its end, anywhere.
        let places = [
            1,
            12,
            18,
            19,
            20,
            54,
            55,
            70,
            frame.len() - 1,
            dice.between(1, frame.len() - 1),
        ];
        for place in places {
            cancelled_without_a_trace(Cancel::Within(request, place));
        }
    }
}

#[test]
fn nothing_is_said_when_the_input_ends_within_getinfo() {
    for place in [1, 5, 12, 18, 19, 60, 300] {
        cancelled_without_a_trace(Cancel::WithinGetinfo(place));
    }
}

#[test]
fn nothing_is_published_when_the_output_breaks_before_the_last_request() {
    for request in [0, 1] {
        cancelled_without_a_trace(Cancel::OutputBefore(request));
    }
}

#[test]
fn a_search_cancelled_after_its_last_request_has_published_all_or_nothing() {
    let merged =
        format!("{HISTORY}archive,2001:db8::7,{NOW},{NOW}\nbilling,192.0.2.7,{NOW},{NOW}\n");
    let points = [
        Cancel::AfterLast,
        Cancel::OutputBefore(2),
        Cancel::OutputWithinLast(0),
        Cancel::OutputWithinLast(1),
        Cancel::OutputWithinLast(40),
    ];
    for point in points {
        let splunk = Splunk::new().history(HISTORY);
        three_chunks(&splunk).cancel(point);
        let history = splunk.history_text();
        assert!(
            history == HISTORY || history == merged,
            "{point:?}: {history}"
        );
        assert_eq!(splunk.temporary_files(), [""; 0], "{point:?}");
    }
}

/// The reply is larger than the pipe, so that the command is still writing when the output breaks.
#[test]
fn a_reply_that_is_not_read_to_its_end_is_no_error() {
    let splunk = Splunk::new().history(HISTORY);
    let row = access("billing", "192.0.2.7", NOW).set("wide", "x".repeat(3 << 20));
    let search = splunk.search("new=unseen").chunk(&[row]).whole_writes();
    for bytes in [0, 100, 70_000, 1 << 20] {
        search.cancel(Cancel::OutputWithinLast(bytes));
    }
    assert_eq!(
        splunk.history_text(),
        format!("{HISTORY}billing,192.0.2.7,{NOW},{NOW}\n")
    );
}

#[test]
fn the_next_search_after_a_cancelled_one_finds_the_pairs_again() {
    let splunk = Splunk::new().history(HISTORY);
    three_chunks(&splunk).cancel(Cancel::BeforeLast);
    let found = three_chunks(&splunk).run();
    let expected = "bucket_name,remote_ip,newIP\nbilling,192.0.2.7,1\narchive,2001:db8::7,1\nbilling,192.0.2.7,1\n";
    found.expect_rows(expected);
}

#[test]
fn a_search_cancelled_after_it_spilt_leaves_nothing_in_the_dispatch_folder() {
    let splunk = Splunk::new().history(HISTORY);
    let wide = "x".repeat(60_000);
    let pair = |n: usize| access("billing", &format!("2001:db8::{n:x}"), NOW).set("wide", &wide);
    let rows: Vec<Row> = (1..=500).map(pair).collect();
    let search = splunk
        .search("new=unseen")
        .chunk(&rows)
        .chunk(&[])
        .whole_writes();
    search.cancel(Cancel::BeforeLast);
    let left = support::files::names_in(&splunk.dispatch_folder(&search.sid));
    assert_eq!(left, ["info.csv"]);
}

/// How soon a command goes that does nothing but wait.
const AT_ONCE: Duration = Duration::from_secs(1);

#[test]
fn a_search_cancelled_while_it_waits_for_the_lock_publishes_nothing() {
    let splunk = Splunk::new().history(HISTORY);
    let name = format!("{HISTORY_NAME}.lock.tmp");
    let lock = std::fs::File::create(splunk.lookups().join(&name)).unwrap();
    lock.lock().unwrap();
    // With its input ended, as splunkd ends it, and with its input open.
    for input_ends in [true, false] {
        let before = support::files::State::of(&splunk.history_path());
        let mut talk = three_chunks(&splunk).start();
        talk.getinfo();
        talk.send(&execute_frame(&body_of(&rows()), true));
        if input_ends {
            talk.process.close_input();
        }
        std::thread::sleep(Duration::from_millis(300));
        talk.process.close_output();
        let ended = talk.process.wait();
        let silent = (ended.code, ended.stderr.len());
        assert_eq!(silent, (Some(0), 0), "{}", ended.transcript);
        assert!(ended.took < AT_ONCE, "{:?}", ended.took);
        assert_eq!(support::files::State::of(&splunk.history_path()), before);
        assert_eq!(
            splunk.temporary_files(),
            [name.as_str()],
            "the holder's alone"
        );
    }
    drop(lock);
    three_chunks(&splunk).run().expect_no_message("ERROR");
    assert_eq!(splunk.temporary_files(), [""; 0]);
}

/// The reader is gone after the merge and before the rename: a result that will not be seen is not published.
#[test]
fn a_search_cancelled_while_it_merges_publishes_nothing_and_leaves_nothing() {
    let splunk = Splunk::new().history(HISTORY);
    let Some(strace) = Strace::new(&splunk) else {
        return;
    };
    let search = || splunk.search("new=unseen").chunk(&rows());
    let slow = strace.over(
        search(),
        &["inject=fsync:delay_enter=300000:when=1".to_owned()],
    );
    let before = support::files::State::of(&splunk.history_path());
    let mut talk = slow.start();
    talk.getinfo();
    talk.send(&execute_frame(&body_of(&rows()), true));
    support::files::wait_until("a lock and a staged file", || {
        splunk.temporary_files().len() == 2
    });
    talk.process.close_output();
    let ended = talk.process.wait();
    assert_eq!(
        (ended.code, ended.stderr.len()),
        (Some(0), 0),
        "{}",
        ended.transcript
    );
    assert!(ended.took < AT_ONCE, "{:?}", ended.took);
    let trace = strace.trace();
    assert_eq!(
        trace.position("rename", About::Staged),
        None,
        "{}",
        trace.text()
    );
    assert_eq!(support::files::State::of(&splunk.history_path()), before);
    assert_eq!(splunk.temporary_files(), [""; 0]);
}

/// Cancelled while the reply is written, the run has published: its pairs are in the history, and it ends in silence.
#[test]
fn a_search_cancelled_while_it_replies_has_published_and_goes_at_once() {
    let splunk = Splunk::new().history(HISTORY);
    let row = access("billing", "192.0.2.7", NOW).set("wide", "x".repeat(3 << 20));
    let mut talk = splunk.search("new=unseen").whole_writes().start();
    talk.getinfo();
    talk.send(&execute_frame(&body_of(&[row]), true));
    talk.process.read_some(1 << 20);
    let expected = format!("{HISTORY}billing,192.0.2.7,{NOW},{NOW}\n");
    assert_eq!(
        splunk.history_text(),
        expected,
        "published before the reply"
    );
    talk.process.close_output();
    let ended = talk.process.wait();
    assert_eq!(
        (ended.code, ended.stderr.len()),
        (Some(0), 0),
        "{}",
        ended.transcript
    );
    assert!(ended.took < AT_ONCE, "{:?}", ended.took);
    assert_eq!(splunk.temporary_files(), [""; 0]);
}

/// With no reader to tell the error to, the command ends, although its input is still open.
#[test]
fn a_search_that_fails_with_its_reader_gone_goes_at_once() {
    let splunk = Splunk::new().history(HISTORY);
    let mut talk = splunk.search("").start();
    talk.getinfo();
    talk.process.close_output();
    talk.send(&execute_frame(b"a,b\nbroken\n", false));
    let ended = talk.process.wait();
    assert!(ended.stderr.is_empty(), "{}", ended.transcript);
    assert!(ended.took < AT_ONCE, "{:?}", ended.took);
    assert_eq!(splunk.history_text(), HISTORY);
}
