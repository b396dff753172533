//! The request time, always 28 bytes: `[06/Feb/2026:00:00:38 +0000]`. S3 writes UTC; other writers of this format may not.

use std::ops::Range;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// The lowest and the highest byte at each position of a time.
const LOWEST: &[u8; 28] = b"[00/AAA/0000:00:00:00 +0000]";
const HIGHEST: &[u8; 28] = b"[99/zzz/9999:99:99:99 -9999]";

const MONTHS: [&[u8; 3]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

/// The time at the start of `text`, still as text, and what follows it and one space. Only its form is checked;
/// [`epoch_seconds`] checks that it exists.
pub(super) fn split(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (time, rest) = text.split_first_chunk::<{ LOWEST.len() }>()?;
    let bounds = LOWEST.iter().zip(HIGHEST);
    // Looks at all positions even after one that does not fit: that takes no branches.
    let fits = time
        .iter()
        .zip(bounds)
        .fold(true, |fits, (byte, (lowest, highest))| {
            fits & (lowest <= byte) & (byte <= highest)
        });
    let rest = rest.strip_prefix(b" ")?;
    fits.then_some((time, rest))
}

/// A time in epoch seconds; `None` for a day or an hour that does not exist.
pub(super) fn epoch_seconds(time: &[u8]) -> Option<i64> {
    plain_seconds(time).or_else(|| any_seconds(time))
}

/// The fast path for times that have the right form and are written as S3 writes them; `None` for others, and for times that
/// do not exist.
fn plain_seconds(time: &[u8]) -> Option<i64> {
    let part = |place: Range<usize>| time.get(place).unwrap_or_default();
    let digit = |digit: &u8| (digit - b'0').cast_signed();
    let two = |at: usize| {
        part(at..at + 2)
            .iter()
            .fold(0, |ten, one| ten * 10 + digit(one))
    };
    let month = MONTHS.iter().position(|name| *name == part(4..7))? as i8 + 1;
    let year = i16::from(two(8)) * 100 + i16::from(two(10));
    if part(22..28) != b"+0000]" {
        return None;
    }
    let date = DateTime::new(year, month, two(1), two(13), two(16), two(19), 0).ok()?;
    Some(Offset::UTC.to_timestamp(date).ok()?.as_second())
}

/// Times with any month in any case, and any UTC offset.
fn any_seconds(time: &[u8]) -> Option<i64> {
    let time = Timestamp::strptime("[%d/%b/%Y:%H:%M:%S %z]", time).ok()?;
    Some(time.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_in_its_own_offset() {
        for (text, seconds) in [
            ("[01/Jan/1970:00:00:00 +0000]", 0),
            ("[06/Feb/2026:00:00:38 +0000]", 1_770_336_038),
            ("[06/Feb/2026:02:00:38 +0200]", 1_770_336_038),
            ("[05/Feb/2026:18:30:38 -0530]", 1_770_336_038),
            ("[29/Feb/2024:23:59:59 +0000]", 1_709_251_199),
            ("[31/Dec/1969:23:59:59 +0000]", -1),
            ("[31/Dec/2016:23:59:60 +0000]", 1_483_228_799),
        ] {
            assert_eq!(epoch_seconds(text.as_bytes()), Some(seconds), "{text}");
        }
    }

    #[test]
    fn a_time_that_does_not_exist_is_none() {
        for text in [
            "[45/Nov/2022:03:07:19 +0000]",
            "[29/Feb/2026:00:00:00 +0000]",
            "[06/Foo/2026:00:00:00 +0000]",
            "[06/Feb/2026:24:00:00 +0000]",
            "[06/Feb/2026:00:61:00 +0000]",
            "[06/Feb/2026:00:00:00 +9900]",
        ] {
            assert!(split(format!("{text} x").as_bytes()).is_some(), "{text}");
            assert_eq!(epoch_seconds(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn only_the_exact_shape_is_a_time() {
        for text in [
            "",
            "-",
            "[06/Feb/2026:00:00:38 +0000]",
            "[06/Feb/2026:00:00:38 +0000]x",
            "[6/Feb/2026:00:00:38 +00000] x",
            "[06/02/2026:00:00:38 +00000] x",
            "[06/Feb/2026 00:00:38 +0000] x",
            "2026-02-06T00:00:38.000+00:00 x",
        ] {
            assert_eq!(split(text.as_bytes()), None, "{text}");
        }
    }
}
