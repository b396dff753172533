//! splunkd's side of a conversation, step by step.

use super::dice::Dice;
use super::frames::{Reply, frame};
use super::process::{Ended, Process};
use super::search::Search;
use std::fs;

/// A running search: what is said to it, and what it answers.
pub(crate) struct Conversation {
    /// The process, for whatever is not a plain exchange.
    pub(crate) process: Process,
    getinfo: Vec<u8>,
    dice: Dice,
    whole_writes: bool,
}

impl Conversation {
    /// Makes the dispatch folder and starts the process.
    pub(crate) fn start(search: &Search<'_>) -> Self {
        let folder = search.dispatch.as_ref().map(|info| {
            let folder = search.splunk.dispatch_folder(&search.sid);
            match info {
                Some(info) => info.write(&folder, &search.sid),
                None => _ = fs::remove_file(folder.join("info.csv")),
            }
            folder
        });
        let folder = folder.as_deref().and_then(|folder| folder.to_str());
        Self::with_getinfo(search, &search.getinfo_metadata(folder))
    }

    /// Starts the process, to be asked with other metadata.
    pub(crate) fn with_getinfo(search: &Search<'_>, metadata: &str) -> Self {
        Self {
            process: Process::start(search),
            getinfo: frame(metadata, b""),
            dice: Dice::new(search.seed),
            whole_writes: search.whole_writes,
        }
    }

    /// The bytes of the getinfo request.
    pub(crate) fn getinfo_frame(&self) -> &[u8] {
        &self.getinfo
    }

    /// Sends getinfo and reads the reply.
    pub(crate) fn getinfo(&mut self) -> Reply {
        let request = self.getinfo.clone();
        self.ask(&request)
    }

    /// Sends one execute request and reads the reply.
    pub(crate) fn execute(&mut self, body: &[u8], finished: bool) -> Reply {
        self.ask(&execute_frame(body, finished))
    }

    /// Sends one request, whole or in pieces, and reads one reply.
    pub(crate) fn ask(&mut self, request: &[u8]) -> Reply {
        if !self.send(request) {
            self.process
                .fail("the command stopped reading within a request");
        }
        self.process.reply()
    }

    /// Sends bytes, whole or in pieces. False where the command no longer reads.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> bool {
        if self.whole_writes {
            self.process.send(bytes)
        } else {
            self.process.send_in_pieces(bytes, &mut self.dice)
        }
    }

    /// Ends the input and waits for the end of the process.
    pub(crate) fn hang_up(mut self) -> Ended {
        self.process.close_input();
        self.process.wait()
    }
}

/// The bytes of an execute request.
pub(crate) fn execute_frame(body: &[u8], finished: bool) -> Vec<u8> {
    frame(
        &format!(r#"{{"action":"execute","finished":{finished}}}"#),
        body,
    )
}
