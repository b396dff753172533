//! Bytes of text: searched 64 at a time, escaped, read and written as times.

pub(crate) mod blocks;
pub mod escape;
pub mod timestamp;
