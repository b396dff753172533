//! From a list of arguments to named values.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use super::NAMES;
use crate::error::Error;
use crate::rules::StatusList;
use crate::text::escape;

/// How much of an unknown option's name is compared with those of the options: comparing takes memory for each
/// character.
const COMPARED_CHARACTERS: usize = 32;

/// The options that were given, and the fields after `by`.
#[derive(Debug)]
pub(super) struct Arguments {
    values: BTreeMap<&'static str, String>,
    by: Option<Vec<String>>,
}

impl Arguments {
    /// Sorts `args` into options and fields.
    ///
    /// # Errors
    /// An argument that is no option, an unknown option, one without a value or one that is there twice.
    pub(super) fn split(args: &[String]) -> Result<Self, Error> {
        let mut given = Self {
            values: BTreeMap::new(),
            by: None,
        };
        let joined = joined(args);
        let mut rest = joined.iter();
        let mut previous = None;
        while let Some(argument) = rest.next() {
            if argument.eq_ignore_ascii_case("by") {
                given.by = Some(fields(rest.as_slice()));
                break;
            }
            previous = Some(given.add(argument, previous)?);
        }
        Ok(given)
    }

    /// Adds one argument; the name of its option. `previous` is the option before it, which a list may continue.
    fn add(
        &mut self,
        argument: &str,
        previous: Option<&'static str>,
    ) -> Result<&'static str, Error> {
        let Some((name, value)) = argument.split_once('=') else {
            return self.add_to_list(argument, previous);
        };
        let name = known(name)?;
        if value.is_empty() {
            return Err(Error::user(format!(
                "option {name} has no value: write {name}=<value>"
            )));
        }
        match self.values.insert(name, value.to_owned()) {
            Some(_) => Err(Error::user(format!(
                "option {name} is there twice: give it once"
            ))),
            None => Ok(name),
        }
    }

    /// `304` of `status=2xx,304`, from which SPL dropped the comma.
    fn add_to_list(
        &mut self,
        argument: &str,
        previous: Option<&'static str>,
    ) -> Result<&'static str, Error> {
        let item = argument.trim_matches(',');
        match (previous, self.values.get_mut("status")) {
            (Some("status"), Some(list)) if item.parse::<StatusList>().is_ok() => {
                list.truncate(list.trim_end_matches(',').len());
                list.extend([",", item]);
                Ok("status")
            }
            _ => Err(Error::user(format!(
                "expected an option or by, found {}: write option=value, and the key fields after by; the options are {}",
                escape::quoted(argument.as_bytes()),
                NAMES.join(", ")
            ))),
        }
    }

    /// The value of option `name`, or of its `default`, read by [`FromStr`].
    ///
    /// # Errors
    /// The value is not one that the option takes.
    pub(super) fn value<T>(&mut self, name: &'static str, default: &str) -> Result<T, Error>
    where
        T: FromStr,
        T::Err: Display,
    {
        self.parsed(name, default, |text| text.parse())
    }

    /// The value of option `name`, or of its `default`, read by `parse`.
    ///
    /// # Errors
    /// The value is not one that the option takes.
    pub(super) fn parsed<T, E: Display>(
        &mut self,
        name: &'static str,
        default: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, Error> {
        let given = self.values.remove(name);
        let text = given.as_deref().unwrap_or(default);
        parse(text).map_err(|allowed| bad_value(name, text, allowed))
    }

    /// The fields after `by`; `None` without a `by`.
    pub(super) fn by(self) -> Option<Vec<String>> {
        self.by
    }
}

/// The error of an option's value: what came, and what is allowed.
pub(super) fn bad_value(name: &str, value: &str, allowed: impl Display) -> Error {
    Error::user(format!(
        "option {name}={}: {allowed}",
        escape::quoted(value.as_bytes())
    ))
}

/// The arguments with `name`, `=`, `value` put together again.
fn joined(args: &[String]) -> Vec<String> {
    let mut joined: Vec<String> = Vec::new();
    let mut open = false;
    for arg in args {
        match joined.last_mut() {
            // Looked at again for each of them, a long argument would take long.
            Some(_) if open && arg.is_empty() => continue,
            Some(last) if open || (arg.starts_with('=') && !last.contains('=')) => {
                last.push_str(arg)
            }
            _ => joined.push(arg.clone()),
        }
        open = joined
            .last()
            .is_some_and(|last| last.ends_with('=') && last.matches('=').count() == 1);
    }
    joined
}

/// The fields in a list that may be separated by spaces, commas or both.
fn fields(args: &[String]) -> Vec<String> {
    args.iter()
        .flat_map(|arg| arg.split(','))
        .map(str::trim)
        .filter(|field| !field.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The option that `name` means.
fn known(name: &str) -> Result<&'static str, Error> {
    let name = name.trim();
    if let Some(known) = NAMES
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(name))
    {
        return Ok(known);
    }
    if name.eq_ignore_ascii_case("by") {
        return Err(Error::user(
            "by is no option: write by and the key fields behind the options, without =",
        ));
    }
    let start: String = name.chars().take(COMPARED_CHARACTERS).collect();
    let nearest = NAMES
        .into_iter()
        .min_by_key(|known| strsim::damerau_levenshtein(known, &start.to_lowercase()))
        .unwrap_or_default();
    Err(Error::user(format!(
        "unknown option {}: did you mean {nearest}? The options are {}",
        escape::quoted(name.as_bytes()),
        NAMES.join(", ")
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_sign_and_value_are_put_together() {
        let cases: [(&[&str], &[&str]); 6] = [
            (&["a", "=", "b", "c"], &["a=b", "c"]),
            (&["a=", "b", "c"], &["a=b", "c"]),
            (&["a", "=b", "=c"], &["a=b", "=c"]),
            (&["a=", "", "b", "c"], &["a=b", "c"]),
            (&["", "a"], &["", "a"]),
            (&["a==", "b"], &["a==", "b"]),
        ];
        for (args, expected) in cases {
            let args: Vec<_> = args.iter().map(|arg| (*arg).to_owned()).collect();
            assert_eq!(joined(&args), expected, "{args:?}");
        }
    }
}
