//! CSV as Splunk writes it, handled as bytes: records are not copied, and a cell is decoded only when it is read.
//!
//! Invariants: no byte of a record is changed by passing through; text that is not well-formed CSV is an error with a
//! place, never a guess (the `csv` crate takes the rest of a file for the cell whose closing quote is missing); the
//! result does not depend on how the stream was cut into reads.
//!
//! ```text
//! record   = cell *( "," cell ) ( LF | CR LF | end of input )
//! cell     = plain | quoted
//! plain    = bytes without comma and LF; a quote is an ordinary byte where it is not the first
//! quoted   = DQUOTE *( any byte but DQUOTE | DQUOTE DQUOTE ) DQUOTE
//! ```
//!
//! splunkd ends rows with LF and quotes every cell that holds anything but letters and digits (recorded sessions of Splunk
//! 6.3 to 8.2). Lookup files may come from any program and may have CR LF.

mod cell;
mod error;
mod find;
mod header;
mod index;
mod multivalue;
mod reader;
mod record;
mod regular;

pub use cell::{decoded, push_cell};
pub use error::{MAX_RECORD_BYTES, ReadError};
pub use header::Header;
pub use multivalue::multivalues;
pub use reader::RecordReader;
pub use record::{LocatedRecord, Record};

pub(crate) use cell::{encode_record, is_space_padded, strip_quotes};
pub(crate) use index::RecordIndex;
pub(crate) use multivalue::MULTIVALUE_PREFIX;
pub(crate) use reader::RecordBuffer;
pub(crate) use record::cell_end;
