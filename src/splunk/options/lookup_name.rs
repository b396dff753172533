//! The name of a lookup file: no path, so that it cannot lead out of the app's lookups folder.

use std::fmt;
use std::str::FromStr;

/// A file name of plain ASCII characters that ends in `.csv`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookupName(String);

/// The longest name, in bytes: leaves room for the suffixes of staged files within the 255 bytes of a file name.
const MAX_BYTES: usize = 200;

impl LookupName {
    /// The file name, without a folder.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A name to propose for the history of these key fields.
    pub(super) fn for_fields(fields: &[String]) -> Self {
        let plain = |letter: char| {
            if letter.is_ascii_alphanumeric() {
                letter
            } else {
                '_'
            }
        };
        let mut name: String = format!("previously_seen_S3_{}", fields.join("_"))
            .chars()
            .map(plain)
            .collect();
        name.truncate(MAX_BYTES - ".csv".len());
        Self(name + ".csv")
    }
}

impl fmt::Display for LookupName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A text that is not a lookup's name.
#[derive(Debug, thiserror::Error)]
#[error(
    "expected the name of a file in the app's lookups folder: letters, digits, \"_\", \"-\" and \".\", \
     at most {MAX_BYTES} of them, no folder, not beginning with \".\", ending in .csv"
)]
pub struct BadLookupName;

impl FromStr for LookupName {
    type Err = BadLookupName;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let plain = name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
        let fits = name.len() <= MAX_BYTES && name.len() > ".csv".len();
        if plain && fits && !name.starts_with('.') && name.ends_with(".csv") {
            Ok(Self(name.to_owned()))
        } else {
            Err(BadLookupName)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proposed_name_is_one_that_is_taken() {
        for fields in [
            vec!["remote_ip"],
            vec!["a b", "\u{202e}../", "c"],
            vec![&*"x".repeat(300)],
        ] {
            let fields: Vec<_> = fields.into_iter().map(str::to_owned).collect();
            let name = LookupName::for_fields(&fields);
            assert_eq!(name.as_str().parse::<LookupName>().unwrap(), name);
        }
    }

    #[test]
    fn a_name_cannot_leave_the_folder() {
        let longest = format!("{}.csv", "x".repeat(196));
        for name in [
            "a.csv",
            "previously_seen_S3_access_from_remote_ip.csv",
            "a.b-c_1.csv",
            &longest,
        ] {
            assert_eq!(name.parse::<LookupName>().unwrap().as_str(), name);
        }
        let too_long = format!("{}.csv", "x".repeat(197));
        let refused = [
            "",
            ".csv",
            "..csv",
            "a",
            "a.CSV",
            "a.csv.gz",
            "../a.csv",
            "a/b.csv",
            "/etc/a.csv",
            "a\\b.csv",
            "..\\a.csv",
            "a\0.csv",
            "a.csv\0",
            "a b.csv",
            "a\u{202e}.csv",
            "a\u{2215}b.csv",
            "\u{ff0e}\u{ff0e}/a.csv",
            "a\u{200b}.csv",
            "~a.csv",
            "$HOME.csv",
            "a\n.csv",
            &too_long,
        ];
        for name in refused {
            assert!(name.parse::<LookupName>().is_err(), "{name:?}");
        }
    }
}
