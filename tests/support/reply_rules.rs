//! What splunkd accepts in a reply's metadata, and what its users can read.

use serde_json::Value;

/// The keys of a reply; any other is a typing mistake of ours (splunkd ignores it silently).
const KEYS: [&str; 7] = [
    "type",
    "required_fields",
    "generating",
    "maxwait",
    "finished",
    "error",
    "inspector",
];

/// The levels of a message.
const LEVELS: [&str; 4] = ["DEBUG", "INFO", "WARN", "ERROR"];

/// Checks one reply's metadata; the error says which rule it breaks.
pub(crate) fn check(metadata: &Value, text: &str) -> Result<(), String> {
    let object = metadata
        .as_object()
        .ok_or_else(|| format!("the metadata is not an object: {text}"))?;
    for (key, value) in object {
        check_key(key, value).map_err(|problem| format!("{problem} in the metadata {text}"))?;
    }
    check_error_order(object.contains_key("error"), text)
}

fn check_key(key: &str, value: &Value) -> Result<(), String> {
    let fits = match key {
        "finished" | "generating" => value.is_boolean(),
        "error" => value.as_str().is_some_and(is_readable),
        "type" => matches!(
            value.as_str(),
            Some("events" | "reporting" | "streaming" | "stateful")
        ),
        "required_fields" => value
            .as_array()
            .is_some_and(|fields| fields.iter().all(Value::is_string)),
        "maxwait" => value.is_number(),
        "inspector" => return check_inspector(value),
        _ => return Err(format!("unknown key {key:?}, expected one of {KEYS:?}")),
    };
    if fits {
        Ok(())
    } else {
        Err(format!("key {key:?} has an unfit value {value}"))
    }
}

fn check_inspector(inspector: &Value) -> Result<(), String> {
    let object = inspector
        .as_object()
        .ok_or("the inspector is not an object")?;
    for (key, value) in object {
        match key.as_str() {
            "messages" => check_messages(value)?,
            metric if metric.starts_with("metric.") => check_metric(value)?,
            other => return Err(format!("unknown inspector key {other:?}")),
        }
    }
    Ok(())
}

/// Messages are pairs of level and text; splunkd drops a text that it has shown already.
fn check_messages(messages: &Value) -> Result<(), String> {
    let mut seen = Vec::new();
    for message in messages.as_array().ok_or("the messages are not an array")? {
        let pair: Option<(&str, &str)> = match message.as_array().map(Vec::as_slice) {
            Some([level, text]) => level.as_str().zip(text.as_str()),
            _ => None,
        };
        let (level, text) =
            pair.ok_or_else(|| format!("expected [level, text], found {message}"))?;
        if !LEVELS.contains(&level) || !is_readable(text) || seen.contains(&text) {
            return Err(format!(
                "a message with an unknown level, an unreadable or a repeated text: {message}"
            ));
        }
        seen.push(text);
    }
    Ok(())
}

fn check_metric(metric: &Value) -> Result<(), String> {
    let numbers = metric
        .as_array()
        .is_some_and(|list| list.len() == 4 && list.iter().all(Value::is_number));
    if numbers {
        Ok(())
    } else {
        Err(format!("a metric is four numbers, found {metric}"))
    }
}

/// A text that a person can read: not empty, and no control character from outside in it.
fn is_readable(text: &str) -> bool {
    !text.trim().is_empty() && !text.chars().any(char::is_control)
}

/// splunkd shows the messages of a fatal reply only where they stand before the error.
fn check_error_order(has_error: bool, text: &str) -> Result<(), String> {
    let place = |key: &str| text.find(key);
    match (place("\"inspector\":"), place("\"error\":")) {
        (Some(inspector), Some(error)) if has_error && inspector > error => {
            Err(format!("`inspector` must stand before `error`: {text}"))
        }
        _ => Ok(()),
    }
}
