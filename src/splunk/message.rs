//! The metadata of the protocol's frames, in both directions.
//!
//! Unknown keys are ignored and every key but `action` may be missing: splunkd's versions differ, and its probe
//! processes get less (recorded sessions; .conf21 DEV1387B, slides 16 to 27).

use std::path::PathBuf;

use serde::de::Error as _;
use serde::{Deserialize, Serialize};

use crate::splunk::session_key::{self, SessionKey};

/// A request of splunkd.
#[derive(Debug, Deserialize)]
#[serde(expecting = "an object with an action")]
pub struct Request {
    /// `getinfo` or `execute`.
    pub action: String,
    /// Whether the run serves a preview.
    #[serde(default)]
    preview: Option<bool>,
    /// Whether no more rows follow.
    #[serde(default)]
    finished: Option<bool>,
    /// About the search; in getinfo.
    #[serde(default)]
    searchinfo: Option<SearchInfo>,
}

impl Request {
    /// Reads a frame's metadata.
    ///
    /// # Errors
    /// The metadata is not a JSON object with an action.
    pub fn parse(metadata: &[u8]) -> Result<Self, serde_json::Error> {
        // serde's derived code also accepts a list of the values.
        if metadata.trim_ascii_start().starts_with(b"[") {
            return Err(serde_json::Error::custom(
                "expected an object, found a list",
            ));
        }
        serde_json::from_slice(metadata)
    }

    /// Whether the run serves a preview.
    pub fn preview(&self) -> bool {
        self.preview.unwrap_or(false)
    }

    /// Whether no more rows follow.
    pub fn finished(&self) -> bool {
        self.finished.unwrap_or(false)
    }

    /// About the search.
    pub fn into_search_info(self) -> SearchInfo {
        self.searchinfo.unwrap_or_default()
    }
}

/// What getinfo says about the search, as far as the command uses it.
#[derive(Debug, Default, Deserialize)]
#[serde(expecting = "an object about the search")]
pub struct SearchInfo {
    /// The command's arguments, outer quotes removed.
    #[serde(default)]
    args: Option<Vec<String>>,
    /// The search's dispatch folder.
    #[serde(default)]
    dispatch_dir: Option<String>,
    /// The search's id.
    #[serde(default)]
    sid: Option<String>,
    /// Where splunkd's REST interface is.
    #[serde(default)]
    splunkd_uri: Option<String>,
    /// What lets the process act as the search's user there.
    #[serde(default, deserialize_with = "session_key::deserialize")]
    session_key: Option<SessionKey>,
}

impl SearchInfo {
    /// The command's arguments, outer quotes removed.
    pub fn args(&self) -> &[String] {
        self.args.as_deref().unwrap_or_default()
    }

    /// The search's dispatch folder, where splunkd names one.
    pub fn dispatch_dir(&self) -> Option<PathBuf> {
        self.dispatch_dir
            .as_ref()
            .filter(|folder| !folder.is_empty())
            .map(PathBuf::from)
    }

    /// The search's id; empty where splunkd does not name it.
    pub fn sid(&self) -> &str {
        self.sid.as_deref().unwrap_or_default()
    }

    /// Where splunkd's REST interface is; empty where splunkd does not say.
    pub fn splunkd_uri(&self) -> &str {
        self.splunkd_uri.as_deref().unwrap_or_default()
    }

    /// What lets the process act as the search's user there, where splunkd hands it over.
    pub fn into_session_key(self) -> Option<SessionKey> {
        self.session_key
    }
}

/// A reply of the command. The keys are written in this order: with `error` before `inspector`, splunkd loses the
/// messages (Splunk's Machine Learning Toolkit, `cexc.py`).
#[derive(Debug, Default, Serialize)]
pub struct Reply {
    /// The type of the command; in the reply to getinfo.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<CommandType>,
    /// The fields that the command reads; in the reply to getinfo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required_fields: Option<Vec<String>>,
    /// Messages for the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inspector: Option<Inspector>,
    /// Whether this is the last reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished: Option<bool>,
    /// The error that makes the search fail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// The type of a command: where it runs and what it returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CommandType {
    /// On the search head, over all rows, and returns events.
    Events,
    /// On the search head, over all rows, and returns a table.
    Reporting,
}

/// The part of a reply that the job inspector shows.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Inspector {
    /// The messages, with their levels.
    pub messages: Vec<(Level, String)>,
}

/// The level of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// Shown in the job inspector.
    Info,
    /// Shown as a yellow banner.
    Warn,
    /// Shown as a red banner; the search goes on.
    Error,
}

impl Reply {
    /// The reply as JSON.
    pub fn to_json(&self) -> Vec<u8> {
        // Cannot fail: strings, booleans and lists of them have a JSON form.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_keys_are_ignored_and_missing_ones_tolerated() {
        let request = Request::parse(
            br#"{"action":"getinfo","new_in_11":{"a":[1]},"preview":null,"searchinfo":{"args":["a=b"],"earliest_time":0,"sid":""}}"#,
        )
        .unwrap();
        assert!(!request.preview());
        let info = request.into_search_info();
        assert_eq!(info.args(), ["a=b"]);
        assert_eq!((info.dispatch_dir(), info.sid()), (None, ""));
        let bare = Request::parse(br#"{"action":"execute"}"#).unwrap();
        assert!(!bare.finished());
    }

    #[test]
    fn a_list_is_no_request() {
        for metadata in [r#"["execute",true,true,null]"#, " [\"execute\"]", "[]"] {
            assert!(Request::parse(metadata.as_bytes()).is_err(), "{metadata}");
        }
    }

    #[test]
    fn messages_stand_before_the_error() {
        let reply = Reply {
            inspector: Some(Inspector {
                messages: vec![(Level::Warn, "w \"q\"".into())],
            }),
            finished: Some(true),
            error: Some("e".into()),
            ..Reply::default()
        };
        assert_eq!(
            String::from_utf8(reply.to_json()).unwrap(),
            r#"{"inspector":{"messages":[["WARN","w \"q\""]]},"finished":true,"error":"e"}"#
        );
    }
}
