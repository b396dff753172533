//! Recorded sessions: what a real splunkd wrote to the standard input of other commands, read in place.
//!
//! `S3NEWIP_RECORDINGS` names their folder: `*.input` and `*.input.gz`, each a stream of frames.

use super::frames::frame;
use csv::{ByteRecord, ReaderBuilder};
use flate2::read::MultiGzDecoder;
use serde_json::{Value, json};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// One recorded session.
pub(crate) struct Recording {
    /// The file's name.
    pub(crate) name: String,
    /// The metadata of getinfo.
    pub(crate) getinfo: Value,
    /// Metadata and body of each execute request.
    pub(crate) requests: Vec<(String, Vec<u8>)>,
    /// The whole stream.
    pub(crate) stream: Vec<u8>,
}

/// Every recording in the folder; none, with the reason printed, where there is no folder.
pub(crate) fn recordings() -> Vec<Recording> {
    let Some(folder) = std::env::var_os("S3NEWIP_RECORDINGS").filter(|folder| !folder.is_empty())
    else {
        println!("skipped: S3NEWIP_RECORDINGS names no folder of recorded sessions");
        return Vec::new();
    };
    let Ok(entries) = fs::read_dir(&folder) else {
        println!(
            "skipped: S3NEWIP_RECORDINGS={} is no folder",
            folder.display()
        );
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.retain(|path| {
        [".input", ".input.gz"]
            .iter()
            .any(|end| path.to_string_lossy().ends_with(end))
    });
    paths.sort();
    assert!(!paths.is_empty(), "no recording in {}", folder.display());
    paths.iter().map(|path| Recording::read(path)).collect()
}

impl Recording {
    fn read(path: &Path) -> Self {
        let file = fs::read(path).expect("a recording is read");
        let mut stream = Vec::new();
        if path.extension().is_some_and(|extension| extension == "gz") {
            MultiGzDecoder::new(file.as_slice())
                .read_to_end(&mut stream)
                .expect("a recording is unpacked");
        } else {
            stream = file;
        }
        let mut rest = stream.as_slice();
        let mut requests = Vec::new();
        while !rest.is_empty() {
            requests.push(take_frame(&mut rest));
        }
        let (getinfo, _) = requests.remove(0);
        Self {
            name: path
                .file_name()
                .expect("a file")
                .to_string_lossy()
                .into_owned(),
            getinfo: serde_json::from_str(&getinfo).expect("getinfo is JSON"),
            requests,
            stream,
        }
    }

    /// The recorded arguments.
    pub(crate) fn args(&self) -> Vec<&str> {
        let args = self.getinfo["searchinfo"]["args"]
            .as_array()
            .into_iter()
            .flatten();
        args.filter_map(Value::as_str).collect()
    }

    /// The recorded getinfo with our arguments in place of the recorded ones.
    pub(crate) fn getinfo_with(&self, args: &[&str]) -> String {
        let mut getinfo = self.getinfo.clone();
        getinfo["searchinfo"]["args"] = json!(args);
        getinfo["searchinfo"]["raw_args"] = json!(args);
        getinfo.to_string()
    }

    /// The execute requests as they were recorded.
    pub(crate) fn frames(&self) -> impl Iterator<Item = Vec<u8>> {
        self.requests
            .iter()
            .map(|(metadata, body)| frame(metadata, body))
    }

    /// The columns of the recorded rows; the same in all chunks of a recording.
    pub(crate) fn columns(&self) -> Vec<String> {
        let bodies = self.requests.iter().map(|(_, body)| table(body));
        let header = bodies
            .flat_map(|table| table.into_iter().next())
            .next()
            .unwrap_or_default();
        header
            .iter()
            .map(|name| String::from_utf8_lossy(name).into_owned())
            .collect()
    }

    /// The recorded rows, headers left out.
    pub(crate) fn rows(&self) -> Vec<ByteRecord> {
        self.requests
            .iter()
            .flat_map(|(_, body)| table(body).into_iter().skip(1))
            .collect()
    }
}

fn table(body: &[u8]) -> Vec<ByteRecord> {
    let reader = ReaderBuilder::new().has_headers(false).from_reader(body);
    reader
        .into_byte_records()
        .map(|record| record.expect("recorded rows are a table"))
        .collect()
}

fn take_frame(rest: &mut &[u8]) -> (String, Vec<u8>) {
    let end = rest
        .iter()
        .position(|byte| *byte == b'\n')
        .expect("a header line");
    let header = str::from_utf8(&rest[..end]).expect("an ASCII header");
    let lengths: Vec<usize> = header
        .split(',')
        .skip(1)
        .map(|length| length.parse().expect("a length"))
        .collect();
    let (metadata, after) = rest[end + 1..].split_at(lengths[0]);
    let (body, after) = after.split_at(lengths[1]);
    *rest = after;
    (
        String::from_utf8(metadata.to_vec()).expect("UTF-8 metadata"),
        body.to_vec(),
    )
}
