//! The list of arguments as named values.

use std::collections::BTreeMap;
use std::str::FromStr;

use super::error::OptionError;
use super::names;
use crate::rules::StatusList;

/// The error of a value, which says what is allowed.
type Cause = Box<dyn std::error::Error>;

/// The options that were given, and the fields after `by`.
#[derive(Debug)]
pub(super) struct Arguments {
    values: BTreeMap<&'static str, String>,
    by: Option<Vec<String>>,
}

impl Arguments {
    /// Splits `args` into options and fields.
    ///
    /// # Errors
    /// An argument that is not an option, an unknown or repeated option, or one without a value.
    pub(super) fn split(args: &[String]) -> Result<Self, OptionError> {
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

    /// Adds one argument and returns the name of its option. `previous` is the option before it, whose list it may continue.
    fn add(
        &mut self,
        argument: &str,
        previous: Option<&'static str>,
    ) -> Result<&'static str, OptionError> {
        let Some((name, value)) = argument.split_once('=') else {
            return self.add_to_list(argument, previous);
        };
        let name = known(name)?;
        if value.is_empty() {
            return Err(OptionError::NoValue(name));
        }
        match self.values.insert(name, value.to_owned()) {
            Some(_) => Err(OptionError::Repeated(name)),
            None => Ok(name),
        }
    }

    /// `304` of `status=2xx,304`, from which SPL dropped the comma.
    fn add_to_list(
        &mut self,
        argument: &str,
        previous: Option<&'static str>,
    ) -> Result<&'static str, OptionError> {
        let item = argument.trim_matches(',');
        match (previous, self.values.get_mut("status")) {
            (Some("status"), Some(list)) if item.parse::<StatusList>().is_ok() => {
                list.truncate(list.trim_end_matches(',').len());
                list.extend([",", item]);
                Ok("status")
            }
            _ => Err(OptionError::NotAnOption(argument.to_owned())),
        }
    }

    /// The value of option `name`, or of its `default`, read by [`FromStr`].
    ///
    /// # Errors
    /// The value is not one that the option takes.
    pub(super) fn value<T>(&mut self, name: &'static str, default: &str) -> Result<T, OptionError>
    where
        T: FromStr,
        T::Err: Into<Cause>,
    {
        self.parsed(name, default, |text| text.parse())
    }

    /// The value of option `name`, or of its `default`, read by `parse`.
    ///
    /// # Errors
    /// The value is not one that the option takes.
    pub(super) fn parsed<T, E: Into<Cause>>(
        &mut self,
        name: &'static str,
        default: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, OptionError> {
        let given = self.values.remove(name);
        let text = given.as_deref().unwrap_or(default);
        parse(text).map_err(|cause| OptionError::BadValue {
            name,
            value: text.to_owned(),
            cause: cause.into(),
        })
    }

    /// The fields after `by`; `None` without a `by`.
    pub(super) fn by(self) -> Option<Vec<String>> {
        self.by
    }
}

/// The arguments with `name`, `=`, `value` put together again.
fn joined(args: &[String]) -> Vec<String> {
    let mut joined: Vec<String> = Vec::new();
    let mut open = false;
    for arg in args {
        match joined.last_mut() {
            // Otherwise a long argument would be searched again for each of many empty ones.
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

/// The option called `name`.
fn known(name: &str) -> Result<&'static str, OptionError> {
    let name = name.trim();
    match names::find(name) {
        Some(known) => Ok(known),
        None if name.eq_ignore_ascii_case("by") => Err(OptionError::ByWithValue),
        None => Err(OptionError::Unknown {
            name: name.to_owned(),
            nearest: names::nearest(name),
        }),
    }
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
