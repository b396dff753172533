//! Keyed hashes in place of texts: without the key, texts with the same hash cannot be aimed at.

use siphasher::sip::SipHasher13;

use super::{Candidate, Row};
use crate::network::Networks;

/// The hashes of one access.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keys {
    pub(super) bucket: u64,
    pub(super) requester: u64,
    pub(super) narrow: u64,
    pub(super) wide: u64,
}

impl Keys {
    /// Whether the requester has a row in this bucket.
    pub(super) fn in_bucket(&self) -> u64 {
        joint(self.requester, 1, self.bucket)
    }

    /// Whether it has a row from this narrow network.
    pub(super) fn in_narrow(&self) -> u64 {
        joint(self.requester, 22, self.narrow)
    }

    /// Whether it has a row from this wide network.
    pub(super) fn in_wide(&self) -> u64 {
        joint(self.requester, 43, self.wide)
    }
}

/// A hash of two hashes; `turn` tells apart what the second one is of.
fn joint(requester: u64, turn: u32, other: u64) -> u64 {
    requester.rotate_left(turn) ^ other
}

/// Makes keys of texts; remembers the last ones, since a history's rows come in runs of one bucket, often of one requester.
#[derive(Debug)]
pub(super) struct Hasher {
    sip: SipHasher13,
    bucket: Last,
    requester: Last,
}

impl Hasher {
    pub(super) fn new(seed: &[u8; 16]) -> Self {
        let sip = SipHasher13::new_with_key(seed);
        let last = Last {
            text: Vec::new(),
            key: sip.hash(b""),
        };
        Self {
            sip,
            bucket: last.clone(),
            requester: last,
        }
    }

    pub(super) fn candidate(&self, candidate: &Candidate<'_>) -> Keys {
        let (narrow, wide) = self.networks(candidate.address);
        Keys {
            bucket: self.sip.hash(candidate.bucket),
            requester: self.sip.hash(candidate.principal),
            narrow,
            wide,
        }
    }

    /// The keys of a row's bucket and of its requester.
    #[inline]
    pub(super) fn row(&mut self, row: &Row<'_>) -> (u64, u64) {
        let bucket = self.bucket.key(row.bucket, &self.sip);
        (bucket, self.requester.key(row.principal, &self.sip))
    }

    /// The keys of the narrow and the wide network of an address.
    #[inline]
    pub(super) fn networks(&self, address: &[u8]) -> (u64, u64) {
        let Networks { narrow, wide } = Networks::of(address);
        (narrow.hash(&self.sip), wide.hash(&self.sip))
    }
}

/// The last text and its key.
#[derive(Debug, Clone)]
struct Last {
    text: Vec<u8>,
    key: u64,
}

impl Last {
    #[inline]
    fn key(&mut self, text: &[u8], sip: &SipHasher13) -> u64 {
        if self.text != text {
            self.text.clear();
            self.text.extend_from_slice(text);
            self.key = sip.hash(text);
        }
        self.key
    }
}
