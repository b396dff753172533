//! A part of a file, read without moving the place at which others read the same open file.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

use super::system::uninterrupted;

/// The bytes of a file from one place to another.
#[derive(Debug)]
pub(super) struct Part<'a> {
    file: &'a File,
    at: u64,
    until: u64,
}

impl<'a> Part<'a> {
    /// The bytes `from..until` of `file`.
    pub(super) fn new(file: &'a File, from: u64, until: u64) -> Self {
        Self {
            file,
            at: from,
            until,
        }
    }
}

impl Read for Part<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.until - self.at).unwrap_or(usize::MAX);
        let length = left.min(out.len());
        let out = out.get_mut(..length).unwrap_or_default();
        let count = uninterrupted(|| self.file.read_at(out, self.at))?;
        if count == 0 && length > 0 {
            let shorter = "it became shorter while it was read";
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, shorter));
        }
        self.at += count as u64;
        Ok(count)
    }
}
