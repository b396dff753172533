//! A pair: the values of the key fields, (bucket_name, remote_ip) unless `by` says otherwise.
//!
//! Invariants: values that are IP addresses are in canonical form (RFC 5952; an IPv4-mapped IPv6 address is its IPv4
//! address), so that one host has one spelling; two different pairs never have the same text; an attacker cannot
//! construct two pairs with the same key, because the hash has a random key for each process.
//!
//! ```text
//! text  = 1*( cell "," )              CSV cells, quoted only where they must be, as in nearly all rows of a history
//! key   = SipHash-1-3 (128 bits) of the text
//! ```

use std::borrow::Cow;
use std::net::{IpAddr, Ipv6Addr};

use siphasher::sip128::SipHasher13;

use crate::csv::{cell_end, decoded, is_space_padded, push_cell};

/// The most key fields that `by` may name.
pub const MAX_KEY_FIELDS: usize = 5;

/// Whether a key field has a value: neither empty nor `-`, which stands for a missing value in the log.
#[inline]
pub(crate) fn is_value(value: &[u8]) -> bool {
    !matches!(value, b"" | b"-")
}

/// Appends one value to a pair's text, in canonical form where it is an IP address.
pub fn push_value(text: &mut Vec<u8>, value: &[u8]) {
    match canonical_ip(value) {
        None => push_cell(text, value),
        Some(address) => text.extend_from_slice(address.to_string().as_bytes()),
    }
    text.push(b',');
}

/// Whether a raw cell without quotes and CR, and the comma after it, are what [`push_value`] appends for its value.
#[inline]
pub(crate) fn is_canonical(cell: &[u8]) -> bool {
    !is_space_padded(cell) && canonical_ip(cell).is_none()
}

/// The address that `value` spells; `None` where `value` is not an address, or has its canonical form. IPv4 is not looked at:
/// the dotted form that `std` accepts (no leading zeros) has one spelling.
#[inline]
fn canonical_ip(value: &[u8]) -> Option<IpAddr> {
    // A group has at most four digits, so an IPv6 address has a colon among its first five characters.
    let start = value.first_chunk::<5>().map_or(value, |start| start);
    if start.contains(&b':') {
        canonical_ipv6(value)
    } else {
        None
    }
}

#[inline(never)]
fn canonical_ipv6(value: &[u8]) -> Option<IpAddr> {
    if looks_canonical(value) {
        return None;
    }
    let address: Ipv6Addr = std::str::from_utf8(value).ok()?.parse().ok()?;
    Some(address.to_canonical())
}

/// Whether a text, if it is an IPv6 address, has its canonical form for certain. Nearly all in a history do: no capitals, no
/// leading zeros, and no zero group beside another or beside a "::", which stands for two groups or more. Then RFC 5952
/// leaves no choice. For IPv4 in IPv6 (`::ffff:...`) the result is `false`.
fn looks_canonical(address: &[u8]) -> bool {
    let (mut groups, mut gaps, mut after_zeros) = (0, 0, false);
    for group in address.split(|character| *character == b':').take(9) {
        let zeros = match group {
            b"" | b"0" => true,
            [b'0', ..] => return false,
            _ => false,
        };
        let small = |digit: &u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
        if zeros && after_zeros || group.len() > 4 || !group.iter().all(small) {
            return false;
        }
        gaps += usize::from(group.is_empty());
        groups += usize::from(!group.is_empty());
        after_zeros = zeros;
    }
    matches!((gaps, groups), (0, 8) | (1, ..=6))
}

/// The values in a pair's text, decoded.
pub fn values(text: &[u8]) -> impl Iterator<Item = Cow<'_, [u8]>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (cell, after) = rest.split_at_checked(cell_end(rest, 0).ok()?)?;
        rest = after.strip_prefix(b",")?;
        Some(decoded(cell))
    })
}

/// A pair's identity in memory: 128 bits of a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PairKey {
    high: u64,
    low: u64,
}

impl PairKey {
    /// 64 of its bits, for a hash table.
    pub fn hash(self) -> u64 {
        self.low
    }
}

/// Hashes texts to keys. One process has one hasher: keys of different hashers cannot be compared.
#[derive(Debug, Clone)]
pub struct PairHasher(SipHasher13);

impl PairHasher {
    /// A hasher with 16 random bytes as its key.
    pub fn new(seed: &[u8; 16]) -> Self {
        Self(SipHasher13::new_with_key(seed))
    }

    /// The key of a pair's text.
    pub fn key(&self, text: &[u8]) -> PairKey {
        let hash = self.0.hash(text);
        PairKey {
            high: hash.h1,
            low: hash.h2,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(fields: &[&str]) -> Vec<u8> {
        let mut text = Vec::new();
        for field in fields {
            push_value(&mut text, field.as_bytes());
        }
        text
    }

    #[test]
    fn one_host_has_one_spelling() {
        let cases = [
            ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"),
            ("2001:db8::0:1", "2001:db8::1"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("::FFFF:c000:0207", "192.0.2.7"),
            ("192.0.2.7", "192.0.2.7"),
            ("192.0.2.007", "192.0.2.007"),
            ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
            ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
            ("fe80::1%eth0", "fe80::1%eth0"),
            ("a:b", "a:b"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6"),
            ("2001:db8::3:4:5:6:7", "2001:db8:0:3:4:5:6:7"),
            ("2001:db8::4:5:6:7", "2001:db8::4:5:6:7"),
            ("::", "::"),
            ("::1", "::1"),
            ("1::", "1::"),
            ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
            ("2001:Db8::1", "2001:db8::1"),
            ("2001:db8::1::2", "2001:db8::1::2"),
            ("2001:db8:::1", "2001:db8:::1"),
            ("2001:db8::12345", "2001:db8::12345"),
            ("1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8:9"),
            ("1:2:3:4:5:6:7", "1:2:3:4:5:6:7"),
            (&"1:".repeat(300), &"1:".repeat(300)),
            ("1:2:3:4:5:6::8", "1:2:3:4:5:6:0:8"),
            ("1:2:3:4:5::8", "1:2:3:4:5::8"),
            ("1:2:3:4:5::0", "1:2:3:4:5::"),
            ("1:2:0:4::8", "1:2:0:4::8"),
            ("1:2:0:0:5:6:0:8", "1:2::5:6:0:8"),
            ("1:2:0:4:5:6:0:8", "1:2:0:4:5:6:0:8"),
            ("1:0::8", "1::8"),
            ("1:2:3:4:5:6:7:8:", "1:2:3:4:5:6:7:8:"),
            ("64:ff9b::192.0.2.1", "64:ff9b::c000:201"),
            ("", ""),
        ];
        for (spelling, canonical) in cases {
            let text = text(&[spelling]);
            assert_eq!(values(&text).next().unwrap(), canonical.as_bytes());
        }
    }

    proptest! {
        /// Short cuts or not, the spelling is the standard library's.
        #[test]
        fn spellings_are_those_of_the_standard_library(
            groups in proptest::collection::vec("|0|0|1|a2|ffff|c000|00|0a|12345|A|192.0.2.1", 1..10),
        ) {
            let spelling = groups.join(":");
            let address = spelling.parse::<Ipv6Addr>().map(|address| address.to_canonical());
            let canonical = address.map_or_else(|_| spelling.clone(), |address| address.to_string());
            let text = text(&[&spelling]);
            prop_assert_eq!(values(&text).next().unwrap(), canonical.as_bytes());
        }
    }

    #[test]
    fn fields_do_not_run_into_each_other() {
        assert_ne!(text(&["ab", "c"]), text(&["a", "bc"]));
        assert_ne!(text(&["", "a"]), text(&["a", ""]));
        let text = text(&["billing", "192.0.2.7"]);
        let values: Vec<_> = values(&text).collect();
        assert_eq!(values, [b"billing".as_slice(), b"192.0.2.7"]);
    }

    proptest! {
        /// Whatever the values are, they come back; and a cell that is said to be text is what its value becomes.
        #[test]
        fn values_come_back_out_of_their_text(
            cells in proptest::collection::vec("[a:0\\.\"\",\n\r ]{0,9}", 1..4),
        ) {
            let cells: Vec<_> = cells.iter().map(String::as_str).collect();
            let text = text(&cells);
            let found: Vec<_> = values(&text).map(Cow::into_owned).collect();
            let canonical = |cell: &&str| match cell.parse::<Ipv6Addr>() {
                Ok(address) => address.to_canonical().to_string().into_bytes(),
                Err(_) => cell.as_bytes().to_vec(),
            };
            prop_assert_eq!(found, cells.iter().map(canonical).collect::<Vec<_>>());
            let plain = |cell: &&str| !cell.contains(['"', ',', '\n', '\r']);
            if cells.iter().all(|cell| plain(cell) && is_canonical(cell.as_bytes())) {
                prop_assert_eq!(text, format!("{},", cells.join(",")).into_bytes());
            }
        }
    }

    #[test]
    fn another_process_has_other_keys() {
        let text = text(&["billing", "192.0.2.7"]);
        let (one, other) = (PairHasher::new(&[1; 16]), PairHasher::new(&[2; 16]));
        assert_eq!(one.key(&text), one.clone().key(&text));
        assert_ne!(one.key(&text), other.key(&text));
    }
}
