//! A whole search, from the probes to the exit code, with every rule of the protocol checked on the way.

use super::conversation::Conversation;
use super::cut::bodies;
use super::dice::Dice;
use super::files::names_in;
use super::frames::Reply;
use super::outcome::Outcome;
use super::process::Ended;
use super::search::{SESSION_KEY, Search};
use serde_json::json;

/// Runs `search` and says what came out.
pub(crate) fn run(search: &Search<'_>) -> Outcome {
    let probed = probe_all(search);
    let temporary = search.splunk.temporary_files();
    let outcome = converse(search);
    for reply in &probed {
        let (probe, search) = (&reply.metadata_text, &outcome.getinfo.metadata_text);
        assert_eq!(probe, search, "the probe was told something else");
    }
    check_left_overs(search, &temporary);
    outcome
}

/// The replies of all probes, which must touch nothing. Without probes that is not checked: another program may be writing.
fn probe_all(search: &Search<'_>) -> Vec<Reply> {
    if search.probes == 0 {
        return Vec::new();
    }
    let before = search.splunk.snapshot();
    let probed = (0..search.probes).map(|number| probe(search, number));
    let probed = probed.collect();
    let after = search.splunk.snapshot();
    assert_eq!(after, before, "a probe touched the app's files");
    probed
}

/// Nothing new ends in `.tmp` in the lookups folder, and the dispatch folder is as splunkd made it.
pub(crate) fn check_left_overs(search: &Search<'_>, before: &[String]) {
    let mut names = search.splunk.temporary_files();
    names.retain(|name| !before.contains(name));
    if search.dispatch.is_some() {
        let folder = search.splunk.dispatch_folder(&search.sid);
        names.extend(
            names_in(&folder)
                .into_iter()
                .filter(|name| name != "info.csv"),
        );
    }
    assert_eq!(names, [""; 0], "left behind");
}

/// One of the processes that splunkd starts while it parses the search: getinfo, then the end of the input.
pub(crate) fn probe(search: &Search<'_>, number: usize) -> Reply {
    let searchinfo = [
        ("tmp", json!("")),
        ("searchparsetmp_1", json!("")),
        ("", json!("/nonexistent/folder")),
    ];
    let (sid, dispatch_dir) = searchinfo[number % searchinfo.len()].clone();
    let probe = search
        .clone()
        .searchinfo("dispatch_dir", dispatch_dir)
        .searchinfo("sid", json!(sid));
    let mut talk = Conversation::with_getinfo(search, &probe.getinfo_metadata(None));
    let reply = talk.getinfo();
    let ended = talk.hang_up();
    check_end(&reply, &ended);
    reply
}

fn converse(search: &Search<'_>) -> Outcome {
    let mut talk = search.start();
    let getinfo = talk.getinfo();
    check_getinfo(&getinfo, &mut talk);
    let bodies = bodies(&search.parts, &mut Dice::new(search.seed));
    let mut replies: Vec<Reply> = Vec::new();
    let mut peak_memory_kib = talk.process.peak_memory_kib().unwrap_or(0);
    for (index, body) in bodies.iter().enumerate() {
        if replies.last().unwrap_or(&getinfo).error().is_some() {
            break;
        }
        let last = index + 1 == bodies.len();
        let reply = talk.execute(body, last);
        check_execute(&reply, last, &mut talk);
        peak_memory_kib = talk.process.peak_memory_kib().unwrap_or(peak_memory_kib);
        replies.push(reply);
    }
    let ended = talk.hang_up();
    check_end(replies.last().unwrap_or(&getinfo), &ended);
    Outcome {
        getinfo,
        replies,
        transcript: ended.transcript,
        peak_memory_kib,
    }
}

/// getinfo is answered with a type, or with a fatal error.
fn check_getinfo(reply: &Reply, talk: &mut Conversation) {
    let kind = reply.metadata["type"].as_str();
    let answered = matches!(kind, Some("events" | "reporting")) && !reply.finished();
    if !(answered || reply.error().is_some()) || !reply.body.is_empty() {
        talk.process
            .fail("expected getinfo to be answered with a type and no body, or with an error");
    }
}

/// A request in the middle is answered with nothing, the last with everything; a fatal error ends it anywhere.
fn check_execute(reply: &Reply, last: bool, talk: &mut Conversation) {
    let in_the_middle = reply.metadata_text == r#"{"finished":false}"# && reply.body.is_empty();
    let fits = match (reply.error(), last) {
        (Some(_), _) => reply.finished(),
        (None, true) => reply.finished(),
        (None, false) => in_the_middle,
    };
    if !fits {
        talk.process.fail("the reply does not fit its request");
    }
}

/// Exit code 0, or 1 after an error; silence on standard error; nothing after the last reply; no secret anywhere.
fn check_end(last: &Reply, ended: &Ended) {
    let expected = if last.error().is_some() { 1 } else { 0 };
    assert_eq!(
        ended.code,
        Some(expected),
        "exit code\n{}",
        ended.transcript
    );
    ended.expect_silence();
    let said = format!(
        "{}{}",
        last.metadata_text,
        String::from_utf8_lossy(&last.body)
    );
    let secret = said.contains(SESSION_KEY) || said.contains("token-that-must-never-be-shown");
    assert!(!secret, "a secret in a reply\n{}", ended.transcript);
}
