//! The result as rows of cells, which every format writes in its own way.

use std::borrow::Cow;
use std::io;

use super::arguments::ScanArguments;
use super::geoip::GeoIp;
use crate::detector::{DETAIL_COLUMNS, Details, Outcome, SEED_COLUMNS, Verdict, pair_values};
use crate::pairs::{PairId, Sightings};
use crate::rules::Output;
use crate::text::timestamp::{FIRST_TIME, LAST_TIME, Timestamp};

/// The columns of the result.
pub(super) fn columns(arguments: &ScanArguments) -> Vec<&'static str> {
    if arguments.seed {
        return SEED_COLUMNS.to_vec();
    }
    let places: &[_] = if arguments.geoip.is_some() {
        &["City", "Country"]
    } else {
        &[]
    };
    let pair = [&["bucket_name", "src_ip"], places].concat();
    match arguments.output {
        Output::Pairs => [
            &[FIRST_TIME, LAST_TIME],
            pair.as_slice(),
            &["count"],
            &DETAIL_COLUMNS,
        ]
        .concat(),
        Output::Events => [&["_time"], pair.as_slice(), &["operation", "request_uri"]].concat(),
        Output::All => [
            &["_time", "newIP"],
            pair.as_slice(),
            &["operation", "request_uri"],
        ]
        .concat(),
    }
}

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    /// Bytes from a log.
    Text(Vec<u8>),
    Number(u64),
}

impl Cell {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string().into_bytes(),
        }
    }
}

/// Calls `visit` with the cells of every row of the result.
pub(super) fn for_each_row(
    arguments: &ScanArguments,
    geoip: Option<&GeoIp>,
    outcome: &mut Outcome,
    mut visit: impl FnMut(Vec<Cell>) -> io::Result<()>,
) -> io::Result<()> {
    if arguments.seed {
        return visit(outcome.seed_row().map(Cell::Number).to_vec());
    }
    match arguments.output {
        Output::Pairs => for_each_pair(geoip, outcome, visit),
        Output::Events | Output::All => for_each_event(arguments.output, geoip, outcome, visit),
    }
}

fn for_each_event(
    output: Output,
    geoip: Option<&GeoIp>,
    outcome: &mut Outcome,
    mut visit: impl FnMut(Vec<Cell>) -> io::Result<()>,
) -> io::Result<()> {
    outcome.for_each_event(|sightings, verdict, _, row| {
        let details = Details::decode(row);
        let [_, operation, request_uri, ..] = details.texts().map(Cow::into_owned);
        visit(event(
            output,
            geoip,
            sightings,
            verdict,
            details.time,
            [operation, request_uri],
        ))
    })?;
    let without_rows = outcome.new_pairs_without_rows().into_iter();
    for verdict in without_rows.filter_map(|id| outcome.verdict(id)) {
        let sightings = &outcome.sightings;
        visit(event(
            output,
            geoip,
            sightings,
            &verdict,
            verdict.first,
            Default::default(),
        ))?;
    }
    Ok(())
}

/// The cells of an event.
fn event(
    output: Output,
    geoip: Option<&GeoIp>,
    sightings: &Sightings,
    verdict: &Verdict,
    time: Option<Timestamp>,
    details: [Vec<u8>; 2],
) -> Vec<Cell> {
    let mut cells = vec![time_cell(time)];
    if output == Output::All {
        cells.push(Cell::Number(verdict.new.into()));
    }
    push_pair(&mut cells, geoip, sightings, verdict.pair);
    cells.extend(details.map(Cell::Text));
    cells
}

fn for_each_pair(
    geoip: Option<&GeoIp>,
    outcome: &mut Outcome,
    mut visit: impl FnMut(Vec<Cell>) -> io::Result<()>,
) -> io::Result<()> {
    let mut held = Vec::new();
    for (verdict, place) in outcome.table()? {
        let sightings = &outcome.sightings;
        let details = outcome.read_details(place, &mut held)?;
        let mut cells = vec![time_cell(verdict.first), time_cell(Some(verdict.last))];
        push_pair(&mut cells, geoip, sightings, verdict.pair);
        cells.push(Cell::Number(
            sightings.get(verdict.pair).map_or(0, |pair| pair.count),
        ));
        cells.extend(details.texts().map(|text| Cell::Text(text.into_owned())));
        visit(cells)?;
    }
    Ok(())
}

/// Adds the cells of a pair: bucket, address and place.
fn push_pair(cells: &mut Vec<Cell>, geoip: Option<&GeoIp>, sightings: &Sightings, id: PairId) {
    let mut values = pair_values(sightings, id).map(Cow::into_owned);
    let (bucket_name, remote_ip) = (
        values.next().unwrap_or_default(),
        values.next().unwrap_or_default(),
    );
    let place = geoip.map(|geoip| geoip.place(&remote_ip));
    cells.extend([bucket_name, remote_ip].map(Cell::Text));
    if let Some((city, country)) = place {
        cells.extend([city, country].map(|name| Cell::Text(name.into_bytes())));
    }
}

fn time_cell(time: Option<Timestamp>) -> Cell {
    Cell::Text(
        time.map(Timestamp::to_rfc3339)
            .unwrap_or_default()
            .into_bytes(),
    )
}
