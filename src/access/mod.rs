//! One row of a search's results: the pairs it is about, when, and whether the access succeeded.
//!
//! The rules, in the order in which they are asked:
//!
//! ```text
//! time     _time; else firstTime/lastTime, earliest/latest or firstTimeSeen/lastTimeSeen (rows of stats and tstats)
//! pairs    the key fields: bucket_name, remote_ip and requester out of _raw where that is an S3 access log line, since
//!          an extraction may fail or be led astray, else and all others out of their columns; a multivalue field counts
//!          once a value; empty or "-" is no value
//! success  the status in _raw where that is an S3 access log line, else http_status; what is ambiguous, absent or no
//!          three-digit number is a success: an attacker who hides the status must not hide the access
//! count    1 where there is a _raw, which makes the row an event; else the count column where it is a whole number, else 1
//! ```

mod agreement;
mod columns;
mod field;
mod log_line;
mod row;
mod texts;

pub use agreement::{Agreement, Agreements, LINE_COLUMNS};
pub use columns::AccessColumns;
pub use log_line::LineColumns;
pub use row::{Access, MAX_PAIR_BYTES_PER_ROW, MAX_PAIRS_PER_ROW, Unusable};
pub use texts::PairTexts;

pub(crate) use row::{is_success, usable};
