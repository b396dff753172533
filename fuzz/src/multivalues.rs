//! A `__mv_` cell, and a list of values that is encoded as one.

use s3newip::csv;

/// See the table in [`super`].
pub fn check(data: &[u8]) {
    let values: Vec<Vec<u8>> = data
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect();
    assert_eq!(multivalues(&encoded(&values)), Some(values));
    match multivalues(data) {
        Some(values) => {
            let whole = data.strip_suffix(b";").filter(|_| !values.is_empty());
            let text = encoded(&values);
            assert!(
                data == text || whole == Some(&text),
                "{:?}",
                data.escape_ascii().to_string()
            );
        }
        None => assert!(!is_multivalue(data)),
    }
}

fn multivalues(text: &[u8]) -> Option<Vec<Vec<u8>>> {
    csv::multivalues(text).collect()
}

fn encoded(values: &[Vec<u8>]) -> Vec<u8> {
    let one = |value: &Vec<u8>| {
        let mut text = vec![b'$'];
        for byte in value {
            text.push(*byte);
            text.extend((*byte == b'$').then_some(b'$'));
        }
        text.push(b'$');
        text
    };
    values.iter().map(one).collect::<Vec<_>>().join(&b';')
}

/// The grammar as a machine with three states: between values, in one, and after a `$` that may be the closing one.
fn is_multivalue(text: &[u8]) -> bool {
    let mut state = 'b';
    for byte in text {
        state = match (state, byte) {
            ('b', b'$') => 'i',
            ('i', b'$') => 'c',
            ('i', _) | ('c', b'$') => 'i',
            ('c', b';') => 'b',
            _ => return false,
        };
    }
    state != 'i'
}
