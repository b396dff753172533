//! Multivalue fields: `__mv_<field>` beside `<field>`.
//!
//! ```text
//! __mv_f = "$" value "$" *( ";" "$" value "$" )       every "$" inside a value is doubled
//! ```
//!
//! Empty for a field with at most one value; otherwise it counts instead of the plain column (splunk-sdk-python,
//! `searchcommands/internals.py`; recorded sessions of Splunk 8.2.1).

/// The prefix of a field's name in the name of its multivalue column.
pub(crate) const MULTIVALUE_PREFIX: &[u8] = b"__mv_";

/// The values in the decoded cell of a `__mv_` column. The last one is `None` where the text does not have that form; then
/// the plain column counts.
pub fn multivalues(text: &[u8]) -> impl Iterator<Item = Option<Vec<u8>>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let value = one_value(rest);
        let after = value.as_ref().map_or(b"".as_slice(), |(_, after)| after);
        rest = after.strip_prefix(b";").unwrap_or(after);
        Some(value.map(|(value, _)| value))
    })
}

/// The value that `text` starts with, and what follows its closing `$`.
fn one_value(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut rest = text.strip_prefix(b"$")?;
    let mut value = Vec::new();
    loop {
        let at = memchr::memchr(b'$', rest)?;
        value.extend_from_slice(rest.get(..at)?);
        rest = rest.get(at + 1..)?;
        match rest.first() {
            Some(b'$') => value.push(b'$'),
            None | Some(b';') => return Some((value, rest)),
            Some(_) => return None,
        }
        rest = rest.get(1..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_the_python_sdk_reads_them() {
        let cases: [(&str, Option<&[&str]>); 11] = [
            ("$a$;$b$", Some(&["a", "b"])),
            ("$a$;$$;$c$", Some(&["a", "", "c"])),
            ("$$;$b$", Some(&["", "b"])),
            ("$$$$;$b$", Some(&["$", "b"])),
            ("$a$$$;$b$", Some(&["a$", "b"])),
            ("$a;b$;$c$", Some(&["a;b", "c"])),
            ("$x$$;$$y$;$z$", Some(&["x$;$y", "z"])),
            ("", Some(&[])),
            ("a", None),
            ("$a", None),
            ("$a$b", None),
        ];
        for (text, expected) in cases {
            let found: Option<Vec<_>> = multivalues(text.as_bytes()).collect();
            let expected =
                expected.map(|values| values.iter().map(|v| v.as_bytes().to_vec()).collect());
            assert_eq!(found, expected, "{text:?}");
        }
    }
}
