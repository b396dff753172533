//! Times in microseconds since 1970, and relative times of the simple kind.

/// The microseconds that `text` names: an optional sign, digits, an optional fraction (digits beyond the sixth are cut).
pub(crate) fn parse(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    let micros: i64 = format!("{fraction:0<6}")[..6].parse().ok()?;
    let time = whole.checked_mul(1_000_000)?.checked_add(micros)?;
    Some(if negative { -time } else { time })
}

/// `time` as text: no fraction where there is none, else without trailing zeros.
pub(crate) fn written(time: i64) -> Vec<u8> {
    let sign = if time < 0 { "-" } else { "" };
    let (whole, micros) = (
        time.unsigned_abs() / 1_000_000,
        time.unsigned_abs() % 1_000_000,
    );
    let text = format!("{sign}{whole}.{micros:06}");
    text.trim_end_matches('0').trim_end_matches('.').into()
}

/// A relative time of the simple kind: so many seconds back, then down to a multiple of `snap` seconds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Window {
    pub(crate) text: &'static str,
    pub(crate) back: i64,
    pub(crate) snap: i64,
}

impl Window {
    pub(crate) const fn new(text: &'static str, back: i64, snap: i64) -> Window {
        Window { text, back, snap }
    }

    /// The first moment, in microseconds, that counts as inside the window of a search at `now` (seconds).
    pub(crate) fn threshold(&self, now: i64) -> i64 {
        let start = now - self.back;
        (start - start.rem_euclid(self.snap)) * 1_000_000
    }
}

#[test]
fn times_are_read_and_written_to_the_microsecond() {
    let cases = [
        ("0", 0, "0"),
        ("1700000000", 1_700_000_000_000_000, "1700000000"),
        ("1700000000.500", 1_700_000_000_500_000, "1700000000.5"),
        (
            "1700000000.0000019",
            1_700_000_000_000_001,
            "1700000000.000001",
        ),
        ("+7.25", 7_250_000, "7.25"),
        ("-0.5", -500_000, "-0.5"),
    ];
    for (text, time, canonical) in cases {
        assert_eq!(parse(text.as_bytes()), Some(time), "{text}");
        assert_eq!(written(time), canonical.as_bytes(), "{text}");
    }
    for text in [
        "",
        "-",
        "abc",
        "1e9",
        "1.2.3",
        "0x10",
        "99999999999999999999",
    ] {
        assert_eq!(parse(text.as_bytes()), None, "{text}");
    }
}
