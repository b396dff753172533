//! Quotes around cells: removed and added.

use std::borrow::Cow;

/// The value of a raw cell: without the quotes around it, each doubled quote made one.
#[inline]
pub fn decoded(raw: &[u8]) -> Cow<'_, [u8]> {
    let Some(inner) = strip_quotes(raw) else {
        return Cow::Borrowed(raw);
    };
    match memchr::memchr(b'"', inner) {
        None => Cow::Borrowed(inner),
        Some(_) => Cow::Owned(undoubled(inner)),
    }
}

/// What is between the quotes of a quoted raw cell: the value with its own quotes still doubled. `None` for a plain cell.
#[inline]
pub(crate) fn strip_quotes(raw: &[u8]) -> Option<&[u8]> {
    raw.strip_prefix(b"\"")?.strip_suffix(b"\"")
}

fn undoubled(inner: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((before, after)) =
        memchr::memchr(b'"', rest).and_then(|at| rest.split_at_checked(at + 1))
    {
        value.extend_from_slice(before);
        rest = after.strip_prefix(b"\"").unwrap_or(after);
    }
    value.extend_from_slice(rest);
    value
}

/// Appends `value` to `out` as a cell. It is quoted where it holds a comma, a quote or a line ending, or where it begins
/// or ends with a space, which some readers trim.
pub fn push_cell(out: &mut Vec<u8>, value: &[u8]) {
    if !needs_quotes(value) {
        out.extend_from_slice(value);
        return;
    }
    out.push(b'"');
    for part in value.split_inclusive(|byte| *byte == b'"') {
        out.extend_from_slice(part);
        if part.ends_with(b"\"") {
            out.push(b'"');
        }
    }
    out.push(b'"');
}

/// The record of these values, with a line feed.
pub(crate) fn encode_record<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut record = Vec::new();
    for value in values {
        push_cell(&mut record, value);
        record.push(b',');
    }
    record.pop();
    record.push(b'\n');
    record
}

fn needs_quotes(value: &[u8]) -> bool {
    let special = |byte: &u8| matches!(byte, b',' | b'"' | b'\n' | b'\r');
    // No special byte is above the comma. Few values have a byte up to it, and the minimum is found without branches.
    let lowest = value.iter().fold(u8::MAX, |lowest, byte| lowest.min(*byte));
    lowest <= b',' && (value.iter().any(special) || is_space_padded(value))
}

/// Whether `value` begins or ends with a space.
#[inline]
pub(crate) fn is_space_padded(value: &[u8]) -> bool {
    value.starts_with(b" ") || value.ends_with(b" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_comes_back_as_it_went_in() {
        for value in [
            "", "a", "a,b", "\"", "\"\"", "a\"b\"", "x\ny", "x\r", " x", "x ", "-", "ü",
        ] {
            let mut out = Vec::new();
            push_cell(&mut out, value.as_bytes());
            assert_eq!(decoded(&out), value.as_bytes(), "{value:?}");
        }
    }

    #[test]
    fn a_quote_inside_a_plain_cell_is_an_ordinary_byte() {
        assert_eq!(decoded(b"a\"\"b"), b"a\"\"b".as_slice());
    }
}
