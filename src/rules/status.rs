//! Which HTTP status codes count as a successful access.

use std::ops::RangeInclusive;
use std::str::FromStr;

/// A list of HTTP status codes and classes of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusList(Vec<RangeInclusive<u16>>);

impl StatusList {
    /// Everything that gives data or changes it, and the answer that the caller's copy is still good.
    pub const DEFAULT: &'static str = "2xx,304";

    /// Whether the list has this code.
    pub fn contains(&self, code: u16) -> bool {
        self.0.iter().any(|codes| codes.contains(&code))
    }
}

/// The error of a text that is not a list of status codes: what such a list looks like.
#[derive(Debug, thiserror::Error)]
#[error(
    "expected status codes or classes from 1xx to 5xx with commas between them, as in \"2xx,304\""
)]
pub struct BadStatusList;

impl FromStr for StatusList {
    type Err = BadStatusList;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let codes = text
            .split(',')
            .map(|item| codes(item.trim()))
            .collect::<Option<_>>();
        codes.map(Self).ok_or(BadStatusList)
    }
}

/// The codes that an item of a list, `206` or `2xx`, stands for.
fn codes(item: &str) -> Option<RangeInclusive<u16>> {
    let (class, rest) = match item.as_bytes() {
        [class @ b'1'..=b'5', rest @ ..] if rest.len() == 2 => {
            (u16::from(class - b'0') * 100, rest)
        }
        _ => return None,
    };
    if rest.eq_ignore_ascii_case(b"xx") {
        return Some(class..=class + 99);
    }
    let code = item.parse().ok()?;
    Some(code..=code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_classes_are_understood() {
        let list: StatusList = "2xx, 304,4XX".parse().unwrap();
        for (code, expected) in [
            (199, false),
            (200, true),
            (299, true),
            (300, false),
            (304, true),
            (404, true),
            (500, false),
        ] {
            assert_eq!(list.contains(code), expected, "{code}");
        }
    }

    #[test]
    fn what_is_not_a_status_is_refused() {
        for text in [
            "",
            "2x",
            "2xxx",
            "600",
            "099",
            "20",
            "2xx,",
            ",",
            "+20",
            "2x1",
            "xxx",
            "2xx 304",
            "２００",
        ] {
            assert!(text.parse::<StatusList>().is_err(), "{text:?}");
        }
    }
}
