//! Text with `*` for any text, also for none.
//!
//! Each piece between two `*` is looked for once, from where the piece before it ended: linear in pattern and text, since
//! the first place that fits leaves the most for the rest.

use memchr::memmem;

/// A pattern, cut at each `*`.
#[derive(Debug)]
pub(super) struct Pattern {
    first: Vec<u8>,
    /// The pieces after each `*`; empty where there is no `*`.
    rest: Vec<Vec<u8>>,
}

impl Pattern {
    /// Of a cell; an empty one is `*`.
    pub(super) fn new(cell: &[u8]) -> Self {
        let cell = if cell.is_empty() { b"*" } else { cell };
        let mut pieces = cell.split(|byte| *byte == b'*').map(<[u8]>::to_vec);
        let first = pieces.next().unwrap_or_default();
        let mut rest: Vec<_> = pieces.collect();
        // Of several `*` beside each other one is enough; the last piece is where the text must end.
        let last = rest.pop();
        rest.retain(|piece| !piece.is_empty());
        rest.extend(last);
        Self { first, rest }
    }

    /// Whether every text fits.
    pub(super) fn is_any(&self) -> bool {
        self.first.is_empty() && matches!(self.rest.as_slice(), [last] if last.is_empty())
    }

    /// The only text that fits, where there is no `*`.
    pub(super) fn literal(&self) -> Option<&[u8]> {
        self.rest.is_empty().then_some(self.first.as_slice())
    }

    /// Whether the whole text fits.
    pub(super) fn fits(&self, text: &[u8]) -> bool {
        let Some((last, between)) = self.rest.split_last() else {
            return text == self.first;
        };
        let text = text.strip_prefix(self.first.as_slice());
        let Some(mut text) = text.and_then(|text| text.strip_suffix(last.as_slice())) else {
            return false;
        };
        for piece in between {
            let found = memmem::find(text, piece);
            match found.and_then(|start| text.get(start + piece.len()..)) {
                Some(after) => text = after,
                None => return false,
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a `*` means, tried in every way.
    fn fits(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern, text) {
            ([], _) => text.is_empty(),
            ([b'*', rest @ ..], _) => (0..=text.len()).any(|skipped| fits(rest, &text[skipped..])),
            ([byte, rest @ ..], [first, after @ ..]) => byte == first && fits(rest, after),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn a_star_is_any_text(pattern in "[ab*]{1,8}", text in "[ab]{0,10}") {
            let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
            prop_assert_eq!(Pattern::new(pattern).fits(text), fits(pattern, text));
        }
    }

    #[test]
    fn a_prefix_and_a_suffix_do_not_share_text() {
        assert!(!Pattern::new(b"aba*ba").fits(b"aba"));
        assert!(Pattern::new(b"aba*ba").fits(b"ababa"));
    }

    #[test]
    fn patterns_know_whether_they_are_any_or_one() {
        for any in ["", "*", "***"] {
            assert!(Pattern::new(any.as_bytes()).is_any());
        }
        assert!(!Pattern::new(b"*a*").is_any() && !Pattern::new(b"a*").is_any());
        assert_eq!(Pattern::new(b"lake").literal(), Some(b"lake".as_slice()));
        assert_eq!(Pattern::new(b"*").literal(), None);
    }

    /// A matcher that tries all ways would never end.
    #[test]
    fn many_stars_take_linear_time() {
        let pattern = Pattern::new("a*".repeat(5_000).as_bytes());
        let text = vec![b'a'; 4_999];
        assert!(!pattern.fits(&text));
        assert!(!Pattern::new(b"*a*a*a*a*a*a*a*a*a*b").fits(&vec![b'a'; 100_000]));
    }
}
