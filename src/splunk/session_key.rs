//! The key with which splunkd lets a search's process act as the search's user.
//!
//! Invariant: it is in no output. Its `Debug` is a placeholder, it has no `Display`, and its memory is overwritten when it
//! is dropped. Code that sends it calls [`SessionKey::expose`].

use std::fmt;

use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

/// A session key as splunkd hands it over; never empty.
pub struct SessionKey(Zeroizing<String>);

impl SessionKey {
    /// The key in `text`; `None` if that is empty, as in splunkd's probe processes.
    pub fn new(text: String) -> Option<Self> {
        (!text.is_empty()).then(|| Self(Zeroizing::new(text)))
    }

    /// The key itself, for the one header that carries it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SessionKey(not shown)")
    }
}

/// For serde: `None` for a null or empty key.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SessionKey>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.and_then(SessionKey::new))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_not_shown() {
        let key = SessionKey::new("c2Vzc2lvbg".to_owned());
        assert_eq!(format!("{key:?}"), "Some(SessionKey(not shown))");
        assert!(SessionKey::new(String::new()).is_none());
    }
}
