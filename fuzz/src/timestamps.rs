//! Two epoch times, a line each.

use s3newip::text::timestamp::Timestamp;

/// Microseconds of the year 10000's first second.
const LIMIT: i128 = 253_402_300_800 * 1_000_000;

/// See the table in [`super`].
pub fn check(data: &[u8]) {
    let mut lines = data.splitn(2, |byte| *byte == b'\n');
    let (one, other) = (
        lines.next().unwrap_or_default(),
        lines.next().unwrap_or_default(),
    );
    let (one, other) = (check_one(one), check_one(other));
    if let (Some((one, exact)), Some((other, other_exact))) = (one, other) {
        assert_eq!(one.cmp(&other), exact.cmp(&other_exact));
        assert_eq!(one == other, written(one) == written(other));
    }
}

/// Reads `text`: the time, and its microseconds as read by a slow parser.
fn check_one(text: &[u8]) -> Option<(Timestamp, i128)> {
    let time = Timestamp::parse(text);
    let exact = micros(text);
    assert_eq!(
        time.is_some(),
        exact.is_some(),
        "{:?}",
        text.escape_ascii().to_string()
    );
    let (time, exact) = (time?, exact?);
    let decimal = written(time);
    assert_eq!(micros(&decimal), Some(exact));
    assert_eq!(Timestamp::parse(&decimal), Some(time));
    assert!(
        !decimal.contains(&b'.') || !decimal.ends_with(b"0"),
        "{decimal:?}"
    );
    assert_eq!(i128::from(time.seconds()), exact.div_euclid(1_000_000));
    assert!(!time.to_rfc3339().is_empty());
    assert!(Timestamp::MIN < time && time < Timestamp::MAX);
    Some((time, exact))
}

fn written(time: Timestamp) -> Vec<u8> {
    let mut text = Vec::new();
    time.write(&mut text);
    text
}

/// The microseconds that a decimal number of seconds is, cut towards zero, before the year 10000.
fn micros(text: &[u8]) -> Option<i128> {
    let text = std::str::from_utf8(text).ok()?;
    let negative = text.starts_with('-');
    let number = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.chars().all(|letter| letter.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    let significant = whole.trim_start_matches('0');
    if significant.len() > 12 {
        return None;
    }
    let fraction: String = fraction.chars().chain("000000".chars()).take(6).collect();
    let micros: i128 = format!("0{significant}{fraction}").parse().ok()?;
    (micros < LIMIT).then_some(if negative { -micros } else { micros })
}
