//! The command's system calls, seen and tampered with from outside by strace: each can be made to fail, to kill the
//! process, or to wait.
//!
//! Invariants: what is tampered with is one call, named by its place in an undisturbed run of the same conversation
//! (chunks small enough to arrive whole make the calls of two runs the same), and [`Trace::expect_injected`] checks
//! that it was that call. Where strace cannot be had the tests say so and are skipped; in CI (`CI=true`) they fail.

use super::search::Search;
use super::splunk_home::{HISTORY, Splunk, runner};
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// What a system call is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// `<lookup>.csv.lock.tmp`
    Lock,
    /// `<lookup>.csv.<16 hexadecimal digits>.tmp`
    Staged,
    /// `<lookup>.csv.default`
    Default,
    /// `<lookup>.csv`
    History,
    /// The lookups folder.
    Folder,
    /// The search's dispatch folder, or a nameless file in it.
    Dispatch,
    /// Standard input or output, memory, ...
    Other,
}

/// One system call.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// Its name.
    pub(crate) name: String,
    /// The how-manieth call of that name in the process, from 1.
    pub(crate) nth: usize,
    /// What it is about.
    pub(crate) about: About,
    /// strace's line.
    pub(crate) line: String,
}

impl Call {
    /// Whether it is `name` about `about`.
    pub(crate) fn is(&self, name: &str, about: About) -> bool {
        self.name == name && self.about == about
    }

    /// strace's expression that does `what` to this call alone.
    pub(crate) fn inject(&self, what: &str) -> String {
        format!("inject={}:{what}:when={}", self.name, self.nth)
    }
}

/// The system calls of one process, in order.
#[derive(Debug)]
pub(crate) struct Trace(pub(crate) Vec<Call>);

impl Trace {
    /// The place of the first call `name` about `about`.
    pub(crate) fn position(&self, name: &str, about: About) -> Option<usize> {
        self.0.iter().position(|call| call.is(name, about))
    }

    /// The place of a call that must be there.
    pub(crate) fn expect(&self, name: &str, about: About) -> usize {
        self.position(name, about)
            .unwrap_or_else(|| panic!("expected {name} about {about:?} in\n{}", self.text()))
    }

    /// Expects that `call`, and nothing else, was tampered with.
    pub(crate) fn expect_injected(&self, call: &Call) -> &Self {
        let mut tampered = self.0.iter().filter(|call| {
            call.line.ends_with("(INJECTED)")
                || call.line.ends_with("(DELAYED)")
                || call.line.ends_with(" = ?")
        });
        let found = tampered.next();
        let same =
            found.is_some_and(|found| found.nth == call.nth && found.is(&call.name, call.about));
        assert!(
            same,
            "expected to tamper with {call:?}, found {found:?}\n{}",
            self.text()
        );
        self
    }

    /// All lines.
    pub(crate) fn text(&self) -> String {
        let lines: Vec<_> = self.0.iter().map(|call| call.line.as_str()).collect();
        lines.join("\n")
    }
}

/// strace, writing its log into one installation.
pub(crate) struct Strace {
    log: PathBuf,
}

impl Strace {
    /// strace for searches of `splunk`; `None`, with the reason printed, where it cannot be had.
    pub(crate) fn new(splunk: &Splunk) -> Option<Self> {
        if let Some(reason) = reason_against() {
            let in_ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
            assert!(!in_ci || runner().is_some(), "{reason}");
            println!("skipped: {reason}");
            return None;
        }
        Some(Self {
            log: splunk.home().join("strace.log"),
        })
    }

    /// `search`, started under strace with these tampering expressions.
    pub(crate) fn over<'a>(&self, search: Search<'a>, injections: &[String]) -> Search<'a> {
        let log = self.log.to_str().expect("a path in UTF-8");
        let mut words = vec!["strace", "-y", "-o", log];
        for injection in injections {
            words.extend(["-e", injection]);
        }
        search.through(&words).probes(0).whole_writes()
    }

    /// The same, for a search with more than one thread; a call is then no longer known by its place.
    pub(crate) fn over_threads<'a>(&self, search: Search<'a>, injections: &[String]) -> Search<'a> {
        let mut search = self.over(search, injections);
        search.wrapper.insert(1, "-f".to_owned());
        search
    }

    /// What strace wrote about the last search.
    pub(crate) fn trace(&self) -> Trace {
        let text = fs::read(&self.log).expect("strace's log");
        let text = String::from_utf8_lossy(&text);
        let mut calls: Vec<Call> = Vec::new();
        for line in text.lines() {
            // With threads, each line begins with its thread's id.
            let line =
                line.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == ' ');
            let Some((name, arguments)) = line.split_once('(') else {
                continue;
            };
            if name.is_empty()
                || !name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            {
                continue;
            }
            calls.push(Call {
                nth: calls.iter().filter(|call| call.name == name).count() + 1,
                name: name.to_owned(),
                about: about(arguments),
                line: line.to_owned(),
            });
        }
        Trace(calls)
    }
}

/// Why strace is of no use here, if it is not.
fn reason_against() -> Option<String> {
    if runner().is_some() {
        return Some("strace would see the emulator's calls".to_owned());
    }
    let tried = Command::new("strace")
        .args(["-o", "/dev/null", "true"])
        .stdin(Stdio::null())
        .output();
    match tried {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(format!(
            "strace does not work here: {}",
            String::from_utf8_lossy(&output.stderr)
        )),
        Err(error) => Some(format!("strace cannot be started: {error}")),
    }
}

fn about(arguments: &str) -> About {
    let after: Option<&str> = arguments
        .split_once(&format!("/{HISTORY}"))
        .map(|(_, after)| after);
    match after {
        Some(after) if after.starts_with(".lock.tmp") => About::Lock,
        Some(after) if after.starts_with(".default") => About::Default,
        Some(after)
            if after
                .get(17..)
                .is_some_and(|after| after.starts_with(".tmp")) =>
        {
            About::Staged
        }
        Some(_) => About::History,
        None if arguments.contains("/lookups\"") || arguments.contains("/lookups>") => {
            About::Folder
        }
        None if arguments.contains("/dispatch/") => About::Dispatch,
        None => About::Other,
    }
}
