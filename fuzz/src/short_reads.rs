//! A stream that returns few bytes at a time.

use std::io::{self, Read};

/// Returns its bytes in reads of 1 to 64 bytes, sometimes of any size. The sizes depend on a seed.
pub(super) struct ShortReads {
    bytes: Vec<u8>,
    at: usize,
    state: u32,
}

impl ShortReads {
    pub(super) fn new(bytes: &[u8], seed: u8) -> Self {
        Self {
            bytes: bytes.to_vec(),
            at: 0,
            state: u32::from(seed) * 2 + 1,
        }
    }

    fn length(&mut self) -> usize {
        self.state = self.state.wrapping_mul(747_796_405).wrapping_add(1);
        match self.state >> 24 {
            0..=200 => 1 + (self.state >> 16 & 63) as usize,
            _ => usize::MAX,
        }
    }
}

impl Read for ShortReads {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let length = self.length();
        let left = &self.bytes[self.at..];
        let count = length.min(left.len()).min(out.len());
        out[..count].copy_from_slice(&left[..count]);
        self.at += count;
        Ok(count)
    }
}
