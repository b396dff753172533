//! The frames of Splunk's chunked protocol, version 1.0: their header lines.
//!
//! ```text
//! chunked 1.0,<metadata bytes>,<body bytes>\n<metadata JSON><body CSV>
//! ```
//!
//! Lengths are bytes of the encoded text. splunkd sends the header line exactly so (all recorded sessions). The Python SDK
//! also accepts spaces around the version and the lengths (`search_command.py`), and so does this module. A length is not
//! trusted: memory is allocated only for bytes that have arrived.

/// The longest header line, in bytes with its line feed: two 20-digit numbers and some spaces fit.
pub const MAX_HEADER_BYTES: usize = 64;

/// The largest metadata, in bytes. splunkd's hold the text of the search, which is far shorter.
pub const MAX_METADATA_BYTES: u64 = 16 << 20;

/// The two lengths of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// The length of the metadata, in bytes.
    pub metadata: u64,
    /// The length of the body, in bytes.
    pub body: u64,
}

/// Reads a header line without its line feed. `None` where it does not have that form.
pub fn parse_header(line: &[u8]) -> Option<Header> {
    let line = std::str::from_utf8(line).ok()?;
    let mut parts = line.split(',');
    let (start, metadata, body) = (parts.next()?, parts.next()?, parts.next()?);
    let version = start.strip_prefix("chunked")?;
    let spaced = version.starts_with([' ', '\t']);
    if parts.next().is_some() || !spaced || version.trim() != "1.0" {
        return None;
    }
    Some(Header {
        metadata: length(metadata)?,
        body: length(body)?,
    })
}

fn length(text: &str) -> Option<u64> {
    let digits = text.trim();
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| plain)
}

/// The header line of a frame, with its line feed.
pub fn header_line(header: Header) -> String {
    format!("chunked 1.0,{},{}\n", header.metadata, header.body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_lines_are_read() {
        let header = |metadata, body| Some(Header { metadata, body });
        let cases = [
            ("chunked 1.0,734,0", header(734, 0)),
            ("chunked  1.0 , 36 , 3108 ", header(36, 3108)),
            ("chunked\t1.0,0,0", header(0, 0)),
            ("chunked 1.0,1,18446744073709551615", header(1, u64::MAX)),
            ("chunked 1.0,1,18446744073709551616", None),
            ("chunked1.0,1,2", None),
            ("chunked 1x0,1,2", None),
            ("chunked 2.0,1,2", None),
            ("chunked 1.0,1", None),
            ("chunked 1.0,1,2,3", None),
            ("chunked 1.0,,2", None),
            ("chunked 1.0,+1,2", None),
            ("chunked 1.0,-1,2", None),
            ("chunked 1.0,0x1,2", None),
            ("Chunked 1.0,1,2", None),
            ("splunkVersion:8.0.3", None),
            ("", None),
        ];
        for (line, expected) in cases {
            assert_eq!(parse_header(line.as_bytes()), expected, "{line:?}");
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let header = Header {
            metadata: 17,
            body: u64::MAX,
        };
        let line = header_line(header);
        assert!(line.len() <= MAX_HEADER_BYTES);
        assert_eq!(
            parse_header(line.trim_end_matches('\n').as_bytes()),
            Some(header)
        );
    }
}
