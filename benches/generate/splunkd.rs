//! What splunkd writes to a command's standard input, and the same rows as a plain CSV for contenders without it.
//!
//! ```text
//! chunked 1.0,<metadata bytes>,<body bytes>\n<metadata><body>
//! ```
//!
//! splunkd's dialect: lines end in LF; everything that holds anything but letters and digits is quoted; after the
//! columns come their `__mv_` twins in the same order, empty where a field has one value. A non-streaming command
//! gets every column there is. The plain CSV quotes only where it must and has no twins.

use crate::pairs::NOW;
use std::io::{self, Write};

/// splunkd's rows a chunk, as a search over an index sends them.
const ROWS_PER_CHUNK: u64 = 6_000;

/// Fills one value of a row: the column's number and name, and where its text goes. A multivalue field's values
/// are separated by a newline.
pub(crate) trait Row {
    fn write_value(&self, name: &str, to: &mut Vec<u8>) -> io::Result<()>;
}

/// The search whose stream is made.
pub(crate) struct Search {
    pub(crate) dispatch_dir: String,
    pub(crate) arguments: Vec<String>,
}

impl Search {
    /// Writes the frame that opens every conversation.
    pub(crate) fn write_getinfo(&self, to: &mut impl Write) -> io::Result<()> {
        let quoted: Vec<String> = self
            .arguments
            .iter()
            .map(|argument| json(argument))
            .collect();
        let arguments = quoted.join(",");
        let dispatch_dir = json(&self.dispatch_dir);
        let metadata = format!(
            "{{\"action\":\"getinfo\",\"preview\":false,\"streaming_command_will_restart\":false,\"searchinfo\":{{\
             \"args\":[{arguments}],\"raw_args\":[{arguments}],\"dispatch_dir\":{dispatch_dir},\"sid\":\"{NOW}.42\",\
             \"app\":\"search\",\"owner\":\"admin\",\"username\":\"admin\",\"session_key\":\"\",\
             \"splunkd_uri\":\"https://127.0.0.1:8089\",\"splunk_version\":\"9.4.2\",\
             \"search\":\"search%20%60aws_s3_accesslogs%60%20%7C%20s3newip\",\"command\":\"s3newip\",\
             \"maxresultrows\":50000,\"earliest_time\":\"{}\",\"latest_time\":\"{NOW}\"}}}}",
            NOW - 4_200
        );
        write_frame(&metadata, &[], to)
    }

    /// Writes the part of `info.csv` that names the search's now, into the dispatch folder.
    pub(crate) fn write_info(&self) -> io::Result<()> {
        std::fs::create_dir_all(&self.dispatch_dir)?;
        let info = format!(
            "_sid,_timestamp,now,_search_StartTime\n{NOW}.42,{NOW}.936374000,{NOW}.000000000,{NOW}.934936000\n"
        );
        std::fs::write(format!("{}/info.csv", self.dispatch_dir), info)
    }
}

/// Writes all rows as execute frames to one place and as a plain CSV to another.
pub(crate) fn write_rows<R: Row>(
    columns: &[&str],
    rows: u64,
    row: impl Fn(u64) -> R,
    stream: &mut impl Write,
    plain: &mut impl Write,
) -> io::Result<()> {
    let mut body = Vec::new();
    let mut line = columns.join(",").into_bytes();
    line.push(b'\n');
    for number in 0..rows {
        if number % ROWS_PER_CHUNK == 0 {
            write_header(columns, &mut body)?;
        }
        write_row(columns, &row(number), &mut body, &mut line)?;
        plain.write_all(&line)?;
        line.clear();
        let last = number + 1 == rows;
        if last || (number + 1) % ROWS_PER_CHUNK == 0 {
            write_frame(
                &format!("{{\"action\":\"execute\",\"finished\":{last}}}"),
                &body,
                stream,
            )?;
            body.clear();
        }
    }
    Ok(())
}

pub(crate) fn write_header(columns: &[&str], body: &mut Vec<u8>) -> io::Result<()> {
    for (position, name) in columns.iter().enumerate() {
        if position > 0 {
            body.push(b',');
        }
        push_as_splunkd(name.as_bytes(), body);
    }
    for name in columns {
        write!(body, ",\"__mv_{name}\"")?;
    }
    body.push(b'\n');
    Ok(())
}

pub(crate) fn write_row(
    columns: &[&str],
    row: &impl Row,
    body: &mut Vec<u8>,
    line: &mut Vec<u8>,
) -> io::Result<()> {
    let mut twins = Vec::new();
    let mut value = Vec::new();
    for (position, name) in columns.iter().enumerate() {
        value.clear();
        row.write_value(name, &mut value)?;
        if position > 0 {
            body.push(b',');
            line.push(b',');
        }
        push_as_splunkd(&value, body);
        twins.push(b',');
        push_twin(&value, &mut twins);
        for byte in &mut value {
            if *byte == b'\n' {
                *byte = b' ';
            }
        }
        push_plain(&value, line);
    }
    body.append(&mut twins);
    body.push(b'\n');
    line.push(b'\n');
    Ok(())
}

fn push_as_splunkd(value: &[u8], to: &mut Vec<u8>) {
    if value.iter().all(u8::is_ascii_alphanumeric) {
        to.extend_from_slice(value);
    } else {
        push_quoted(value, to);
    }
}

fn push_plain(value: &[u8], to: &mut Vec<u8>) {
    if value
        .iter()
        .any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r'))
    {
        push_quoted(value, to);
    } else {
        to.extend_from_slice(value);
    }
}

fn push_quoted(value: &[u8], to: &mut Vec<u8>) {
    to.push(b'"');
    for &byte in value {
        if byte == b'"' {
            to.push(b'"');
        }
        to.push(byte);
    }
    to.push(b'"');
}

fn push_twin(value: &[u8], to: &mut Vec<u8>) {
    if !value.contains(&b'\n') {
        return;
    }
    let values: Vec<&[u8]> = value.split(|&byte| byte == b'\n').collect();
    to.extend_from_slice(b"\"$");
    to.extend_from_slice(&values.join(b"$;$".as_slice()));
    to.extend_from_slice(b"$\"");
}

fn write_frame(metadata: &str, body: &[u8], to: &mut impl Write) -> io::Result<()> {
    write!(
        to,
        "chunked 1.0,{},{}\n{metadata}",
        metadata.len(),
        body.len()
    )?;
    to.write_all(body)
}

fn json(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
