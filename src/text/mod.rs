//! Bytes of text: found 64 at a time, made safe to show, read as times.

pub mod blocks;
pub mod escape;
pub mod timestamp;
