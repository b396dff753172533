//! What the search's dispatch folder says: the search's now() and time zone.
//!
//! ```text
//! now       column `now` of info.csv; else the epoch after `_at_` in a scheduled search's id; else the whole seconds in an
//!           ad hoc search's id; else the clock. Never from earliest or latest, which the user chooses.
//! zone      column `_tz` of info.csv; else the machine's.
//! cluster   column `is_shc_mode` of info.csv is 1 on a member of a search head cluster (recorded sessions have 0).
//! ```
//!
//! info.csv holds an authentication token: only the columns named here are read, and messages repeat nothing of it.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::reltime::Zone;
use crate::text::timestamp::Timestamp;

/// The most bytes of info.csv that are read: its second line ends long before. A longer second line is ignored, since it may
/// have been cut within a number.
pub const MAX_INFO_BYTES: u64 = 4 << 20;

/// What info.csv says.
#[derive(Debug, Default)]
pub struct JobInfo {
    /// The search's now(), in epoch seconds: more than 0.
    pub now: Option<i64>,
    /// The user's time zone.
    pub zone: Option<Zone>,
    /// Whether the search runs on a member of a search head cluster.
    pub in_cluster: bool,
}

impl JobInfo {
    /// Reads `<dispatch folder>/info.csv`. Where that is missing or cannot be read, nothing is known.
    pub fn read(dispatch_dir: Option<&Path>) -> Self {
        let file = dispatch_dir.and_then(|folder| File::open(folder.join("info.csv")).ok());
        file.map(|file| Self::parse(file.take(MAX_INFO_BYTES)))
            .unwrap_or_default()
    }

    /// Reads the text of an info.csv: a header and one row; what follows are messages.
    pub fn parse(text: impl Read) -> Self {
        let mut rows = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(text);
        let mut next = || {
            let mut row = csv::ByteRecord::new();
            rows.read_byte_record(&mut row)
                .is_ok_and(|found| found)
                .then_some(row)
        };
        let (Some(header), Some(row)) = (next(), next()) else {
            return Self::default();
        };
        if rows.position().byte() >= MAX_INFO_BYTES {
            return Self::default();
        }
        let cell = |name: &[u8]| {
            header
                .iter()
                .position(|column| column == name)
                .and_then(|at| row.get(at))
        };
        let zone = cell(b"_tz").and_then(|text| std::str::from_utf8(text).ok());
        Self {
            now: cell(b"now")
                .and_then(Timestamp::parse)
                .map(Timestamp::seconds)
                // Before 1970 there were no searches: the column is there and says nothing.
                .filter(|now| *now > 0),
            zone: zone.and_then(Zone::from_splunk),
            in_cluster: matches!(cell(b"is_shc_mode"), Some(b"1" | b"true")),
        }
    }

    /// The search's now(), in epoch seconds; `clock` is the time of the machine's clock.
    pub fn now(&self, sid: &str, clock: i64) -> i64 {
        self.now
            .or_else(|| scheduled(sid))
            .or_else(|| ad_hoc(sid))
            .unwrap_or(clock)
    }

    /// The zone for snapping to days and longer: the user's, else the one that `machine` returns.
    pub fn zone(&self, machine: impl FnOnce() -> Zone) -> Zone {
        self.zone.clone().unwrap_or_else(machine)
    }
}

/// `scheduler__<owner>__<app>__RMD5<hash>_at_<epoch>_<n>`, also after other words, as in `rt_scheduler__…`. The last `_at_`
/// counts, because an owner's name may have one.
fn scheduled(sid: &str) -> Option<i64> {
    let (_, scheduled) = sid.split_once("scheduler__")?;
    let (_, after) = scheduled.rsplit_once("_at_")?;
    let (digits, _) = after.split_once('_')?;
    epoch(digits)
}

/// `<epoch>.<n>`, and the same after other words: `subsearch_…`, `<owner>__<owner>__<app>__<name>_<epoch>.<n>`.
fn ad_hoc(sid: &str) -> Option<i64> {
    sid.split('_').rev().find_map(|part| {
        let (digits, number) = part.split_once('.')?;
        let numbered = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        epoch(digits).filter(|_| numbered)
    })
}

/// 9 to 11 digits: from 1973 to the year 5138.
fn epoch(digits: &str) -> Option<i64> {
    let plain =
        (9..=11).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn now_comes_from_the_best_source_there_is() {
        let cases = [
            (Some(1_700_000_000), "1599172248.26", 1_700_000_000),
            (None, "1599172248.26", 1_599_172_248),
            (
                None,
                "1469214000.37_6A1F8E3B-0000-0000-0000-000000000000",
                1_469_214_000,
            ),
            (
                None,
                "scheduler__nobody__search__RMD5aaaabbbbccccdddd_at_1300937100_17",
                1_300_937_100,
            ),
            (
                None,
                "scheduler__nobody__search__RMD5aaaabbbbccccdddd_at_1300937100_17_6A1F8E3B",
                1_300_937_100,
            ),
            (
                None,
                "scheduler__x_at_1111111111_y__search__RMD5aa_at_1300937100_17",
                1_300_937_100,
            ),
            (
                None,
                "admin__admin__search__report1_1347454406.2",
                1_347_454_406,
            ),
            (None, "subsearch_1347457148.46_1347457149.1", 1_347_457_149),
            (None, "searchparsetmp_12", 42),
            (None, "scheduler___at_99999999999999999999_1", 42),
            (
                None,
                "rt_scheduler__admin__search__RMD5aa_at_1469464020_37.0",
                1_469_464_020,
            ),
            (
                None,
                "admin__admin__search__logins_at_1234567890_v2_1700000000.2",
                1_700_000_000,
            ),
            (None, "1599172248.x", 42),
            (None, "", 42),
        ];
        for (now, sid, expected) in cases {
            let info = JobInfo {
                now,
                ..JobInfo::default()
            };
            assert_eq!(info.now(sid, 42), expected, "{sid:?}");
        }
    }

    #[test]
    fn info_is_found_by_column_name_and_the_rest_is_not_believed() {
        let info = |text: &str| JobInfo::parse(text.as_bytes());
        assert_eq!(
            info("_sid,now,_tz\n1.2,1433261392.000000000,\n,,,DEBUG,\"x\ny\"\n").now,
            Some(1_433_261_392)
        );
        assert!(info("now,is_shc_mode\n1,1\n").in_cluster);
        assert!(!info("now,is_shc_mode\n1,0\n").in_cluster);
        for nothing in ["NaN", "0", "0.000000000", "-1"] {
            assert_eq!(info(&format!("now\n{nothing}\n")).now, None, "{nothing}");
        }
        assert_eq!(info("now\n").now, None);
        assert_eq!(info("").now, None);
        assert_eq!(info("a,b\n\"unterminated").now, None);
    }
}
