//! A writer of databases in MaxMind's format, for the tests of `--geoip`.
//!
//! ```text
//! file     = tree 16*NUL data marker metadata        (MaxMind DB File Format Specification, version 2.0)
//! tree     = *node       node = left right           24-bit numbers: a node, "nothing" (the number of nodes),
//!                                                    or the number of nodes + 16 + a place in the data
//! data     = *value      value = control payload     control: type in 3 bits, size in 5; types above 7: 0, type - 7
//! ```

use std::net::IpAddr;

/// A value of the data section; only what the tests need.
enum Value<'a> {
    Text(&'a str),
    Number16(u16),
    Number32(u32),
    Number64(u64),
    List(Vec<Value<'a>>),
    Map(Vec<(&'a str, Value<'a>)>),
}

impl Value<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Value::Text(text) => {
                control(out, 2, text.len());
                out.extend_from_slice(text.as_bytes());
            }
            Value::Number16(number) => payload(out, 5, &number.to_be_bytes()),
            Value::Number32(number) => payload(out, 6, &number.to_be_bytes()),
            Value::Number64(number) => payload(out, 9, &number.to_be_bytes()),
            Value::List(values) => {
                control(out, 11, values.len());
                values.iter().for_each(|value| value.write(out));
            }
            Value::Map(entries) => {
                control(out, 7, entries.len());
                for (key, value) in entries {
                    Value::Text(key).write(out);
                    value.write(out);
                }
            }
        }
    }
}

fn payload(out: &mut Vec<u8>, kind: u8, bytes: &[u8]) {
    control(out, kind, bytes.len());
    out.extend_from_slice(bytes);
}

fn control(out: &mut Vec<u8>, kind: u8, size: usize) {
    assert!(size < 285, "longer sizes are not needed here");
    let low = size.min(29) as u8;
    match kind {
        1..=7 => out.push(kind << 5 | low),
        _ => out.extend([low, kind - 7]),
    }
    if low == 29 {
        out.push((size - 29) as u8);
    }
}

/// What a record of the tree leads to.
#[derive(Clone, Copy)]
enum Record {
    Nothing,
    Node(usize),
    Data(usize),
}

/// One network: its first address, the length of its prefix, and what is there.
pub(crate) struct Place {
    pub(crate) network: &'static str,
    pub(crate) prefix: usize,
    pub(crate) city: &'static str,
    pub(crate) country: &'static str,
    /// One name as it is, not one for each language.
    pub(crate) flat: bool,
}

/// The bytes of a database with these networks, none of which contains another. `version` is 4 or 6; a database of
/// version 6 has the IPv4 addresses in ::/96.
pub(crate) fn database(version: u16, places: &[Place]) -> Vec<u8> {
    let mut tree = vec![[Record::Nothing; 2]];
    let mut data = Vec::new();
    for place in places {
        insert(&mut tree, &bits(version, place), Record::Data(data.len()));
        record(place).write(&mut data);
    }
    let mut file = Vec::new();
    for node in &tree {
        for record in node {
            let number = match record {
                Record::Nothing => tree.len(),
                Record::Node(node) => *node,
                Record::Data(at) => tree.len() + 16 + at,
            };
            file.extend_from_slice(&(number as u32).to_be_bytes()[1..]);
        }
    }
    file.extend([0; 16]);
    file.extend(data);
    file.extend(b"\xab\xcd\xefMaxMind.com");
    metadata(version, tree.len()).write(&mut file);
    file
}

/// The bits of the network's prefix.
fn bits(version: u16, place: &Place) -> Vec<usize> {
    let (address, above) = match (place.network.parse().expect("an address"), version) {
        (IpAddr::V4(address), 4) => (u128::from(address.to_bits()) << 96, 0),
        (IpAddr::V4(address), _) => (u128::from(address.to_bits()), 96),
        (IpAddr::V6(address), _) => (address.to_bits(), 0),
    };
    let bit = |at| (address >> (127 - at) & 1) as usize;
    (0..above + place.prefix).map(bit).collect()
}

fn insert(tree: &mut Vec<[Record; 2]>, bits: &[usize], data: Record) {
    let (last, path) = bits.split_last().expect("a prefix");
    let mut node = 0;
    for &bit in path {
        node = match tree[node][bit] {
            Record::Node(next) => next,
            _ => {
                tree.push([Record::Nothing; 2]);
                tree[node][bit] = Record::Node(tree.len() - 1);
                tree.len() - 1
            }
        };
    }
    tree[node][*last] = data;
}

/// What the City databases have of a network; an empty name is left out.
fn record(place: &Place) -> Value<'static> {
    let named = |name| match place.flat {
        true => Value::Text(name),
        false => Value::Map(vec![("names", Value::Map(vec![("en", Value::Text(name))]))]),
    };
    let fields = [("city", place.city), ("country", place.country)];
    let filled = fields.into_iter().filter(|(_, name)| !name.is_empty());
    Value::Map(filled.map(|(field, name)| (field, named(name))).collect())
}

fn metadata(version: u16, nodes: usize) -> Value<'static> {
    let description = vec![("en", Value::Text("made for a test"))];
    Value::Map(vec![
        ("binary_format_major_version", Value::Number16(2)),
        ("binary_format_minor_version", Value::Number16(0)),
        ("build_epoch", Value::Number64(1_700_000_000)),
        ("database_type", Value::Text("Test-City")),
        ("description", Value::Map(description)),
        ("ip_version", Value::Number16(version)),
        ("languages", Value::List(vec![Value::Text("en")])),
        ("node_count", Value::Number32(nodes as u32)),
        ("record_size", Value::Number16(24)),
    ])
}
