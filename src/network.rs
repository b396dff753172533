//! The networks that an address is in: near and far.
//!
//! ```text
//!                   narrow            wide
//! IPv4              /24               /16          an IPv4-mapped IPv6 address is its IPv4 address
//! IPv6              /64               /32
//! anything else     the text itself   the text itself
//! ```
//!
//! Providers give whole /24s and /64s to one customer, a /16 and a /32 to one provider, so a new address in a known
//! network says little. A key that is no address (`athena.amazonaws.com`) is its own network at both levels.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnetwork::{IpNetwork, Ipv4Network, Ipv6Network};
use siphasher::sip::SipHasher13;

use crate::text::escape;

/// The address that a text spells; an IPv4-mapped one is its IPv4 address.
pub fn address_of(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?;
    text.parse()
        .ok()
        .map(|address: IpAddr| address.to_canonical())
}

/// A network, or a text that stands for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network<'a> {
    /// A range of addresses, the bits beyond the prefix all zero.
    Range(IpNetwork),
    /// A text that is no address, such as a service's name.
    Name(&'a [u8]),
}

/// The networks of one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Networks<'a> {
    /// The /24 or the /64.
    pub narrow: Network<'a>,
    /// The /16 or the /32.
    pub wide: Network<'a>,
}

impl<'a> Networks<'a> {
    /// Of the address that `text` spells, or of the text itself.
    pub fn of(text: &'a [u8]) -> Self {
        let networks = address_of(text).and_then(|address| {
            Some(Self {
                narrow: Network::Range(masked(address, 24, 64)?),
                wide: Network::Range(masked(address, 16, 32)?),
            })
        });
        networks.unwrap_or(Self {
            narrow: Network::Name(text),
            wide: Network::Name(text),
        })
    }
}

/// The network of an address with this prefix, by its family.
fn masked(address: IpAddr, v4_prefix: u8, v6_prefix: u8) -> Option<IpNetwork> {
    match address {
        IpAddr::V4(address) => {
            let kept = u32::MAX.checked_shl(32_u32.checked_sub(v4_prefix.into())?)?;
            let first = Ipv4Addr::from_bits(address.to_bits() & kept);
            Ipv4Network::new_checked(first, v4_prefix).map(IpNetwork::V4)
        }
        IpAddr::V6(address) => {
            let kept = u128::MAX.checked_shl(128_u32.checked_sub(v6_prefix.into())?)?;
            let first = Ipv6Addr::from_bits(address.to_bits() & kept);
            Ipv6Network::new_checked(first, v6_prefix).map(IpNetwork::V6)
        }
    }
}

impl Network<'_> {
    /// A hash with `hasher`'s key: of the bytes within the prefix, and the prefix.
    #[inline]
    pub fn hash(&self, hasher: &SipHasher13) -> u64 {
        match self {
            Self::Name(name) => hasher.hash(name),
            // Complemented, so that a name of the same bytes has another hash.
            Self::Range(IpNetwork::V4(network)) => {
                let [a, b, c, _] = network.ip().octets();
                !hasher.hash(&[a, b, c, network.prefix()])
            }
            Self::Range(IpNetwork::V6(network)) => {
                let [a, b, c, d, e, f, g, h, ..] = network.ip().octets();
                !hasher.hash(&[a, b, c, d, e, f, g, h, network.prefix()])
            }
        }
    }

    /// Appends the network as it is written: `203.0.113.0/24`, or the bytes of the text.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Range(network) => out.extend_from_slice(network.to_string().as_bytes()),
            Self::Name(name) => out.extend_from_slice(name),
        }
    }
}

/// As [`Network::write`] writes it, made safe to show.
impl fmt::Display for Network<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Range(network) => network.fmt(formatter),
            Self::Name(name) => formatter.write_str(&escape::escaped(name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_in_a_narrow_and_a_wide_network() {
        let cases = [
            ("203.0.113.7", "203.0.113.0/24", "203.0.0.0/16"),
            ("255.255.255.255", "255.255.255.0/24", "255.255.0.0/16"),
            ("0.0.0.0", "0.0.0.0/24", "0.0.0.0/16"),
            ("::ffff:192.0.2.7", "192.0.2.0/24", "192.0.0.0/16"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8::/32"),
            ("::1", "::/64", "::/32"),
            (
                "athena.amazonaws.com",
                "athena.amazonaws.com",
                "athena.amazonaws.com",
            ),
            ("203.0.113.07", "203.0.113.07", "203.0.113.07"),
            ("fe80::1%eth0", "fe80::1%eth0", "fe80::1%eth0"),
            ("a\u{202e}b", "a\\u{202e}b", "a\\u{202e}b"),
        ];
        for (address, narrow, wide) in cases {
            let networks = Networks::of(address.as_bytes());
            assert_eq!(networks.narrow.to_string(), narrow);
            assert_eq!(networks.wide.to_string(), wide);
        }
    }

    #[test]
    fn a_text_is_written_as_it_is() {
        let mut out = Vec::new();
        Networks::of(b"AWS\xffInternal").wide.write(&mut out);
        Networks::of(b"192.0.2.7").narrow.write(&mut out);
        assert_eq!(out, b"AWS\xffInternal192.0.2.0/24");
    }

    #[test]
    fn different_networks_have_different_hashes() {
        let hasher = SipHasher13::new_with_key(&[7; 16]);
        let addresses = [
            "192.0.2.1",
            "192.0.3.1",
            "2001:db8::1",
            "2001:db8:0:1::1",
            "x",
        ];
        let mut hashes = Vec::new();
        for address in addresses {
            let Networks { narrow, wide } = Networks::of(address.as_bytes());
            hashes.extend([narrow.hash(&hasher), wide.hash(&hasher)]);
        }
        hashes.sort_unstable();
        hashes.dedup();
        // 192.0.0.0/16 and 2001:db8::/32 are there twice, and x is one network at both levels.
        assert_eq!(hashes.len(), 7);
        let other = SipHasher13::new_with_key(&[8; 16]);
        let network = Networks::of(b"192.0.2.1").wide;
        assert_ne!(network.hash(&hasher), network.hash(&other));
    }
}
