//! Chunks on the wire, in both directions; the reader is strict where splunkd is.
//!
//! ```text
//! chunked 1.0,<metadata bytes>,<body bytes>\n<metadata JSON><body CSV>
//! ```

use serde_json::Value;
use std::io::{BufRead, Read};

/// The longest reply header there can be: two lengths of 20 digits.
const HEADER_LIMIT: u64 = 64;

/// One request, as splunkd writes it.
pub(crate) fn frame(metadata: &str, body: &[u8]) -> Vec<u8> {
    let mut wire =
        format!("chunked 1.0,{},{}\n{metadata}", metadata.len(), body.len()).into_bytes();
    wire.extend_from_slice(body);
    wire
}

/// One reply of the command, with nothing interpreted away.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    /// The metadata as it was written: the order of the keys matters to splunkd.
    pub(crate) metadata_text: String,
    /// The metadata as JSON.
    pub(crate) metadata: Value,
    /// The CSV body.
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// The value of `finished`; false where the key is missing.
    pub(crate) fn finished(&self) -> bool {
        self.metadata["finished"].as_bool().unwrap_or(false)
    }

    /// The text of a fatal error.
    pub(crate) fn error(&self) -> Option<&str> {
        self.metadata["error"].as_str()
    }

    /// The messages for the user: level and text.
    pub(crate) fn messages(&self) -> Vec<(String, String)> {
        let Some(messages) = self.metadata["inspector"]["messages"].as_array() else {
            return Vec::new();
        };
        let text = |value: &Value| value.as_str().expect("a message is two strings").to_owned();
        messages
            .iter()
            .map(|pair| (text(&pair[0]), text(&pair[1])))
            .collect()
    }
}

/// Reads one reply; `None` at the end of the stream before its first byte.
pub(crate) fn read_reply(stream: &mut impl BufRead) -> Result<Option<Reply>, String> {
    let mut header = Vec::new();
    let read = stream
        .by_ref()
        .take(HEADER_LIMIT)
        .read_until(b'\n', &mut header);
    read.map_err(|error| format!("reading a reply's header: {error}"))?;
    if header.is_empty() {
        return Ok(None);
    }
    let (metadata_length, body_length) = lengths_of(&header)?;
    let metadata_text = String::from_utf8(read_exactly(stream, metadata_length, "metadata")?)
        .map_err(|error| format!("the reply's metadata is not UTF-8: {error}"))?;
    let body = read_exactly(stream, body_length, "body")?;
    let metadata: Value = serde_json::from_str(&metadata_text)
        .map_err(|error| format!("the reply's metadata is not JSON ({error}): {metadata_text}"))?;
    super::reply_rules::check(&metadata, &metadata_text)?;
    Ok(Some(Reply {
        metadata_text,
        metadata,
        body,
    }))
}

fn lengths_of(header: &[u8]) -> Result<(u64, u64), String> {
    let wrong = || {
        format!(
            "expected a reply header `chunked 1.0,M,N`, found {:?}",
            header.escape_ascii().to_string()
        )
    };
    let text = str::from_utf8(header).map_err(|_| wrong())?;
    let lengths = text
        .strip_prefix("chunked 1.0,")
        .and_then(|rest| rest.strip_suffix('\n'))
        .ok_or_else(wrong)?;
    let (metadata, body) = lengths.split_once(',').ok_or_else(wrong)?;
    Ok((
        length_of(metadata).ok_or_else(wrong)?,
        length_of(body).ok_or_else(wrong)?,
    ))
}

fn length_of(digits: &str) -> Option<u64> {
    digits
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| digits.parse().ok())
        .flatten()
}

fn read_exactly(stream: &mut impl Read, length: u64, what: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = stream.take(length).read_to_end(&mut bytes);
    read.map_err(|error| format!("reading a reply's {what}: {error}"))?;
    if bytes.len() as u64 != length {
        return Err(format!(
            "the reply's header promises {length} bytes of {what}, there are {}",
            bytes.len()
        ));
    }
    Ok(bytes)
}
