//! A request's metadata, and the same bytes as text in a reply.

use s3newip::splunk::message::{Inspector, Level, Reply, Request};
use serde::de::IgnoredAny;
use serde_json::Value;

/// See the table in [`super`].
pub fn check(data: &[u8]) {
    check_reply(&String::from_utf8_lossy(data));
    let value = serde_json::from_slice::<Value>(data);
    match (Request::parse(data), value) {
        (Ok(request), Ok(value)) => check_request(request, &value),
        // Strings under unknown keys are not checked: half a surrogate pair, bytes that are not UTF-8.
        (Ok(_), Err(_)) => assert!(serde_json::from_slice::<IgnoredAny>(data).is_ok()),
        (Err(error), Ok(value)) => {
            // A plain value keeps the last of two equal keys, the request refuses them.
            let twice = error.to_string().contains("duplicate field");
            let list = value["searchinfo"].is_array();
            assert!(twice || list || !is_request(&value), "{error}: {value}");
        }
        (Err(_), Err(_)) => {}
    }
}

fn check_request(request: Request, value: &Value) {
    assert!(is_request(value), "{value}");
    assert_eq!(value["action"], request.action.as_str());
    let yes = |key: &str| value[key].as_bool().unwrap_or(false);
    assert_eq!(request.preview(), yes("preview"));
    assert_eq!(request.finished(), yes("finished"));
    let (info, expected) = (request.into_search_info(), &value["searchinfo"]);
    if expected.is_array() {
        return;
    }
    let text = |key: &str| expected[key].as_str().unwrap_or_default();
    assert_eq!(info.sid(), text("sid"));
    let folder = info.dispatch_dir().unwrap_or_default();
    assert_eq!(folder.to_str(), Some(text("dispatch_dir")));
    let args = expected["args"].as_array().cloned().unwrap_or_default();
    assert_eq!(Value::from(info.args()), Value::from(args));
}

/// Whether `value` is what a request may be.
fn is_request(value: &Value) -> bool {
    let fits = |value: &Value, kind: fn(&Value) -> bool| value.is_null() || kind(value);
    let info = &value["searchinfo"];
    let strings: fn(&Value) -> bool = |value| {
        value
            .as_array()
            .is_some_and(|items| items.iter().all(Value::is_string))
    };
    value.is_object()
        && value["action"].is_string()
        && fits(&value["preview"], Value::is_boolean)
        && fits(&value["finished"], Value::is_boolean)
        // serde's derived code also accepts a list of the values; that does no harm.
        && fits(info, |info| info.is_object() || info.is_array())
        && fits(&info["sid"], Value::is_string)
        && fits(&info["dispatch_dir"], Value::is_string)
        && fits(&info["splunkd_uri"], Value::is_string)
        && fits(&info["session_key"], Value::is_string)
        && fits(&info["args"], strings)
}

fn check_reply(text: &str) {
    let reply = Reply {
        inspector: Some(Inspector {
            messages: vec![(Level::Warn, text.to_owned())],
        }),
        finished: Some(true),
        error: Some(text.to_owned()),
        ..Reply::default()
    };
    let json = reply.to_json();
    assert!(!json.contains(&b'\n') && json.starts_with(br#"{"inspector":"#));
    let value: Value = serde_json::from_slice(&json).expect("a reply is JSON");
    assert_eq!(value["inspector"]["messages"][0][1], text);
    assert_eq!(value["error"], text);
}
