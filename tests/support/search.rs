//! One search with the command in it: what splunkd knows of it, the rows that reach it, and how it is run.

use super::arguments::Arguments;
use super::conversation::Conversation;
use super::cut::Part;
use super::dispatch::InfoCsv;
use super::frames::Reply;
use super::outcome::Outcome;
use super::row::Row;
use super::splunk_csv::body_of;
use super::splunk_home::Splunk;
use super::splunkd::Management;
use serde_json::{Value, json};

/// The now() of a search that says nothing else: 2023-11-14T22:13:20Z.
pub(crate) const NOW: i64 = 1_700_000_000;

/// The session key that splunkd hands over; it must never be seen again.
pub(crate) const SESSION_KEY: &str = "session-key-that-must-never-be-shown";

/// A search that has not started yet. Every method changes one thing; `run` runs it.
#[derive(Clone)]
pub(crate) struct Search<'a> {
    pub(crate) splunk: &'a Splunk,
    pub(crate) parts: Vec<Part>,
    pub(crate) seed: u64,
    pub(crate) probes: usize,
    pub(crate) whole_writes: bool,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) wrapper: Vec<String>,
    pub(crate) user: Option<u32>,
    pub(crate) dispatch: Option<Option<InfoCsv>>,
    pub(crate) sid: String,
    arguments: Arguments,
    command_line: String,
    preview: bool,
    searchinfo: Vec<(String, Option<Value>)>,
    metadata: Vec<(String, Option<Value>)>,
}

impl<'a> Search<'a> {
    pub(crate) fn new(splunk: &'a Splunk, arguments: &str) -> Self {
        Self {
            splunk,
            parts: Vec::new(),
            seed: 1,
            probes: 1,
            whole_writes: false,
            environment: Vec::new(),
            wrapper: Vec::new(),
            user: None,
            dispatch: Some(Some(InfoCsv::at(NOW))),
            sid: format!("{NOW}.{}", splunk.next_search()),
            arguments: Arguments::parse(arguments),
            command_line: format!("search sourcetype=aws:s3:accesslogs | s3newip {arguments}"),
            preview: false,
            searchinfo: Vec::new(),
            metadata: Vec::new(),
        }
    }

    /// Gives the arguments one by one, as splunkd would hand them over.
    pub(crate) fn args(mut self, args: &[&str]) -> Self {
        self.arguments = Arguments::exactly(args);
        self
    }

    /// Adds rows; they are cut into chunks of varying sizes.
    pub(crate) fn events(mut self, rows: &[Row]) -> Self {
        self.parts.push(Part::Rows(rows.to_vec()));
        self
    }

    /// Adds one chunk that holds exactly these rows.
    pub(crate) fn chunk(self, rows: &[Row]) -> Self {
        let body = body_of(rows);
        self.body(body)
    }

    /// Adds one chunk with exactly this body.
    pub(crate) fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.parts.push(Part::Body(body.as_ref().to_vec()));
        self
    }

    /// Sets the search's now(), in info.csv and in the search's id.
    pub(crate) fn now(mut self, now: i64) -> Self {
        self.dispatch = Some(Some(InfoCsv::at(now)));
        self.sid = format!("{now}.{}", self.splunk.next_search());
        self
    }

    /// Sets what info.csv says.
    pub(crate) fn info_csv(mut self, info: InfoCsv) -> Self {
        self.dispatch = Some(Some(info));
        self
    }

    /// A dispatch folder without an info.csv, as on an indexer.
    pub(crate) fn without_info_csv(mut self) -> Self {
        self.dispatch = Some(None);
        self
    }

    /// No dispatch folder at all.
    pub(crate) fn without_dispatch_folder(mut self) -> Self {
        self.dispatch = None;
        self
    }

    /// Sets the search's id.
    pub(crate) fn sid(mut self, sid: &str) -> Self {
        sid.clone_into(&mut self.sid);
        self
    }

    /// Runs for a preview of the results.
    pub(crate) fn preview(mut self) -> Self {
        self.preview = true;
        self
    }

    /// Sets a key of searchinfo, known or not.
    pub(crate) fn searchinfo(mut self, key: &str, value: Value) -> Self {
        self.searchinfo.push((key.to_owned(), Some(value)));
        self
    }

    /// Says that splunkd's management port is this one.
    pub(crate) fn splunkd(self, port: &Management) -> Self {
        self.searchinfo("splunkd_uri", json!(port.uri()))
    }

    /// Runs on a member of a search head cluster.
    pub(crate) fn in_cluster(self) -> Self {
        self.info_csv(InfoCsv::at(NOW).set("is_shc_mode", "1"))
    }

    /// Leaves a key of searchinfo out.
    pub(crate) fn without_searchinfo(mut self, key: &str) -> Self {
        self.searchinfo.push((key.to_owned(), None));
        self
    }

    /// Sets a key beside `action` and `searchinfo`.
    pub(crate) fn metadata(mut self, key: &str, value: Value) -> Self {
        self.metadata.push((key.to_owned(), Some(value)));
        self
    }

    /// Leaves out a key beside `searchinfo`, or `searchinfo` itself.
    pub(crate) fn without_metadata(mut self, key: &str) -> Self {
        self.metadata.push((key.to_owned(), None));
        self
    }

    /// Sets an environment variable of the process (`TZ` is `UTC` unless set).
    pub(crate) fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts the command through another program, whose arguments end with the command.
    pub(crate) fn through(mut self, wrapper: &[&str]) -> Self {
        self.wrapper = wrapper.iter().map(|part| (*part).to_owned()).collect();
        self
    }

    /// Starts the command as another user; only root can.
    pub(crate) fn user(mut self, user: u32) -> Self {
        self.user = Some(user);
        self
    }

    /// Another seed: other chunks, other pieces on the pipe.
    pub(crate) fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// How many probe processes run before the search; one unless set.
    pub(crate) fn probes(mut self, probes: usize) -> Self {
        self.probes = probes;
        self
    }

    /// Writes every chunk at once.
    pub(crate) fn whole_writes(mut self) -> Self {
        self.whole_writes = true;
        self
    }

    /// Runs the probes, then the whole search, and checks every rule of the protocol on the way.
    pub(crate) fn run(self) -> Outcome {
        super::run::run(&self)
    }

    /// Runs only a probe process, as splunkd does while it parses the search: getinfo, then the end of the input.
    pub(crate) fn probe(&self, number: usize) -> Reply {
        super::run::probe(self, number)
    }

    /// Starts the search's process without saying a word to it; no probes.
    pub(crate) fn start(&self) -> Conversation {
        Conversation::start(self)
    }

    /// The metadata of getinfo, with `dispatch_dir` if there is one.
    pub(crate) fn getinfo_metadata(&self, dispatch_dir: Option<&str>) -> String {
        let mut searchinfo = json!({
            "args": self.arguments.args, "raw_args": self.arguments.raw_args, "sid": self.sid,
            "app": "search", "owner": "admin", "username": "admin", "session_key": SESSION_KEY,
            "splunkd_uri": "https://127.0.0.1:8089", "splunk_version": "9.4.0",
            "search": percent_encoded(&self.command_line), "command": "s3newip",
            "maxresultrows": 50_000, "earliest_time": "0", "latest_time": "0",
        });
        if let Some(folder) = dispatch_dir {
            searchinfo["dispatch_dir"] = json!(folder);
        }
        change(&mut searchinfo, &self.searchinfo);
        let mut metadata = json!({
            "action": "getinfo", "preview": self.preview, "streaming_command_will_restart": false,
            "searchinfo": searchinfo,
        });
        change(&mut metadata, &self.metadata);
        metadata.to_string()
    }
}

fn change(object: &mut Value, changes: &[(String, Option<Value>)]) {
    let object = object.as_object_mut().expect("an object");
    for (key, value) in changes {
        match value {
            Some(value) => object.insert(key.clone(), value.clone()),
            None => object.remove(key),
        };
    }
}

fn percent_encoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}
