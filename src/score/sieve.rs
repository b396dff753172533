//! Which texts can be among some texts, at a glance: most rows of a history are of no candidate's bucket or requester.
//!
//! A text is looked at in two places, and its place in the sieve is found without a key: texts that are aimed at one place
//! only cost the look-up that decides. One that is in always passes.

/// Some 32,000 places in 4 KB: few others pass at the most contexts that a pass has.
const WORDS: usize = 512;

const ODD: u64 = 0x9e37_79b9_7f4a_7c15;

/// A set of texts, by a bit each.
#[derive(Debug)]
pub(super) struct Sieve(Box<[u64; WORDS]>);

impl Default for Sieve {
    fn default() -> Self {
        Self(Box::new([0; WORDS]))
    }
}

impl Sieve {
    pub(super) fn add(&mut self, text: &[u8]) {
        let (word, bit) = place(text);
        if let Some(word) = self.0.get_mut(word) {
            *word |= bit;
        }
    }

    /// Whether the text may be in.
    #[inline]
    pub(super) fn passes(&self, text: &[u8]) -> bool {
        let (word, bit) = place(text);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }
}

#[inline]
fn place(text: &[u8]) -> (usize, u64) {
    let middle = text.get(text.len() / 2..).unwrap_or_default();
    let (middle, last) = match (middle.first_chunk(), text.last_chunk()) {
        (Some(middle), Some(last)) => (u64::from_le_bytes(*middle), u64::from_le_bytes(*last)),
        _ => (0, short(text)),
    };
    let mixed =
        (middle.wrapping_mul(ODD).rotate_left(32) ^ last ^ text.len() as u64).wrapping_mul(ODD);
    let place = mixed >> (u64::BITS - 15);
    ((place / 64) as usize, 1 << (place % 64))
}

/// Fewer than 16 bytes, as a number.
fn short(text: &[u8]) -> u64 {
    let add = |number: u64, byte: &u8| number.rotate_left(9) ^ u64::from(*byte);
    text.iter().fold(0, add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_are_in_pass_and_few_others() {
        let role = |number| format!("arn:aws:sts::111122223333:assumed-role/service-{number}");
        let name = |number| format!("b{number}");
        let person = |number| {
            format!("arn:aws:sts::111122223333:assumed-role/admin/person-{number}@example.com")
        };
        for text in [role, name, person] as [fn(u32) -> String; 3] {
            let mut sieve = Sieve::default();
            (0..1_000).for_each(|number| sieve.add(text(number).as_bytes()));
            assert!((0..1_000).all(|number| sieve.passes(text(number).as_bytes())));
            let others = (1_000..9_000).filter(|number| sieve.passes(text(*number).as_bytes()));
            assert!(others.count() < 1_600, "{}", text(1_000));
        }
        assert!(!Sieve::default().passes(b""));
    }
}
