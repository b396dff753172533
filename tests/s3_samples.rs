//! Every line of a folder of real S3 server access logs, read by the grammar and by a slow reference that knows
//! nothing of it.
//!
//! `S3NEWIP_S3_SAMPLES` names a folder of logs, `*.log`; without it nothing is tested. The collection that the numbers
//! below belong to was put together from public repositories, and is not ours to hand on.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;

use s3newip::accesslog::{self, HttpStatus};

const FOLDER: &str = "S3NEWIP_S3_SAMPLES";

/// What was found in the collection, each line that is not plain looked at by eye: how often each status, and of the
/// ambiguous ones, a forged response, a line cut after its key, two records on one line and three inside JSON.
const KNOWN: [(&str, usize); 11] = [
    ("-", 4),
    ("200", 229),
    ("204", 21),
    ("206", 998),
    ("304", 8),
    ("307", 1),
    ("400", 2),
    ("403", 1),
    ("404", 18),
    ("ambiguous", 4),
    // Its day is the 45th of November.
    ("not a line", 1),
];
const KNOWN_FILES: usize = 29;

/// Bucket, address and status, told apart by the spaces of the line alone.
struct Reference<'a> {
    bucket_name: &'a str,
    remote_ip: &'a str,
    /// The word after the first `HTTP/x.y"`; after the request URI where that is a dash.
    http_status: Option<&'a str>,
}

impl<'a> Reference<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let words: Vec<&str> = line.trim().split(' ').collect();
        let is_operation = |word: &&str| {
            let interfaces = ["REST.", "WEBSITE.", "BATCH.", "SOAP.", "S3."];
            interfaces.iter().any(|name| word.starts_with(name))
        };
        let uri = 2 + words.iter().position(is_operation)?;
        let uri_end = if ["-", "\"-\""].contains(words.get(uri).unwrap_or(&"")) {
            Some(uri)
        } else {
            let is_protocol = |word: &&str| word.starts_with("HTTP/") && word.ends_with('"');
            words.iter().position(is_protocol)
        };
        Some(Self {
            bucket_name: words.get(1)?,
            remote_ip: words.get(4)?,
            http_status: uri_end.and_then(|end| words.get(end + 1).copied()),
        })
    }
}

/// Reads a line both ways, and answers with what the grammar makes of its status.
fn compare(line: &str) -> String {
    let Ok(read) = accesslog::parse(line.as_bytes()) else {
        return "not a line".to_owned();
    };
    let Some(reference) = Reference::read(line) else {
        return "not a line for the reference".to_owned();
    };
    assert_eq!(read.bucket_name, reference.bucket_name.as_bytes(), "{line}");
    assert_eq!(read.remote_ip, reference.remote_ip.as_bytes(), "{line}");
    assert_eq!(
        accesslog::http_status(line.as_bytes()),
        Some(read.http_status),
        "{line}"
    );
    let status = match read.http_status {
        HttpStatus::Code(code) => code.to_string(),
        HttpStatus::Absent => "-".to_owned(),
        HttpStatus::Ambiguous => return "ambiguous".to_owned(),
    };
    assert_eq!(Some(status.as_str()), reference.http_status, "{line}");
    status
}

#[test]
fn real_lines_are_read_as_a_person_reads_them() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else {
        println!("skipped: {FOLDER} does not name a folder of S3 access logs");
        return;
    };
    if !folder.is_dir() {
        println!(
            "skipped: {FOLDER} names {}, which is no folder",
            folder.display()
        );
        return;
    }
    let entries = fs::read_dir(&folder).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension() == Some(OsStr::new("log")));
    paths.sort();
    let mut found = BTreeMap::<String, usize>::new();
    for path in &paths {
        for (number, line) in (1..).zip(fs::read_to_string(path).unwrap().lines()) {
            let status = compare(line);
            let place = format!("{}:{number}", path.file_name().unwrap().display());
            match accesslog::parse(line.as_bytes()) {
                Err(error) => println!("{place}: not a line: {error}"),
                Ok(_) if status == "ambiguous" => println!("{place}: ambiguous: {line}"),
                Ok(_) => {}
            }
            *found.entry(status).or_default() += 1;
        }
    }
    let lines: usize = found.values().sum();
    println!("{} files, {lines} lines: {found:?}", paths.len());
    if (paths.len(), lines) == (KNOWN_FILES, KNOWN.iter().map(|(_, count)| count).sum()) {
        let known = KNOWN.map(|(status, count)| (status.to_owned(), count));
        assert_eq!(found, BTreeMap::from(known));
    } else {
        println!("this is another collection: its numbers are not checked");
    }
}
