//! Points in time, exact to the microsecond: no floating point, so no drift however often they are merged.
//!
//! Written as Splunk writes `_time`: decimal epoch seconds, without a fraction where there is none.
//!
//! ```text
//! [+|-] digits [ "." digits ]          1433261392   1433261392.934936   -0.5
//! ```

/// Microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(i64);

const MICROS_PER_SECOND: i64 = 1_000_000;

/// The last second of the year 9999: what is beyond is a mistake or an attack, not a log record's time.
const MAX_SECONDS: i64 = 253_402_300_799;

impl Timestamp {
    /// Later than every time that [`Timestamp::parse`] accepts.
    pub const MAX: Self = Self(i64::MAX);
    /// Earlier than every time that [`Timestamp::parse`] accepts.
    pub const MIN: Self = Self(i64::MIN);

    /// From whole epoch seconds; saturates at the years 1970 - 8030 .. 9999.
    pub fn from_seconds(seconds: i64) -> Self {
        Self(seconds.clamp(-MAX_SECONDS, MAX_SECONDS) * MICROS_PER_SECOND)
    }

    /// Reads decimal epoch seconds. Digits beyond the sixth of a fraction are cut. `None` for anything that is not a
    /// plain decimal number, and for times past the year 9999.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let (negative, digits) = match text.split_first()? {
            (b'-', rest) => (true, rest),
            (b'+', rest) => (false, rest),
            _ => (false, text),
        };
        let point = memchr::memchr(b'.', digits).unwrap_or(digits.len());
        let (whole, fraction) = digits.split_at_checked(point)?;
        let micros = seconds(whole)? * MICROS_PER_SECOND + fraction_micros(fraction)?;
        Some(Self(if negative { -micros } else { micros }))
    }

    /// Appends the decimal text.
    pub fn write(self, out: &mut Vec<u8>) {
        use std::io::Write;
        let (sign, micros) = (if self.0 < 0 { "-" } else { "" }, self.0.unsigned_abs());
        let (whole, mut fraction) = (micros / 1_000_000, micros % 1_000_000);
        // Writing to a Vec cannot fail.
        let _ = write!(out, "{sign}{whole}");
        if fraction > 0 {
            let mut width = 6;
            while fraction % 10 == 0 {
                fraction /= 10;
                width -= 1;
            }
            let _ = write!(out, ".{fraction:0width$}");
        }
    }

    /// As RFC 3339 writes it, in UTC: `2026-03-06T09:15:22Z`.
    pub fn to_rfc3339(self) -> String {
        jiff::Timestamp::from_microsecond(self.0)
            .map_or_else(|_| self.0.to_string(), |time| time.to_string())
    }

    /// Whole epoch seconds, rounded down.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(MICROS_PER_SECOND)
    }
}

/// The whole seconds of `digits`, at least one digit.
fn seconds(digits: &[u8]) -> Option<i64> {
    let value = decimal(digits)?;
    (!digits.is_empty() && value <= MAX_SECONDS).then_some(value)
}

/// The microseconds of `fraction`: empty, or a point and any number of digits.
fn fraction_micros(fraction: &[u8]) -> Option<i64> {
    let digits = fraction.split_first().map_or(fraction, |(_, rest)| rest);
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let kept = digits.get(..6).unwrap_or(digits);
    Some(decimal(kept)? * 10_i64.pow(6 - kept.len() as u32))
}

/// The value of ASCII digits; `None` where something else stands or there are more than 18 that count: 10^18 fits.
fn decimal(digits: &[u8]) -> Option<i64> {
    let mut value = 0_i64;
    let mut left = 18;
    for digit in digits {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 || left == 0 {
            return None;
        }
        value = value * 10 + i64::from(digit);
        left -= u32::from(value > 0);
    }
    Some(value)
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
