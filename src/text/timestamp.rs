//! Points in time, exact to the microsecond: no floating point, so no drift however often they are merged.
//!
//! Written as Splunk writes `_time`: decimal epoch seconds, with a fraction only where it is not zero.
//!
//! ```text
//! [+|-] digits [ "." digits ]          1433261392   1433261392.934936   -0.5
//! ```

/// The column of first times, as it is written.
pub(crate) const FIRST_TIME: &str = "firstTime";
/// The column of last times, as it is written.
pub(crate) const LAST_TIME: &str = "lastTime";

/// The columns that hold a first and a last time, the preferred ones first: ours, those of Splunk's baseline search and
/// Security Essentials, and those of Splunk's Cloud detections.
pub(crate) const TIME_COLUMNS: [(&str, &str); 3] = [
    (FIRST_TIME, LAST_TIME),
    ("earliest", "latest"),
    ("firstTimeSeen", "lastTimeSeen"),
];

/// Microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(i64);

const MICROS_PER_SECOND: i64 = 1_000_000;

/// The last second of the year 9999. A later time is a mistake or an attack, not a log record's time.
const MAX_SECONDS: i64 = 253_402_300_799;

impl Timestamp {
    /// Later than every time that [`Timestamp::parse`] accepts.
    pub const MAX: Self = Self(i64::MAX);
    /// Earlier than every time that [`Timestamp::parse`] accepts.
    pub const MIN: Self = Self(i64::MIN);

    /// From whole epoch seconds. A time after the year 9999, or as far before 1970, is clamped.
    pub fn from_seconds(seconds: i64) -> Self {
        Self(seconds.clamp(-MAX_SECONDS, MAX_SECONDS) * MICROS_PER_SECOND)
    }

    /// Reads decimal epoch seconds. Digits beyond the sixth of a fraction are cut. `None` for anything that is not a
    /// plain decimal number, and for times past the year 9999.
    #[inline]
    pub fn parse(text: &[u8]) -> Option<Self> {
        Self::parse_plain(text).or_else(|| Self::parse_any(text))
    }

    /// Reads eight to ten digits and nothing else. Nearly all times are written so: those from 1970 until the year 2286.
    #[inline]
    pub(crate) fn parse_plain(text: &[u8]) -> Option<Self> {
        let (eight, rest) = text.split_first_chunk()?;
        let mut seconds = eight_digits(*eight)?;
        if rest.len() > 2 {
            return None;
        }
        for byte in rest {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                return None;
            }
            seconds = seconds * 10 + u64::from(digit);
        }
        Some(Self(seconds.cast_signed() * MICROS_PER_SECOND))
    }

    /// Reads every form of the grammar.
    fn parse_any(text: &[u8]) -> Option<Self> {
        let (negative, digits) = match text.split_first()? {
            (b'-', rest) => (true, rest),
            (b'+', rest) => (false, rest),
            _ => (false, text),
        };
        let (seconds, rest) = leading_number(digits)?;
        if seconds > MAX_SECONDS || rest.len() == digits.len() {
            return None;
        }
        let micros = seconds * MICROS_PER_SECOND + fraction_micros(rest)?;
        Some(Self(if negative { -micros } else { micros }))
    }

    /// Appends the decimal text.
    pub fn write(self, out: &mut Vec<u8>) {
        if self.0 < 0 {
            out.push(b'-');
        }
        let micros = self.0.unsigned_abs();
        let mut digits = itoa::Buffer::new();
        out.extend_from_slice(digits.format(micros / 1_000_000).as_bytes());
        let fraction = micros % 1_000_000;
        if fraction > 0 {
            out.push(b'.');
            // The one in front keeps the leading zeros; it is skipped.
            let digits = digits.format(1_000_000 + fraction).trim_end_matches('0');
            out.extend(digits.bytes().skip(1));
        }
    }

    /// The time in UTC as RFC 3339 writes it: `2026-03-06T09:15:22Z`.
    pub fn to_rfc3339(self) -> String {
        jiff::Timestamp::from_microsecond(self.0)
            .map_or_else(|_| self.0.to_string(), |time| time.to_string())
    }

    /// Whole epoch seconds, rounded down.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(MICROS_PER_SECOND)
    }
}

/// The value of eight ASCII digits, computed on all of them at once: two neighbours (digits, then pairs, then fours) are
/// added, the first times ten, a hundred, ten thousand.
#[inline]
fn eight_digits(text: [u8; 8]) -> Option<u64> {
    const ZEROS: u64 = u64::from_le_bytes(*b"00000000");
    const HIGH_HALVES: u64 = 0xf0f0_f0f0_f0f0_f0f0;
    const SIXES: u64 = 0x0606_0606_0606_0606;
    let digits = u64::from_le_bytes(text) ^ ZEROS;
    // Above nine, a byte has a bit in its high half, or gets one when six is added.
    if (digits | digits.wrapping_add(SIXES)) & HIGH_HALVES != 0 {
        return None;
    }
    let pairs = (digits * 10 + (digits >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    Some((fours * 10_000 + (fours >> 32)) & 0xffff_ffff)
}

/// The microseconds of `fraction`: empty, or a point and any number of digits.
fn fraction_micros(fraction: &[u8]) -> Option<i64> {
    let digits = match fraction.split_first() {
        None => return Some(0),
        Some((b'.', digits)) => digits,
        Some(_) => return None,
    };
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let kept = digits.get(..6).unwrap_or(digits);
    let (value, _) = leading_number(kept)?;
    Some(value * 10_i64.pow(6 - kept.len() as u32))
}

/// The value of the ASCII digits that `text` starts with, 0 where there are none, and what follows them. `None` where
/// there are more than 18 after leading zeros: 10^18 fits.
#[inline]
fn leading_number(text: &[u8]) -> Option<(i64, &[u8])> {
    let digits = text.iter().position(|byte| !byte.is_ascii_digit());
    let (mut number, rest) = text.split_at_checked(digits.unwrap_or(text.len()))?;
    if number.len() > 18 {
        let zeros = number.iter().take_while(|digit| **digit == b'0').count();
        number = number.get(zeros..).filter(|number| number.len() <= 18)?;
    }
    let value = |value, digit: &u8| value * 10 + i64::from(digit - b'0');
    Some((number.iter().fold(0, value), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> Option<String> {
        let mut out = Vec::new();
        Timestamp::parse(text.as_bytes())?.write(&mut out);
        Some(String::from_utf8(out).unwrap())
    }

    #[test]
    fn times_survive_reading_and_writing() {
        let cases = [
            ("1433261392", Some("1433261392")),
            ("1433261392.000000000", Some("1433261392")),
            ("1433261392.934936", Some("1433261392.934936")),
            ("1433261392.9349369", Some("1433261392.934936")),
            ("1627354345.50", Some("1627354345.5")),
            ("0", Some("0")),
            ("-0", Some("0")),
            ("-1.5", Some("-1.5")),
            ("+7", Some("7")),
            ("00012", Some("12")),
            ("0.000001", Some("0.000001")),
            ("1.", Some("1")),
            ("253402300799.999999", Some("253402300799.999999")),
            ("253402300800", None),
            ("-253402300800", None),
            ("1000000000000000000000000000000000000000", None),
            ("", None),
            ("-", None),
            (".5", None),
            ("NaN", None),
            ("inf", None),
            ("1e9", None),
            ("0x10", None),
            ("1_000", None),
            (" 1", None),
            ("1 ", None),
            ("1.2.3", None),
            ("--1", None),
            ("١", None),
        ];
        for (text, expected) in cases {
            assert_eq!(written(text).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn eight_digits_are_what_the_standard_library_reads() {
        let texts = (0..1000).map(|number: u64| number * 98_765_423 % 100_000_000);
        for number in texts.chain([0, 99_999_999]) {
            let text = format!("{number:08}");
            let text = text.as_bytes().try_into().unwrap();
            assert_eq!(eight_digits(text), Some(number));
        }
        for at in 0..8 {
            for byte in (0..=u8::MAX).filter(|byte| !byte.is_ascii_digit()) {
                let mut text = *b"99999999";
                text[at] = byte;
                assert_eq!(eight_digits(text), None, "{byte} at {at}");
            }
        }
    }

    #[test]
    fn forty_digits_of_fraction_are_cut_not_refused() {
        let text = format!("1.{}", "1".repeat(40));
        assert_eq!(written(&text).as_deref(), Some("1.111111"));
    }

    #[test]
    fn seconds_round_down_on_both_sides_of_1970() {
        assert_eq!(Timestamp::parse(b"1.9").unwrap().seconds(), 1);
        assert_eq!(Timestamp::parse(b"-1.1").unwrap().seconds(), -2);
    }
}
