//! A stream that is cut into reads.

use std::io::{self, Read};

/// Hands out its bytes in reads of 1 to 64 bytes, now and then of any size, as a seed has it.
pub(super) struct Pieces {
    bytes: Vec<u8>,
    at: usize,
    state: u32,
}

impl Pieces {
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

impl Read for Pieces {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let length = self.length();
        let left = &self.bytes[self.at..];
        let count = length.min(left.len()).min(out.len());
        out[..count].copy_from_slice(&left[..count]);
        self.at += count;
        Ok(count)
    }
}
