//! info.csv: arbitrary text, and a file made of arbitrary cells (a line each).

use s3newip::csv::{Header, RecordReader, decoded, push_cell};
use s3newip::reltime::Zone;
use s3newip::splunk::job_info::JobInfo;
use s3newip::text::timestamp::Timestamp;

use super::csv_reference::records;
use super::short_reads::ShortReads;

/// See the table in [`super`].
pub fn check(data: &[u8]) {
    let found = JobInfo::parse(data);
    let cut = JobInfo::parse(ShortReads::new(data, data.len() as u8));
    assert_eq!((cut.now, &cut.zone), (found.now, &found.zone));
    assert_eq!(cut.in_cluster, found.in_cluster);
    if records(data).is_some()
        && let Some((now, zone)) = ours(data)
    {
        assert_eq!((found.now, found.zone), (now, zone));
    }
    check_made(data);
    let sid = String::from_utf8_lossy(data);
    let now = JobInfo::default().now(&sid, -1);
    assert!(now == -1 || sid.contains(&now.to_string()));
}

/// What our own reader finds in the first two rows; `None` where they are not CSV, or one of them is an empty line.
fn ours(data: &[u8]) -> Option<(Option<i64>, Option<Zone>)> {
    let mut reader = RecordReader::new(data);
    let header = Header::new(&reader.next_record().ok()??.record);
    let row = reader.next_record().ok()??;
    if header.names().eq([b""]) || row.record.bytes().is_empty() {
        return None;
    }
    let cell = |name: &[u8]| {
        let column = header.position(name)?;
        (column < row.record.cells()).then(|| decoded(row.record.raw(column)).into_owned())
    };
    Some(meant(cell(b"now"), cell(b"_tz")))
}

fn meant(now: Option<Vec<u8>>, zone: Option<Vec<u8>>) -> (Option<i64>, Option<Zone>) {
    let now = now.and_then(|text| Timestamp::parse(&text));
    let zone = zone.and_then(|text| String::from_utf8(text).ok());
    (
        now.map(Timestamp::seconds).filter(|now| *now > 0),
        zone.and_then(|text| Zone::from_splunk(&text)),
    )
}

/// `now` and `_tz` are read unchanged, with any text in the other cells.
fn check_made(data: &[u8]) {
    let mut cells = data
        .splitn(4, |byte| *byte == b'\n')
        .chain([b"".as_slice(); 3]);
    let [now, zone, token] = std::array::from_fn(|_| cells.next().unwrap_or_default());
    let mut text = b"_auth_token,now,_sid,_tz\n".to_vec();
    for (index, cell) in [token, now, token, zone].iter().enumerate() {
        text.extend((index > 0).then_some(b','));
        push_cell(&mut text, cell);
    }
    text.extend_from_slice(b"\n,,,,DEBUG,\"");
    text.extend_from_slice(token);
    let info = JobInfo::parse(text.as_slice());
    let expected = meant(Some(now.to_vec()), Some(zone.to_vec()));
    assert_eq!((info.now, info.zone), expected);
}
