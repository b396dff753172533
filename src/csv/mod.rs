//! CSV as Splunk writes it, handled as bytes: records are found, not copied; cells are decoded when somebody asks.
//!
//! Invariants: no byte of a record is changed by passing through; text that is not well-formed CSV is an error with a
//! place, never a guess (the `csv` crate would let an unterminated quote swallow the rest of a file); the result does
//! not depend on how the stream was cut into reads.
//!
//! ```text
//! record   = cell *( "," cell ) ( LF | CR LF | end of input )
//! cell     = plain | quoted
//! plain    = bytes without comma and LF; a quote is an ordinary byte where it is not the first
//! quoted   = DQUOTE *( any byte but DQUOTE | DQUOTE DQUOTE ) DQUOTE
//! ```
//!
//! splunkd ends rows with LF and quotes every cell that holds anything but letters and digits (seen in recorded
//! sessions of Splunk 6.3 to 8.2); lookup files may come from anywhere and may have CR LF.

mod cell;
mod header;
mod index;
mod multivalue;
mod reader;
mod record;
mod regular;
mod skip;

pub use cell::{decoded, has_outer_space, push_cell, quoted, record_of};
pub use header::Header;
pub use index::RecordIndex;
pub use multivalue::{MULTIVALUE_PREFIX, multivalues};
pub use reader::{Located, MAX_RECORD_BYTES, ReadError, RecordReader, Records, fill};
pub use record::{Record, Scanned, cell_end, scan};
