//! Escapes for text from outside, before it is shown in a message or in a table on a terminal.
//!
//! Attackers write part of every S3 log line. A terminal escape, a line break or a direction override in a user agent
//! must not rewrite what a person reads, so every character that a terminal does not simply show is written as an
//! escape.

use std::fmt::Write;

/// The most characters of a value from outside that a message repeats.
const MESSAGE_CHARACTERS: usize = 80;

/// `text` in double quotes for a message: escaped, and cut after 80 characters.
pub fn quoted(text: &[u8]) -> String {
    // A character has at most four bytes. One character more than is shown tells that there are more.
    let safe = escaped(text.get(..(MESSAGE_CHARACTERS + 1) * 4).unwrap_or(text));
    match safe.char_indices().nth(MESSAGE_CHARACTERS) {
        Some((cut, _)) => format!("\"{}...\"", safe.get(..cut).unwrap_or_default()),
        None => format!("\"{safe}\""),
    }
}

/// `text` with control characters, invisible and direction-changing characters, and bytes that are not UTF-8 written
/// as `\n`, `\x1b`, `\u{202e}`.
pub fn escaped(text: &[u8]) -> String {
    let mut safe = String::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        for character in chunk.valid().chars() {
            push_escaped(&mut safe, character);
        }
        for byte in chunk.invalid() {
            push_hex(&mut safe, *byte);
        }
    }
    safe
}

/// Whether a terminal shows a character and does nothing else.
pub(crate) fn is_visible(character: char) -> bool {
    !character.is_ascii_control() && !is_deceptive(character)
}

fn push_escaped(safe: &mut String, character: char) {
    match character {
        character if is_visible(character) => safe.push(character),
        '\n' | '\r' | '\t' => safe.extend(character.escape_default()),
        character if character.is_ascii_control() => push_hex(safe, character as u8),
        character => safe.extend(character.escape_unicode()),
    }
}

fn push_hex(safe: &mut String, byte: u8) {
    // Writing to a String cannot fail.
    let _ = write!(safe, "\\x{byte:02x}");
}

/// Whether a terminal acts on a character, or does not show it: C1 controls, line and paragraph separators, blank braille, the
/// controls of hieroglyphs and of annotations, and what Unicode calls default ignorable, from the soft hyphen to tags
/// (DerivedCoreProperties, Default_Ignorable_Code_Point).
fn is_deceptive(character: char) -> bool {
    // ASCII has no such characters but its controls, which the caller knows.
    !character.is_ascii()
        && matches!(character,
        '\u{80}'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{13430}'..='\u{1345f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_act_on_is_escaped() {
        let cases: [(&[u8], &str); 7] = [
            (b"curl/8.5.0", "curl/8.5.0"),
            (b"\x1b[2Jgone", "\\x1b[2Jgone"),
            (b"a\nb\tc\r", "a\\nb\\tc\\r"),
            ("abc\u{202e}cba".as_bytes(), "abc\\u{202e}cba"),
            ("a\u{2800}\u{1d173}".as_bytes(), "a\\u{2800}\\u{1d173}"),
            (b"\xff\xc3", "\\xff\\xc3"),
            ("Zürich".as_bytes(), "Zürich"),
        ];
        for (text, expected) in cases {
            assert_eq!(escaped(text), expected);
        }
    }

    #[test]
    fn a_long_value_is_cut_and_says_so() {
        let shown = quoted(&[b'a'; 1000]);
        assert_eq!(shown, format!("\"{}...\"", "a".repeat(80)));
        assert_eq!(quoted(b"short"), "\"short\"");
        let wide = quoted("\u{1f600}".repeat(90).as_bytes());
        assert_eq!(wide, format!("\"{}...\"", "\u{1f600}".repeat(80)));
    }
}
