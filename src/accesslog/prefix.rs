//! The fields up to the operation: written by S3 alone, and what makes a line an access log line.
//!
//! ```text
//! bucket_owner bucket_name [request_time] remote_ip requester... request_id operation
//! ```
//!
//! Owner and bucket have only the characters that those names have. JSON starts with a brace, a bracket or a quote, so
//! that no JSON is a line, whatever a client made it say further on.

use super::error::MissingField;
use super::field::split_field;
use super::time;

const BUCKET_OWNER: &str = "the bucket owner (letters, digits, . _ - :)";
const BUCKET_NAME: &str = "the bucket name (letters, digits, . _ - :)";
const TIME: &str = "the request time, such as [06/Feb/2026:00:00:38 +0000]";
const OPERATION: &str = "requester, request ID and an operation such as REST.GET.OBJECT";

pub(super) struct Prefix<'a> {
    pub(super) bucket_owner: &'a [u8],
    pub(super) bucket_name: &'a [u8],
    pub(super) remote_ip: &'a [u8],
    pub(super) requester: &'a [u8],
    pub(super) request_id: &'a [u8],
    pub(super) operation: &'a [u8],
    /// The line after the operation: from the key on.
    pub(super) rest: &'a [u8],
    time: &'a [u8],
    /// The line from the time on.
    from_time: &'a [u8],
}

impl<'a> Prefix<'a> {
    /// Reads a line without white space before it.
    ///
    /// # Errors
    /// The first field that is missing.
    pub(super) fn read(line: &'a [u8]) -> Result<Self, MissingField<'a>> {
        let (bucket_owner, rest) = name(line, BUCKET_OWNER)?;
        let (bucket_name, from_time) = name(rest, BUCKET_NAME)?;
        let (time, rest) = time::split(from_time).ok_or(MissingField {
            expected: TIME,
            rest: from_time,
        })?;
        let (remote_ip, from_requester) = required(rest, "the remote IP")?;
        let caller = Caller::read(from_requester).ok_or(MissingField {
            expected: OPERATION,
            rest: from_requester,
        })?;
        Ok(Self {
            bucket_owner,
            bucket_name,
            remote_ip,
            requester: caller.requester,
            request_id: caller.request_id,
            operation: caller.operation,
            rest: caller.rest,
            time,
            from_time,
        })
    }

    /// The request time in epoch seconds.
    ///
    /// # Errors
    /// A date or a time of day that does not exist.
    pub(super) fn request_time(&self) -> Result<i64, MissingField<'a>> {
        time::epoch_seconds(self.time).ok_or(MissingField {
            expected: TIME,
            rest: self.from_time,
        })
    }
}

/// The field up to the next space, and the text after it: both must be there.
fn required<'a>(
    text: &'a [u8],
    expected: &'static str,
) -> Result<(&'a [u8], &'a [u8]), MissingField<'a>> {
    match split_field(text) {
        ([], _) | (_, []) => Err(MissingField {
            expected,
            rest: text,
        }),
        split => Ok(split),
    }
}

/// [`required`] for a field that is a name: letters, digits, and `.`, `_`, `-`, `:`.
#[inline(always)]
fn name<'a>(
    text: &'a [u8],
    expected: &'static str,
) -> Result<(&'a [u8], &'a [u8]), MissingField<'a>> {
    let split = required(text, expected)?;
    if is_name(split.0) {
        Ok(split)
    } else {
        Err(MissingField {
            expected,
            rest: text,
        })
    }
}

/// The bytes of a name that are checked together.
const PIECE: usize = 16;

/// Letters, digits, `.`, `_`, `-` and `:`. In pieces of one length, the last of which may overlap the one before: then
/// each takes a few instructions.
#[inline(never)]
fn is_name(word: &[u8]) -> bool {
    let (pieces, rest) = word.as_chunks();
    let rest_fits = || match word.last_chunk() {
        Some(end) => is_name_piece(end),
        None => rest.iter().all(|byte| is_name_byte(*byte)),
    };
    pieces.iter().all(is_name_piece) && (rest.is_empty() || rest_fits())
}

#[inline(always)]
fn is_name_piece(piece: &[u8; PIECE]) -> bool {
    // All bytes, whatever the first ones are: then it takes no branches.
    piece
        .iter()
        .fold(true, |all, byte| all & is_name_byte(*byte))
}

/// Whether a name may have this byte.
#[inline(always)]
fn is_name_byte(byte: u8) -> bool {
    let within = |byte: u8, lowest: u8, count: u8| byte.wrapping_sub(lowest) < count;
    within(byte, b'-', 2) | within(byte, b'0', 11) | within(byte | 0x20, b'a', 26) | (byte == b'_')
}

/// The requester, the request ID and the operation.
struct Caller<'a> {
    requester: &'a [u8],
    request_id: &'a [u8],
    operation: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Caller<'a> {
    /// Finds the first operation after at least two words: the last word before it is the request ID, the others are the
    /// requester.
    fn read(text: &'a [u8]) -> Option<Self> {
        let (_, mut from_id) = split_field(text);
        loop {
            let (request_id, from_operation) = split_field(from_id);
            if from_operation.is_empty() {
                return None;
            }
            let (operation, rest) = split_field(from_operation);
            if is_operation(operation) {
                let (requester, _) = text.split_at_checked(text.len() - from_id.len() - 1)?;
                return Some(Self {
                    requester,
                    request_id,
                    operation,
                    rest,
                });
            }
            from_id = from_operation;
        }
    }
}

/// Whether `word` is capitals, digits and underscores with a dot: `REST.`, `WEBSITE.`, `BATCH.`, `SOAP.`, `S3.`, or a new
/// interface. No word of a requester with spaces and no request ID has that form.
fn is_operation(word: &[u8]) -> bool {
    let fits =
        |byte: &u8| byte.is_ascii_uppercase() | byte.is_ascii_digit() | matches!(byte, b'.' | b'_');
    word.first().is_some_and(u8::is_ascii_uppercase)
        && word.contains(&b'.')
        // Looks at all bytes even after one that does not fit: that takes no branches.
        && word.iter().fold(true, |all, byte| all & fits(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> &str {
        std::str::from_utf8(bytes).unwrap()
    }

    #[test]
    fn the_operation_ends_requester_and_request_id() {
        let origin_access_identity =
            "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E2EXAMPLE";
        for (requester, request_id, operation) in [
            ("-", "3E57427F3EXAMPLE", "REST.GET.OBJECT"),
            (
                origin_access_identity,
                "3E57427F3EXAMPLE",
                "REST.GET.OBJECT",
            ),
            (
                "svc:delivery.logs.amazonaws.com",
                "MVGXZXEVN3IG9S24",
                "REST.PUT.OBJECT",
            ),
            ("AmazonS3", "366DB3C4B325AB11", "S3.TRANSITION_SIA.OBJECT"),
            (
                "arn:aws:iam::111122223333:user/Ana",
                "-",
                "WEBSITE.GET.OBJECT",
            ),
            (
                "arn:aws:sts::111122223333:assumed-role/r/a.b@example.com",
                "A.B",
                "BATCH.DELETE.OBJECT",
            ),
            ("REST.GET.OBJECT", "REST.GET.OBJECT", "SOAP.PUT.OBJECT"),
            ("a  b", "", "REST.GET.OBJECT"),
        ] {
            let line = format!("{requester} {request_id} {operation} REST.PUT.KEY \"rest\"");
            let caller = Caller::read(line.as_bytes()).unwrap();
            assert_eq!(text(caller.requester), requester);
            assert_eq!(text(caller.request_id), request_id);
            assert_eq!(text(caller.operation), operation);
            assert_eq!(text(caller.rest), "REST.PUT.KEY \"rest\"");
        }
    }

    #[test]
    fn a_name_has_its_characters_at_every_place() {
        let may_stand = |byte: u8| byte.is_ascii_alphanumeric() || b"._-:".contains(&byte);
        for length in [1, 15, 16, 17, 33] {
            for (at, byte) in (0..length).flat_map(|at| (0..=255).map(move |byte| (at, byte))) {
                let mut word = vec![b'a'; length];
                word[at] = byte;
                assert_eq!(
                    is_name(&word),
                    may_stand(byte),
                    "{byte} at {at} of {length}"
                );
            }
        }
    }

    #[test]
    fn words_that_are_no_operation_are_passed_over() {
        for word in [
            "",
            "-",
            "REST",
            "rest.get.object",
            ".GET",
            "S3:GET.OBJECT",
            "1.2",
            "\"REST.GET\"",
        ] {
            assert!(!is_operation(word.as_bytes()), "{word}");
            assert!(Caller::read(format!("- ID {word}").as_bytes()).is_none());
        }
    }
}
