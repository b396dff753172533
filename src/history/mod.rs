//! The lookup file that remembers every pair: read as a stream, merged, published.
//!
//! Invariants:
//! - The file is never loaded: memory does not grow with it.
//! - A file that is not a table of pairs and times is never overwritten.
//! - A byte that no sighting changes stays as it is; the order of rows and columns stays.
//! - Merging is min of first times and max of last times, so neither order nor repetition of merges matters.
//! - A reader finds the old file or the new one, never a mixture, never none.
//!
//! ```text
//! bucket_name,remote_ip,firstTime,lastTime             any order, more columns, other spellings of the times
//! billing,192.0.2.7,1433261392,1433347792
//! ```
//!
//! A file uses only files above it in this list:
//!
//! ```text
//! system      system calls again after a signal; paths in messages
//! part        a part of a file, read without moving its place
//! layout      where the columns are, and how a row is changed
//! row         what a row must be to be believed
//! source      the lookup or its .default, opened; whether it has changed since
//! table       the first line
//! block       rows that follow each other, read and checked
//! stream      all blocks in order, read by two threads
//! writer      a large file, written and flushed by threads
//! stage       the new file
//! lock        one writer at a time
//! lookup      History: which file, which key fields; reading it
//! merge       the history streams past the sightings, into the new file or into none
//! route       how the new file gets into the lookup's place
//! publisher   lock, merge, replace, confirm
//! ```

mod block;
mod layout;
mod lock;
mod lookup;
mod merge;
mod part;
mod publisher;
mod route;
mod row;
mod source;
mod stage;
mod stream;
mod system;
mod table;
mod writer;

pub use block::{KeyFilter, Row, RowBatch};
pub use lock::LOCK_WAIT;
pub use lookup::{History, Pass};
pub use merge::{Merged, compare};
pub use publisher::{Publication, PublishError, Publisher};
pub use route::{Failure, FileRoute, Replacement, Route};
pub use stage::Stage;
