//! The arguments of a search command, as splunkd takes them apart.
//!
//! `raw_args` keeps the user's quotes, `args` has the outer quotes of a value removed and `\"` resolved; spaces around
//! `=` make three arguments; a comma that stands between arguments is dropped.

/// The arguments of one command, in both forms of `searchinfo`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arguments {
    /// `searchinfo.args`.
    pub(crate) args: Vec<String>,
    /// `searchinfo.raw_args`.
    pub(crate) raw_args: Vec<String>,
}

impl Arguments {
    /// Takes the text after the command's name apart.
    pub(crate) fn parse(text: &str) -> Self {
        let raw_args = split(text);
        let args = raw_args.iter().map(|raw| unquote(raw)).collect();
        Self { args, raw_args }
    }

    /// The arguments exactly as given.
    pub(crate) fn exactly(args: &[&str]) -> Self {
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        Self {
            raw_args: args.clone(),
            args,
        }
    }
}

/// Splits at spaces outside quotes; a comma at the end of an argument is dropped.
fn split(text: &str) -> Vec<String> {
    let mut arguments = vec![String::new()];
    let (mut quoted, mut escaped) = (false, false);
    for letter in text.chars() {
        if letter.is_whitespace() && !quoted {
            arguments.push(String::new());
            continue;
        }
        quoted ^= letter == '"' && !escaped;
        escaped = letter == '\\' && !escaped;
        arguments.last_mut().expect("one at least").push(letter);
    }
    let trimmed = arguments
        .iter()
        .map(|argument| argument.trim_end_matches(',').to_owned());
    trimmed.filter(|argument| !argument.is_empty()).collect()
}

fn unquote(raw: &str) -> String {
    let (name, value) = raw
        .split_once('=')
        .map_or(("", raw), |(name, value)| (&raw[..=name.len()], value));
    let inner = value
        .strip_prefix('"')
        .and_then(|value| value.strip_suffix('"'));
    match inner {
        Some(inner) => format!(
            "{name}{}",
            inner.replace("\\\"", "\"").replace("\\\\", "\\")
        ),
        None => raw.to_owned(),
    }
}
