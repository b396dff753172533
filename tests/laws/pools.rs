//! The small pools of words and times that everything random is drawn from.

use super::time::Window;
use proptest::{prelude::*, sample::select};

/// The now() of every search, in seconds: 14 November 2023, 22:15:23 UTC.
pub(crate) const NOW: i64 = 1_700_000_123;

/// The windows that searches ask for.
pub(crate) const WINDOWS: [Window; 6] = [
    Window::new("-70m@m", 70 * 60, 60),
    Window::new("-2h", 2 * 3600, 1),
    Window::new("-1d", 86_400, 1),
    Window::new("-90s", 90, 1),
    Window::new("-1h@h", 3600, 3600),
    Window::new("@d", 0, 86_400),
];

const BUCKETS: [&[u8]; 7] = [
    b"logs.example",
    b"data",
    b"odd, \"quoted\"",
    b"not-utf8-\xff",
    b"-",
    b"",
    b"nul\0",
];
const ADDRESSES: [&[u8]; 13] = [
    b"192.0.2.1",
    b"198.51.100.7",
    b"2001:db8::1",
    b"2001:DB8:0:0::1",
    b"2001:db8:0:0:0:0:0:1",
    b"::ffff:192.0.2.1",
    b"::FFFF:c000:0201",
    b"203.0.113.5",
    b"192.0.2.01",
    b"fe80::1%eth0",
    b"not an address",
    b"-",
    b"",
];

/// A time near a threshold, near now, or long ago, in one of the ways to write it.
pub(crate) fn time_text() -> impl Strategy<Value = Vec<u8>> {
    let anchors: Vec<i64> = WINDOWS
        .iter()
        .map(|window| window.threshold(NOW))
        .chain([NOW * 1_000_000])
        .collect();
    let offset = prop_oneof![
        3 => select(&[0, -1, 1, 500_000][..]),
        3 => (-12..12_i64).prop_map(|minutes| minutes * 600_000_000),
        2 => -7_200_000_000..0_i64,
        1 => (-100..0_i64).prop_map(|days| days * 86_400_000_000),
    ];
    let near = (select(anchors), offset, 0..10_u8)
        .prop_map(|(anchor, offset, style)| spelled(anchor + offset, style));
    prop_oneof![
        20 => near,
        1 => select(&["0", "-1.5"][..]).prop_map(|text| text.into()),
    ]
}

fn spelled(micros: i64, style: u8) -> Vec<u8> {
    let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
    match style {
        0..=3 if fraction == 0 => format!("{seconds}"),
        0..=6 => format!("{seconds}.{fraction:06}"),
        7 => format!("{seconds}.{fraction:06}987"),
        8 => format!("+{seconds}.{fraction:06}"),
        _ => format!("00{seconds}.{fraction:06}000"),
    }
    .into()
}

/// A bucket name, or a word that cannot be one.
pub(crate) fn bucket() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![6 => select(&BUCKETS[..2]), 3 => select(&BUCKETS[..4]), 1 => select(&BUCKETS[..])]
        .prop_map(|word| word.to_vec())
}

/// An address in one of its spellings, or a word that is not an address.
pub(crate) fn address() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![6 => select(&ADDRESSES[..4]), 3 => select(&ADDRESSES[..8]), 1 => select(&ADDRESSES[..])].prop_map(|word| word.to_vec())
}

/// One of `words`.
pub(crate) fn word(words: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    select(words).prop_map(|word| word.into())
}
