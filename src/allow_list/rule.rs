//! One line of the allow list: read, and compared with an access.

use std::net::IpAddr;

use ipnetwork::{IpNetwork, Ipv4Network};
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Access;
use super::pattern::Pattern;
use crate::network::address_of;
use crate::text::escape::quoted;
use crate::text::timestamp::Timestamp;

/// A number before this is no time of S3, which has been there since 2006, but a mistaken date such as 20261231.
const FIRST_SECOND: i64 = 1_000_000_000;

/// The cells of a line that matter.
#[derive(Debug)]
pub(super) struct Cells<'a> {
    pub(super) network: &'a [u8],
    pub(super) bucket: &'a [u8],
    pub(super) requester: &'a [u8],
    pub(super) expires: &'a [u8],
}

/// Which network a line allows.
#[derive(Debug)]
pub(super) enum Network {
    Any,
    Range(IpNetwork),
    /// A text in place of an address.
    Name(Vec<u8>),
}

/// What a line allows.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) network: Network,
    pub(super) bucket: Pattern,
    pub(super) requester: Pattern,
}

impl Rule {
    /// `None` where the line has expired; or what is wrong with it and what to write.
    pub(super) fn new(cells: &Cells<'_>, now: Timestamp) -> Result<Option<Self>, String> {
        let rule = Self {
            network: network(cells.network)?,
            bucket: Pattern::new(cells.bucket),
            requester: Pattern::new(cells.requester),
        };
        let has_expired = expires(cells.expires)?.is_some_and(|end| end <= now);
        if rule.network.is_any() && rule.bucket.is_any() && rule.requester.is_any() {
            return Err(
                "expected a network, a bucket or a requester, found none, which would allow \
                        everything: name one"
                    .to_owned(),
            );
        }
        Ok((!has_expired).then_some(rule))
    }

    pub(super) fn allows(&self, access: &Access<'_>) -> bool {
        self.network.has(access.address)
            && self.bucket.fits(access.bucket)
            && (self.requester.fits(access.principal) || self.requester.fits(access.requester))
    }
}

impl Network {
    fn is_any(&self) -> bool {
        match self {
            Self::Any => true,
            Self::Range(range) => range.prefix() == 0,
            Self::Name(_) => false,
        }
    }

    fn has(&self, address: &[u8]) -> bool {
        match self {
            Self::Any => true,
            Self::Range(range) => {
                address_of(address).is_some_and(|address| range.contains(address))
            }
            Self::Name(name) => name == address,
        }
    }
}

/// A network whose address is its first one; `None` where the prefix is too long.
pub(super) fn first_of(network: IpNetwork) -> Option<IpNetwork> {
    IpNetwork::new(network.network(), network.prefix()).ok()
}

fn network(cell: &[u8]) -> Result<Network, String> {
    if matches!(cell, b"" | b"*") {
        return Ok(Network::Any);
    }
    let text = std::str::from_utf8(cell).unwrap_or_default();
    if let Some(range) = text.parse().ok().and_then(canonical) {
        return match first_of(range) {
            Some(first) if first == range => Ok(Network::Range(range)),
            Some(first) => Err(format!(
                "network: expected the first address of a network, found {}: write {first}, or {} alone",
                quoted(cell),
                range.ip()
            )),
            None => Err(bad_network(cell)),
        };
    }
    if is_name(cell) {
        return Ok(Network::Name(cell.to_vec()));
    }
    Err(bad_network(cell))
}

fn bad_network(cell: &[u8]) -> String {
    format!(
        "network: expected a network such as 203.0.113.0/24, an address, or the name of a service, found {}: \
         write one of these",
        quoted(cell)
    )
}

/// An IPv4-mapped IPv6 network as its IPv4 network, as addresses are.
fn canonical(network: IpNetwork) -> Option<IpNetwork> {
    let prefix = network.prefix();
    match (network.ip().to_canonical(), network) {
        (IpAddr::V4(address), IpNetwork::V6(_)) if prefix >= 96 => {
            Ipv4Network::new(address, prefix - 96)
                .ok()
                .map(IpNetwork::V4)
        }
        _ => Some(network),
    }
}

/// Whether a text may stand in place of an address: a name such as `athena.amazonaws.com` or `AWS Internal`, not what looks
/// like an address with a slip in it.
fn is_name(cell: &[u8]) -> bool {
    let is_of_names = |byte: &u8| byte.is_ascii_alphanumeric() || b".-_ ".contains(byte);
    cell.first().is_some_and(u8::is_ascii_alphabetic) && cell.iter().all(is_of_names)
}

/// The first moment at which a line is no longer valid; `None` is never.
fn expires(cell: &[u8]) -> Result<Option<Timestamp>, String> {
    if cell.is_empty() {
        return Ok(None);
    }
    let seconds = Timestamp::parse(cell).filter(|time| time.seconds() >= FIRST_SECOND);
    let end = seconds.or_else(|| day_after(cell));
    end.map(Some).ok_or_else(|| {
        format!(
            "expires: expected a date such as 2026-12-31, or seconds since 1970, found {}: write one of these, \
             or nothing for never",
            quoted(cell)
        )
    })
}

/// The start of the day after a date, UTC.
fn day_after(cell: &[u8]) -> Option<Timestamp> {
    let is_date = |(place, byte): (usize, &u8)| match place {
        4 | 7 => *byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    if cell.len() != 10 || !cell.iter().enumerate().all(is_date) {
        return None;
    }
    let date: Date = std::str::from_utf8(cell).ok()?.parse().ok()?;
    let midnight = date.tomorrow().ok()?.at(0, 0, 0, 0);
    let end = TimeZone::UTC.to_timestamp(midnight).ok()?;
    Some(Timestamp::from_seconds(end.as_second()))
}
