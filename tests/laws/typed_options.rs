//! Random options, and how they are typed.

use super::{
    model::{Options, Output, Rule},
    pools::WINDOWS,
};
use proptest::{option, prelude::*, sample::select};

/// Any options: what they mean, and the text of the arguments.
pub(crate) fn options() -> impl Strategy<Value = (Options, String)> {
    let status = [
        "200",
        "2xx",
        "200,206",
        "2xx,3xx,4xx",
        "403",
        "1xx,2xx,304,404",
    ];
    let key = [
        "remote_ip",
        "remote_ip bucket_name",
        "bucket_name remote_ip requester",
        "requester",
        "bucket_name remote_ip",
    ];
    let output = prop_oneof![
        Just(None),
        Just(Some(Output::Pairs)),
        Just(Some(Output::Pairs)),
        Just(Some(Output::Events)),
        Just(Some(Output::All)),
        Just(Some(Output::All)),
    ];
    let update = prop_oneof![6 => Just(None), 1 => Just(Some(true)), 1 => Just(Some(false))];
    let seed = prop_oneof![8 => Just(None), 1 => Just(Some(false)), 1 => Just(Some(true))];
    let split = |by: &str| by.split(' ').map(String::from).collect();
    let values = (
        option::of(select(&WINDOWS[..])),
        option::of(select(&[Rule::Window, Rule::Unseen][..])),
        option::weighted(0.4, select(status.to_vec())),
        output,
        option::weighted(0.4, 0..4_u64),
        update,
        seed,
        option::weighted(0.3, select(key.to_vec())),
    );
    (values, any::<u8>()).prop_map(
        move |((window, new, status, output, maxevents, update, seed, by), style)| {
            let status = status.map(|list| list.split(',').map(String::from).collect());
            // Learning without writing is rarely asked for.
            let update = if seed == Some(true) { None } else { update };
            let options = Options {
                window,
                new,
                status,
                output,
                maxevents,
                update,
                seed,
                by: by.map(split),
            };
            let arguments = arguments(&options, style.into());
            (options, arguments)
        },
    )
}

/// The options as they are typed: in any order, truth in any of its spellings, `by` last.
pub(crate) fn arguments(options: &Options, style: usize) -> String {
    let truth = |value: bool| if value { ["true", "t", "1", "TRUE"] } else { ["false", "f", "0", "False"] }[style % 4];
    let mut words = Vec::new();
    words.extend(
        options
            .window
            .as_ref()
            .map(|window| format!("window={}", window.text)),
    );
    words.extend(options.new.map(|rule| {
        format!(
            "new={}",
            if rule == Rule::Window {
                "window"
            } else {
                "unseen"
            }
        )
    }));
    words.extend(
        options
            .status
            .as_ref()
            .map(|list| format!("status={:?}", list.join(","))),
    );
    words.extend(
        options
            .output
            .map(|output| format!("output={output:?}").to_lowercase()),
    );
    words.extend(options.maxevents.map(|limit| format!("maxevents={limit}")));
    words.extend(
        options
            .update
            .map(|update| format!("update={}", truth(update))),
    );
    words.extend(options.seed.map(|seed| format!("seed={}", truth(seed))));
    let places = words.len().max(1);
    words.rotate_left(style % places);
    words.extend(
        options
            .by
            .as_ref()
            .map(|keys| format!("by {}", keys.join(" "))),
    );
    words.join(" ")
}
