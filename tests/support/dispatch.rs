//! A search's dispatch folder and the `info.csv` that splunkd writes in it.
//!
//! Row 1 names the columns, row 2 holds the values, later rows carry only messages. The columns and their order are
//! those of recorded sessions; `now` has nine digits after the point.

use super::splunk_csv::write_record;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The columns of `info.csv`, with the value of an ordinary ad hoc search on a single search head.
const COLUMNS: &[(&str, &str)] = &[
    ("_sid", ""),
    ("_timestamp", ""),
    ("now", ""),
    ("_search_StartTime", ""),
    ("_rt_earliest", ""),
    ("_rt_latest", ""),
    ("_rtspan", ""),
    ("_scan_count", "0"),
    ("_drop_count", "0"),
    ("_maxevents", "0"),
    (
        "_countMap",
        "duration.dispatch.writeStatus;2;invocations.dispatch.writeStatus;1;",
    ),
    ("_search_StartUp_Spent", "0"),
    ("_columnOrder", ""),
    ("_keySet", ""),
    ("_remoteServers", ""),
    ("is_remote_sorted", "0"),
    ("rt_backfill", "0"),
    ("read_raw", "1"),
    ("enable_event_stream", "1"),
    ("_rtoptions", ""),
    ("_query_finished", "1"),
    ("_request_finalization", "0"),
    ("_auth_token", "token-that-must-never-be-shown"),
    ("_splunkd_port", "8089"),
    ("_splunkd_protocol", "https"),
    ("_splunkd_uri", "https://127.0.0.1:8089"),
    ("internal_only", "0"),
    ("summary_mode", "all"),
    ("is_batch_mode", "0"),
    (
        "kv_store_settings",
        "hosts;127.0.0.1:8191\\;;local;127.0.0.1:8191;status;ready;",
    ),
    ("_root_sid", ""),
    ("_search", ""),
    ("generation_id", "0"),
    ("label", ""),
    ("is_saved_search", "0"),
    ("is_shc_mode", "0"),
    ("search_can_be_event_type", "0"),
    ("realtime", "0"),
    ("_ppc.app", "search"),
    ("_ppc.user", "admin"),
    ("_bundle_version", "0"),
    ("_tz", ""),
    ("_is_scheduled", "0"),
    ("_is_summary_index", "0"),
    ("_is_remote", "0"),
    ("_orig_search_head", ""),
    ("msgType", ""),
    ("msg", ""),
    (
        "_search_metrics",
        r#"{"ConsideredBuckets":0,"EliminatedBuckets":0}"#,
    ),
    ("_bs_thread_count", "1"),
    ("_bs_thread_id", "0"),
];

/// What a search's `info.csv` says.
#[derive(Clone, Debug, Default)]
pub(crate) struct InfoCsv(BTreeMap<String, String>);

impl InfoCsv {
    /// The file of a search whose now() is `now` (epoch seconds).
    pub(crate) fn at(now: i64) -> Self {
        let start = format!("{now}.934936000");
        Self::default()
            .set("now", &format!("{now}.000000000"))
            .set("_timestamp", &start)
            .set("_search_StartTime", &start)
    }

    /// Sets one of the known columns.
    pub(crate) fn set(mut self, column: &str, value: &str) -> Self {
        assert!(
            COLUMNS.iter().any(|(known, _)| *known == column),
            "{column} is no column of info.csv"
        );
        self.0.insert(column.to_owned(), value.to_owned());
        self
    }

    /// Writes the file into the dispatch folder `folder`, for the search `sid`.
    pub(crate) fn write(&self, folder: &Path, sid: &str) {
        let value = |&(column, usual): &(&str, &str)| match column {
            "_sid" => sid.to_owned(),
            _ => self.0.get(column).map_or(usual, String::as_str).to_owned(),
        };
        let message = |&(column, _): &(&str, &str)| match column {
            "msgType" => "DEBUG".to_owned(),
            "msg" => "search context: user=\"admin\", app=\"search\"".to_owned(),
            _ => String::new(),
        };
        let mut text = Vec::new();
        write_record(
            &mut text,
            COLUMNS.iter().map(|(column, _)| column.as_bytes().to_vec()),
        );
        write_record(
            &mut text,
            COLUMNS.iter().map(|entry| value(entry).into_bytes()),
        );
        write_record(
            &mut text,
            COLUMNS.iter().map(|entry| message(entry).into_bytes()),
        );
        fs::write(folder.join("info.csv"), text).expect("info.csv is written");
    }
}
