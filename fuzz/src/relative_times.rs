//! A relative time, a now() in epoch seconds, and a time zone as Splunk writes it: a line each.

use s3newip::reltime::{RelativeTime, Zone};

/// Seconds of a day.
const DAY: i128 = 86_400;

/// See the table in [`super`].
pub fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.splitn(3, '\n');
    let mut line = || lines.next().unwrap_or_default();
    let (text, now, zone) = (line(), line(), line());
    let time = match RelativeTime::parse(text) {
        Ok(time) => time,
        Err(error) => {
            let message = error.to_string();
            assert!(!message.contains(char::is_control), "{message:?}");
            return;
        }
    };
    assert_eq!(time.to_string(), text);
    let now = now.parse().unwrap_or(1_700_000_000);
    check_utc(&time, text, now);
    for zone in [Some(Zone::utc()), Zone::from_splunk(zone)]
        .into_iter()
        .flatten()
    {
        let stepwise = stepwise(text, now, &zone);
        assert_eq!(time.resolve(now, &zone).ok(), stepwise, "{text} at {now}");
    }
}

/// The steps in `text`: each begins with a sign or an `@`.
fn steps(text: &str) -> Vec<&str> {
    let starts = text.match_indices(['-', '+', '@']).map(|(at, _)| at);
    let starts: Vec<_> = starts.chain([text.len()]).collect();
    starts
        .windows(2)
        .map(|step| &text[step[0]..step[1]])
        .collect()
}

/// One step after the other. No snap leads to a later time.
fn stepwise(text: &str, now: i64, zone: &Zone) -> Option<i64> {
    steps(text).into_iter().try_fold(now, |instant, step| {
        let next = RelativeTime::parse(step)
            .unwrap()
            .resolve(instant, zone)
            .ok()?;
        assert!(
            !step.starts_with('@') || next <= instant,
            "{step} at {instant}: {next}"
        );
        Some(next)
    })
}

fn check_utc(time: &RelativeTime, text: &str, now: i64) {
    if let Ok(found) = time.resolve(now, &Zone::utc()) {
        let slow = steps(text).into_iter().fold(i128::from(now), slow);
        assert_eq!(i128::from(found), slow, "{text} at {now}");
    }
}

/// The time after one step in UTC.
fn slow(instant: i128, step: &str) -> i128 {
    let (kind, rest) = step.split_at(1);
    let unit = rest.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let digits = &rest[..rest.len() - unit.len()];
    let number: i128 = digits.parse().unwrap_or(1);
    match kind {
        "@" => snapped(instant, rest),
        "-" => moved(instant, -number, unit),
        _ => moved(instant, number, unit),
    }
}

/// Seconds, or months, of a unit.
fn measure(unit: &str) -> Result<i128, i128> {
    match unit {
        "s" | "sec" | "secs" | "second" | "seconds" => Ok(1),
        "m" | "min" | "mins" | "minute" | "minutes" => Ok(60),
        "h" | "hr" | "hrs" | "hour" | "hours" => Ok(3600),
        "d" | "day" | "days" => Ok(DAY),
        "mon" | "month" | "months" => Err(1),
        "q" | "qtr" | "qtrs" | "quarter" | "quarters" => Err(3),
        "y" | "yr" | "yrs" | "year" | "years" => Err(12),
        _ => Ok(7 * DAY),
    }
}

fn moved(instant: i128, number: i128, unit: &str) -> i128 {
    let months = match measure(unit) {
        Ok(seconds) => return instant + number * seconds,
        Err(months) => months,
    };
    let (year, month, day) = civil(instant.div_euclid(DAY));
    let index = year * 12 + month - 1 + number * months;
    let (year, month) = (index.div_euclid(12), index.rem_euclid(12) + 1);
    let length = days(year + month / 12, month % 12 + 1, 1) - days(year, month, 1);
    days(year, month, day.min(length)) * DAY + instant.rem_euclid(DAY)
}

fn snapped(instant: i128, unit: &str) -> i128 {
    let day = instant.div_euclid(DAY);
    if let Some(weekday) = unit.strip_prefix('w')
        && let Ok(weekday) = weekday
            .trim_start_matches("eek")
            .replace('s', "0")
            .parse::<i128>()
    {
        return last_weekday(day, weekday % 7) * DAY;
    }
    let (year, month, _) = civil(day);
    match measure(unit) {
        Ok(seconds) if seconds > DAY => last_weekday(day, 0) * DAY,
        Ok(seconds) => instant - instant.rem_euclid(seconds),
        Err(months) => days(year, month - (month - 1) % months, 1) * DAY,
    }
}

/// The last such day of the week up to `day`, both counted from 1970-01-01, a Thursday; 0 is Sunday.
fn last_weekday(day: i128, weekday: i128) -> i128 {
    (day - 6..=day)
        .find(|day| (day + 4).rem_euclid(7) == weekday)
        .unwrap()
}

/// Days since 1970-01-01 of a date in the Gregorian calendar.
fn days(year: i128, month: i128, day: i128) -> i128 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leaps = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leaps + (month * 153 + 2) / 5 + day - 1 - 719_468
}

/// Year, month and day of a day, found by trying.
fn civil(day: i128) -> (i128, i128, i128) {
    let guess = 1970 + day.div_euclid(366) - i128::from(day < 0) * 30;
    let year = (guess..).find(|year| days(year + 1, 1, 1) > day).unwrap();
    let year = if days(year, 1, 1) > day {
        civil_before(year, day)
    } else {
        year
    };
    let month = (1..=12)
        .rev()
        .find(|month| days(year, *month, 1) <= day)
        .unwrap();
    (year, month, day - days(year, month, 1) + 1)
}

fn civil_before(year: i128, day: i128) -> i128 {
    (0..year.abs() + 1)
        .map(|back| year - back)
        .find(|year| days(*year, 1, 1) <= day)
        .unwrap()
}
