//! A stream on standard input: arbitrary bytes where frames should be. The first byte says how the stream is cut.

use s3newip::splunk::frame::{Header, header_line, parse_header};

use super::sessions::run_session;
use super::temp_app::TempApp;

/// See the table in [`super`].
pub fn check(data: &[u8]) {
    let Some((seed, stream)) = data.split_first() else {
        return;
    };
    for line in stream.split(|byte| *byte == b'\n') {
        check_header(line);
    }
    let whole = TempApp::new();
    let transcript = run_session(whole.path(), stream, None);
    check_left_overs(&whole, transcript.succeeded());
    // A message may hold the folder's path, so the second session has the same folder.
    for name in whole.names() {
        std::fs::remove_file(whole.lookups().join(name)).unwrap();
    }
    assert_eq!(run_session(whole.path(), stream, Some(*seed)), transcript);
    check_left_overs(&whole, transcript.succeeded());
}

fn check_header(line: &[u8]) {
    let header = parse_header(line);
    assert_eq!(header, slow(line), "{:?}", line.escape_ascii().to_string());
    if let Some(header) = header {
        let line = header_line(header);
        assert_eq!(parse_header(line.trim_end().as_bytes()), Some(header));
    }
}

/// After a success there may be a history, and no other file. After a failure there is no file.
fn check_left_overs(app: &TempApp, succeeded: bool) {
    let names = app.names();
    let published = names.iter().all(|name| name.ends_with(".csv")) && names.len() < 2;
    assert!(
        if succeeded {
            published
        } else {
            names.is_empty()
        },
        "{names:?}"
    );
}

/// Reads a header line letter by letter.
fn slow(line: &[u8]) -> Option<Header> {
    let letters: Vec<char> = std::str::from_utf8(line).ok()?.chars().collect();
    let fields: Vec<&[char]> = letters.split(|letter| *letter == ',').collect();
    let [start, metadata, body] = fields[..] else {
        return None;
    };
    let (name, version) = start.split_at_checked(7)?;
    let spaced = matches!(version.first(), Some(' ' | '\t'));
    let named = name.iter().collect::<String>() == "chunked";
    let version: String = trimmed(version).iter().collect();
    if !spaced || !named || version != "1.0" {
        return None;
    }
    Some(Header {
        metadata: number(trimmed(metadata))?,
        body: number(trimmed(body))?,
    })
}

fn trimmed(mut letters: &[char]) -> &[char] {
    while let [first, rest @ ..] = letters
        && first.is_whitespace()
    {
        letters = rest;
    }
    while let [rest @ .., last] = letters
        && last.is_whitespace()
    {
        letters = rest;
    }
    letters
}

fn number(digits: &[char]) -> Option<u64> {
    let mut value: u128 = 0;
    for digit in digits {
        let digit = "0123456789".find(*digit)? as u128;
        value = value.saturating_mul(10).saturating_add(digit);
    }
    u64::try_from(value).ok().filter(|_| !digits.is_empty())
}
