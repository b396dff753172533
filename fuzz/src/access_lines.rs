//! An S3 access log line, and a slow parser that splits it into words and tries every quote.

use s3newip::accesslog::{HttpStatus, Line, http_status, http_status_doubled, parse};

/// See the table in [`super`].
pub fn check(data: &[u8]) {
    let (found, expected) = (parse(data), slow(data));
    assert_eq!(found.as_ref().ok(), expected.as_ref());
    let twice = |byte: &u8| vec![*byte; 1 + usize::from(*byte == b'"')];
    let doubled: Vec<u8> = data.iter().flat_map(twice).collect();
    assert_eq!(http_status_doubled(&doubled), http_status(data));
    match found {
        Ok(line) => {
            assert_eq!(http_status(data), Some(line.http_status));
            let from_agent = after_referrer(line.from_referrer);
            assert_eq!(line.user_agent(), user_agent(from_agent));
        }
        Err(error) => {
            let message = error.to_string();
            assert!(
                message.is_ascii() && !message.contains(char::is_control),
                "{message:?}"
            );
        }
    }
}

/// The words `from..to` of `text` with the spaces between them.
fn join<'a>(text: &'a [u8], words: &[&'a [u8]], from: usize, to: usize) -> &'a [u8] {
    let length = |to: usize| words[..to].iter().map(|word| word.len() + 1).sum::<usize>();
    let start = length(from).min(text.len());
    &text[start..(length(to) - 1).clamp(start, text.len())]
}

fn words(text: &[u8]) -> Vec<&[u8]> {
    text.split(|byte| *byte == b' ').collect()
}

fn slow(data: &[u8]) -> Option<Line<'_>> {
    let text = data.trim_ascii();
    let words = words(text);
    // The time is two words: [06/Feb/2026:00:00:38 +0000]
    let [bucket_owner, bucket_name, day, zone, remote_ip, _, ..] = words[..] else {
        return None;
    };
    if [bucket_owner, bucket_name, remote_ip].contains(&b"".as_slice()) {
        return None;
    }
    let request_time = time(day, zone)?;
    let operation = (7..words.len()).find(|at| is_operation(words[*at]))?;
    let after = join(text, &words, (operation + 1).min(words.len()), words.len());
    let (key, rest) = cut(after);
    let readings = readings(rest);
    let evident = |reading: &&Reading<'_>| reading.evident;
    let best = readings.iter().find(evident).or(readings.first());
    let (request_uri, error_code, tail) = best
        .map_or((b"".as_slice(), b"".as_slice(), b"".as_slice()), |best| {
            (best.request_uri, best.error_code, best.tail)
        });
    Some(Line {
        bucket_owner,
        bucket_name,
        request_time,
        remote_ip,
        requester: join(text, &words, 5, operation - 1),
        request_id: words[operation - 1],
        operation: words[operation],
        key,
        request_uri,
        http_status: if data.len() < 9_997 {
            agreed(&readings)
        } else {
            HttpStatus::Ambiguous
        },
        error_code,
        from_referrer: tail,
    })
}

fn cut(text: &[u8]) -> (&[u8], &[u8]) {
    match text.iter().position(|byte| *byte == b' ') {
        Some(space) => (&text[..space], &text[space + 1..]),
        None => (text, b""),
    }
}

fn is_operation(word: &[u8]) -> bool {
    let fits =
        |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || b"._".contains(byte);
    word.first().is_some_and(u8::is_ascii_uppercase)
        && word.contains(&b'.')
        && word.iter().all(fits)
}

/// One way to read what follows the key.
struct Reading<'a> {
    request_uri: &'a [u8],
    status: HttpStatus,
    error_code: &'a [u8],
    tail: &'a [u8],
    evident: bool,
}

fn readings(text: &[u8]) -> Vec<Reading<'_>> {
    let mut readings = Vec::new();
    if let Some(rest) = text.strip_prefix(b"-") {
        readings.extend(reading(b"-", rest));
    }
    let quotes: Vec<usize> = (0..text.len()).filter(|at| text[*at] == b'"').collect();
    for closing in quotes.iter().skip(1) {
        readings.extend(reading(
            &text[quotes[0] + 1..*closing],
            &text[closing + 1..],
        ));
    }
    readings
}

/// ` 206 - 512 171408 53 52`, and what follows.
fn reading<'a>(request_uri: &'a [u8], text: &'a [u8]) -> Option<Reading<'a>> {
    let words = words(text);
    let [b"", status, error_code, one, two, three, four, ..] = words[..] else {
        return None;
    };
    let number =
        |word: &[u8]| word == b"-" || (!word.is_empty() && word.iter().all(u8::is_ascii_digit));
    let status = match std::str::from_utf8(status).ok()? {
        "-" => HttpStatus::Absent,
        digits if digits.len() == 3 && number(status) => HttpStatus::Code(digits.parse().ok()?),
        _ => return None,
    };
    let uri = String::from_utf8_lossy(request_uri);
    let version: Vec<char> = uri.rsplit(" HTTP/").next().unwrap().chars().collect();
    let protocol = uri.contains(" HTTP/")
        && matches!(version[..], [one, '.', two] if one.is_ascii_digit() && two.is_ascii_digit());
    [one, two, three, four]
        .iter()
        .all(|word| number(word))
        .then(|| Reading {
            request_uri,
            status,
            error_code,
            tail: join(text, &words, 7, words.len()),
            evident: request_uri == b"-" || protocol,
        })
}

/// The status on which all readings agree that count: a `-` counts where a request URI evidently ends.
fn agreed(readings: &[Reading<'_>]) -> HttpStatus {
    let counts = |reading: &&Reading<'_>| reading.status != HttpStatus::Absent || reading.evident;
    let counted: Vec<_> = readings
        .iter()
        .filter(counts)
        .map(|reading| reading.status)
        .collect();
    match counted.split_first() {
        Some((first, others)) if others.iter().all(|other| other == first) => *first,
        Some(_) => HttpStatus::Ambiguous,
        None if readings.is_empty() => HttpStatus::Ambiguous,
        None => HttpStatus::Absent,
    }
}

fn after_referrer(text: &[u8]) -> &[u8] {
    let Some(quoted) = text.strip_prefix(b"\"") else {
        return cut(text).1;
    };
    match quoted.windows(3).position(|three| three == b"\" \"") {
        Some(end) => &quoted[end + 2..],
        None => b"",
    }
}

fn user_agent(text: &[u8]) -> &[u8] {
    match text.strip_prefix(b"\"") {
        None => cut(text).0,
        Some(quoted) => {
            &quoted[..quoted
                .iter()
                .rposition(|byte| *byte == b'"')
                .unwrap_or(quoted.len())]
        }
    }
}

/// `[06/Feb/2026:00:00:38` and `+0000]` in epoch seconds.
fn time(day: &[u8], zone: &[u8]) -> Option<i64> {
    const MONTHS: &str = "janfebmaraprmayjunjulaugsepoctnovdec";
    let (day, zone) = (
        std::str::from_utf8(day).ok()?,
        std::str::from_utf8(zone).ok()?,
    );
    if (day.len(), zone.len()) != (21, 6) || !day.is_ascii() || !zone.is_ascii() {
        return None;
    }
    let marks = [
        (0, '['),
        (3, '/'),
        (7, '/'),
        (12, ':'),
        (15, ':'),
        (18, ':'),
    ];
    let marked = marks.iter().all(|(at, mark)| day[*at..].starts_with(*mark));
    let number = |text: &str| -> Option<i64> {
        text.bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| text.parse().ok())?
    };
    let month = MONTHS
        .find(&day[4..7].to_lowercase())
        .filter(|at| at % 3 == 0)? as i64
        / 3;
    let (date, year) = (number(&day[1..3])?, number(&day[8..12])?);
    let (hour, minute, second) = (
        number(&day[13..15])?,
        number(&day[16..18])?,
        number(&day[19..21])?,
    );
    let (east, west) = (zone.starts_with('+'), zone.starts_with('-'));
    let (hours, minutes) = (number(&zone[1..3])?, number(&zone[3..5])?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let lengths = [
        31,
        28 + i64::from(leap),
        31,
        30,
        31,
        30,
        31,
        31,
        30,
        31,
        30,
        31,
    ];
    let exists =
        (1..=lengths[month as usize]).contains(&date) && hour < 24 && minute < 60 && second <= 60;
    let shaped = marked && (east || west) && zone.ends_with(']') && hours <= 25 && minutes < 60;
    let before: i64 = (0..year)
        .map(|year| 365 + i64::from(year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)))
        .sum();
    let days = before - 719_528 + lengths[..month as usize].iter().sum::<i64>() + date - 1;
    let offset = (hours * 3600 + minutes * 60) * if west { -1 } else { 1 };
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second.min(59) - offset;
    // The calendar's last instant is 9999-12-30T22:00:00Z.
    (exists && shaped && seconds <= 253_402_207_200).then_some(seconds)
}
