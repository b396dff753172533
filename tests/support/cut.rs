//! How splunkd cuts the rows of a search into chunks: sizes vary, and an empty chunk may stand anywhere.

use super::dice::Dice;
use super::row::Row;
use super::splunk_csv::{body_of, columns_of, header_only};

/// One part of a search's input.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    /// Rows to be cut into chunks.
    Rows(Vec<Row>),
    /// The body of one chunk, exactly.
    Body(Vec<u8>),
}

/// The bodies of the chunks, in order; one empty body at least.
pub(crate) fn bodies(parts: &[Part], dice: &mut Dice) -> Vec<Vec<u8>> {
    let mut bodies = Vec::new();
    for part in parts {
        match part {
            Part::Rows(rows) => cut(rows, dice, &mut bodies),
            Part::Body(body) => bodies.push(body.clone()),
        }
    }
    if bodies.is_empty() {
        bodies.push(Vec::new());
    }
    bodies
}

/// Cuts in up to about five chunks, sometimes with an empty or a header-only chunk after them.
fn cut(rows: &[Row], dice: &mut Dice, bodies: &mut Vec<Vec<u8>>) {
    let mut rest = rows;
    while !rest.is_empty() {
        let longest = if dice.one_in(3) {
            2
        } else {
            rows.len().div_ceil(2)
        };
        let (chunk, later) = rest.split_at(rest.len().min(dice.between(1, longest)));
        bodies.push(body_of(chunk));
        rest = later;
    }
    match dice.between(1, 6) {
        1 => bodies.push(Vec::new()),
        2 if !rows.is_empty() => bodies.push(header_only(&columns_of(rows))),
        _ => {}
    }
}
