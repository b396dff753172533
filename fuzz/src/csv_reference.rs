//! CSV as the `csv` crate reads it, where that can be compared with ours.

/// The records of `text`, empty lines left out; `None` where the two readers differ on purpose: the crate ends a line at
/// a lone CR and drops a byte order mark.
pub(super) fn records(text: &[u8]) -> Option<Vec<Vec<Vec<u8>>>> {
    let lone_cr = text
        .iter()
        .enumerate()
        .any(|(at, byte)| *byte == b'\r' && text.get(at + 1) != Some(&b'\n'));
    if lone_cr || text.starts_with(b"\xef\xbb\xbf") {
        return None;
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text);
    let cells = |record: csv::ByteRecord| record.iter().map(<[u8]>::to_vec).collect();
    let records = reader
        .byte_records()
        .map(|record| cells(record.expect("the crate reads any bytes")));
    Some(records.collect())
}
