//! A field of a line: up to the next space.

use memchr::memchr;

/// The field up to the first space, and the text after that space. Without a space, the field is the whole text.
pub(super) fn split_field(text: &[u8]) -> (&[u8], &[u8]) {
    let Some(space) = memchr(b' ', text) else {
        return (text, b"");
    };
    let (field, rest) = text.split_at(space);
    (field, rest.get(1..).unwrap_or_default())
}
