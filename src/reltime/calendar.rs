//! The arithmetic of one step on the calendar and the clock of a time zone.
//!
//! Invariants: `None` is the only failure and means that the result leaves the years -9999 to 9999;
//! an offset of 0 changes nothing; a snap never leads to a later time.

use jiff::Span;
use jiff::civil::{Date, DateTime, Time};

use super::grammar::{Action, Unit};
use super::zone::{Zone, from_seconds, to_seconds};

const SECONDS_PER_MINUTE: i64 = 60;
const SECONDS_PER_HOUR: i64 = 60 * 60;
const DAYS_PER_WEEK: i64 = 7;
const MONTHS_PER_QUARTER: i64 = 3;
const MONTHS_PER_YEAR: i64 = 12;

/// The time after one step from `instant`, in seconds since the epoch.
pub(super) fn apply(action: Action, instant: i64, zone: &Zone) -> Option<i64> {
    match action {
        Action::Offset { number, unit } => offset(instant, number, unit, zone),
        Action::Snap(unit) => snap(instant, unit, zone),
        Action::SnapWeekday(weekday) => snap_date(instant, zone, |date| last(weekday, date)),
    }
}

fn offset(instant: i64, number: i64, unit: Unit, zone: &Zone) -> Option<i64> {
    match unit {
        Unit::Second => add_seconds(instant, number, 1),
        Unit::Minute => add_seconds(instant, number, SECONDS_PER_MINUTE),
        Unit::Hour => add_seconds(instant, number, SECONDS_PER_HOUR),
        Unit::Day => add_span(instant, days(number, 1)?, zone),
        Unit::Week => add_span(instant, days(number, DAYS_PER_WEEK)?, zone),
        Unit::Month => add_span(instant, months(number, 1)?, zone),
        Unit::Quarter => add_span(instant, months(number, MONTHS_PER_QUARTER)?, zone),
        Unit::Year => add_span(instant, months(number, MONTHS_PER_YEAR)?, zone),
    }
}

fn add_seconds(instant: i64, number: i64, seconds_per_unit: i64) -> Option<i64> {
    let moved = instant.checked_add(number.checked_mul(seconds_per_unit)?)?;
    from_seconds(moved).map(|_| moved)
}

fn days(number: i64, days_per_unit: i64) -> Option<Span> {
    Span::new()
        .try_days(number.checked_mul(days_per_unit)?)
        .ok()
}

fn months(number: i64, months_per_unit: i64) -> Option<Span> {
    Span::new()
        .try_months(number.checked_mul(months_per_unit)?)
        .ok()
}

/// Moves the date and keeps the wall clock time.
fn add_span(instant: i64, span: Span, zone: &Zone) -> Option<i64> {
    let utc_offset = zone.offset_at(instant)?;
    let moved = from_seconds(instant.checked_add(utc_offset)?)?
        .checked_add(span)
        .ok()?;
    let same_side = to_seconds(moved)? - utc_offset;
    if zone.offset_at(same_side)? == utc_offset {
        return Some(same_side);
    }
    zone.instant_of(moved)
}

fn snap(instant: i64, unit: Unit, zone: &Zone) -> Option<i64> {
    match unit {
        Unit::Second => Some(instant),
        Unit::Minute => snap_clock(instant, SECONDS_PER_MINUTE, zone),
        Unit::Hour => snap_clock(instant, SECONDS_PER_HOUR, zone),
        Unit::Day => snap_date(instant, zone, Some),
        Unit::Week => snap_date(instant, zone, |date| last(0, date)),
        Unit::Month => snap_date(instant, zone, |date| Some(date.first_of_month())),
        Unit::Quarter => snap_date(instant, zone, first_of_quarter),
        Unit::Year => snap_date(instant, zone, |date| Some(date.first_of_year())),
    }
}

/// Rounds the wall clock down to a multiple of `seconds`, under the UTC offset in force at
/// `instant`.
fn snap_clock(instant: i64, seconds: i64, zone: &Zone) -> Option<i64> {
    let wall_clock = instant.checked_add(zone.offset_at(instant)?)?;
    instant.checked_sub(wall_clock.rem_euclid(seconds))
}

/// The beginning of the day that `first_day` returns for the date at `instant`.
fn snap_date(instant: i64, zone: &Zone, first_day: impl Fn(Date) -> Option<Date>) -> Option<i64> {
    let wall_clock = from_seconds(instant.checked_add(zone.offset_at(instant)?)?)?;
    let midnight = DateTime::from_parts(first_day(wall_clock.date())?, Time::midnight());
    // Where the clocks skip midnight, the day begins after the gap, which may be later than `instant`.
    zone.instant_of(midnight).map(|begin| begin.min(instant))
}

/// The last `weekday` (0 is Sunday) up to and including `date`.
fn last(weekday: i8, date: Date) -> Option<Date> {
    let days_since = (date.weekday().to_sunday_zero_offset() - weekday).rem_euclid(7);
    date.checked_sub(days(days_since.into(), 1)?).ok()
}

fn first_of_quarter(date: Date) -> Option<Date> {
    let months_since = (i64::from(date.month()) - 1) % MONTHS_PER_QUARTER;
    date.first_of_month()
        .checked_sub(months(months_since, 1)?)
        .ok()
}

#[cfg(test)]
mod tests {
    use super::super::RelativeTime;
    use super::super::zone::tests::{both_kinds, every_zone, kolkata, los_angeles};
    use super::*;
    use jiff::{Timestamp, ZonedDateTime, civil};

    fn epoch(timestamp: &str) -> i64 {
        let timestamp: Timestamp = timestamp.parse().unwrap();
        timestamp.as_second()
    }

    fn resolve(text: &str, now: i64, zone: &Zone) -> i64 {
        RelativeTime::parse(text)
            .unwrap()
            .resolve(now, zone)
            .unwrap()
    }

    #[test]
    fn months_end_at_the_last_day_of_the_month() {
        for (now, text, expected) in [
            ("2022-03-31T12:00:00Z", "-1mon", "2022-02-28T12:00:00Z"),
            ("2024-03-31T12:00:00Z", "-1mon", "2024-02-29T12:00:00Z"),
            ("2022-01-31T12:00:00Z", "+1mon", "2022-02-28T12:00:00Z"),
            ("2022-01-31T12:00:00Z", "+1mon+1mon", "2022-03-28T12:00:00Z"),
            ("2022-05-31T12:00:00Z", "-1q", "2022-02-28T12:00:00Z"),
            ("2024-02-29T12:00:00Z", "-1y", "2023-02-28T12:00:00Z"),
            ("2024-02-29T12:00:00Z", "-4y", "2020-02-29T12:00:00Z"),
            ("2022-01-15T12:00:00Z", "-13mon", "2020-12-15T12:00:00Z"),
        ] {
            assert_eq!(
                resolve(text, epoch(now), &Zone::utc()),
                epoch(expected),
                "{text} at {now}"
            );
        }
    }

    #[test]
    fn the_clock_on_the_wall_stays_where_daylight_saving_time_begins_or_ends() {
        for (now, text, expected) in [
            ("2022-03-14T09:00:00-07", "-1d", "2022-03-13T09:00:00-07"),
            ("2022-03-14T09:00:00-07", "-2d", "2022-03-12T09:00:00-08"),
            ("2022-03-14T09:00:00-07", "-48h", "2022-03-12T08:00:00-08"),
            ("2022-03-14T09:00:00-07", "-1w", "2022-03-07T09:00:00-08"),
            ("2022-03-14T09:00:00-07", "-1mon", "2022-02-14T09:00:00-08"),
            ("2022-11-07T09:00:00-08", "-2d", "2022-11-05T09:00:00-07"),
            ("2022-11-07T09:00:00-08", "-48h", "2022-11-05T10:00:00-07"),
            ("2022-07-01T00:00:00-07", "@y", "2022-01-01T00:00:00-08"),
            ("2022-12-01T00:00:00-08", "@q", "2022-10-01T00:00:00-07"),
            ("2022-03-13T12:00:00-07", "@d", "2022-03-13T00:00:00-08"),
            ("2022-03-16T12:00:00-07", "@w0", "2022-03-13T00:00:00-08"),
            ("2022-11-06T12:00:00-08", "@d+12h", "2022-11-06T11:00:00-08"),
        ] {
            for zone in both_kinds(los_angeles()) {
                assert_eq!(
                    resolve(text, epoch(now), &zone),
                    epoch(expected),
                    "{text} at {now}"
                );
            }
        }
    }

    #[test]
    fn a_skipped_time_moves_past_the_gap_and_a_repeated_one_keeps_its_side() {
        for (now, text, expected) in [
            ("2022-03-12T02:30:00-08", "+1d", "2022-03-13T03:30:00-07"),
            ("2022-03-14T02:30:00-07", "-1d", "2022-03-13T03:30:00-07"),
            ("2022-11-05T01:30:00-07", "+1d", "2022-11-06T01:30:00-07"),
            ("2022-11-07T01:30:00-08", "-1d", "2022-11-06T01:30:00-08"),
            ("2022-11-06T01:30:00-07", "-0d", "2022-11-06T01:30:00-07"),
            ("2022-11-06T01:30:00-08", "-0mon", "2022-11-06T01:30:00-08"),
            ("2022-11-06T01:30:15-07", "@h", "2022-11-06T01:00:00-07"),
            ("2022-11-06T01:30:15-08", "@h", "2022-11-06T01:00:00-08"),
            ("2022-11-06T01:30:15-08", "@m", "2022-11-06T01:30:00-08"),
            ("2022-11-06T01:30:15-08", "-1h@h", "2022-11-06T01:00:00-07"),
        ] {
            for zone in both_kinds(los_angeles()) {
                assert_eq!(
                    resolve(text, epoch(now), &zone),
                    epoch(expected),
                    "{text} at {now}"
                );
            }
        }
    }

    #[test]
    fn a_zone_half_an_hour_off_snaps_by_its_own_clock() {
        for (now, text, expected) in [
            (
                "2022-02-09T13:37:05+05:30",
                "@h",
                "2022-02-09T13:00:00+05:30",
            ),
            (
                "1960-02-09T13:07:05+05:30",
                "@h",
                "1960-02-09T13:00:00+05:30",
            ),
            (
                "2022-02-09T13:37:05+05:30",
                "-70m@m",
                "2022-02-09T12:27:00+05:30",
            ),
            (
                "2022-02-09T03:00:00+05:30",
                "@d",
                "2022-02-09T00:00:00+05:30",
            ),
            (
                "2022-02-01T03:00:00+05:30",
                "@mon",
                "2022-02-01T00:00:00+05:30",
            ),
            (
                "2022-02-06T03:00:00+05:30",
                "@w",
                "2022-02-06T00:00:00+05:30",
            ),
        ] {
            for zone in both_kinds(kolkata()) {
                assert_eq!(
                    resolve(text, epoch(now), &zone),
                    epoch(expected),
                    "{text} at {now}"
                );
            }
        }
    }

    #[test]
    fn a_midnight_that_the_clocks_skip_begins_the_day_after_the_gap() {
        // As in Brazil up to 2018: the clocks go from 00:00 to 01:00.
        let serialized = "### SERIALIZED TIMEZONE FORMAT 1.0;Y-10800 NW 2D 30 33;Y-7200 YW 2D 30 32;@1541300400 1;$";
        let zone = Zone::from_splunk(serialized).unwrap();
        for text in ["@d", "@w0", "-1d+1d@d"] {
            let now = epoch("2018-11-04T12:00:00-02");
            assert_eq!(
                resolve(text, now, &zone),
                epoch("2018-11-04T01:00:00-02"),
                "{text}"
            );
        }
    }

    #[test]
    fn no_snap_leads_past_a_time_just_behind_a_skipped_midnight() {
        // As in Toronto in 1919: the clocks go from 23:30 to 00:30.
        let serialized = "### SERIALIZED TIMEZONE FORMAT 1.0;Y-18000 NW 45 53 54;Y-14400 YW 45 44 54;@-1601753400 1;$";
        let zone = Zone::from_splunk(serialized).unwrap();
        for (now, text, expected) in [
            ("1919-03-31T00:40:00-04", "@d", "1919-03-31T00:40:00-04"),
            ("1919-03-31T00:40:00-04", "@w1", "1919-03-31T00:40:00-04"),
            ("1919-03-31T12:00:00-04", "@d", "1919-03-31T01:00:00-04"),
        ] {
            assert_eq!(resolve(text, epoch(now), &zone), epoch(expected), "{text}");
        }
    }

    /// What `strftime` of another library shows at the beginning of a unit.
    fn begins(text: &str, clock: &ZonedDateTime) -> bool {
        let shown = clock.strftime("%w %m-%d %H:%M:%S").to_string();
        match text {
            "@h" => shown.ends_with(":00:00"),
            "@d" => shown.ends_with(" 00:00:00"),
            "@w" => shown.starts_with('0') && shown.ends_with(" 00:00:00"),
            "@w3" => shown.starts_with('3') && shown.ends_with(" 00:00:00"),
            "@mon" => shown.ends_with("-01 00:00:00"),
            "@q" => ["01", "04", "07", "10"]
                .iter()
                .any(|month| shown.ends_with(&format!("{month}-01 00:00:00"))),
            _ => shown.ends_with("01-01 00:00:00"),
        }
    }

    #[test]
    fn a_snap_is_the_last_beginning_of_its_unit_found_by_walking_through_a_year() {
        const HALF_AN_HOUR: usize = 30 * 60;
        const SNAPS: [&str; 7] = ["@h", "@d", "@w", "@w3", "@mon", "@q", "@y"];
        let snaps = SNAPS.map(|text| (text, RelativeTime::parse(text).unwrap()));
        for (zone, reference) in every_zone() {
            let mut last = [None; SNAPS.len()];
            // From 2021-12-25 to 2023-01-15 forwards, so that the last beginning seen is the
            // expected one.
            for instant in (1_640_390_400..1_673_740_800).step_by(HALF_AN_HOUR) {
                let clock = Timestamp::from_second(instant)
                    .unwrap()
                    .to_zoned_datetime(reference.clone());
                for ((text, snap), last) in snaps.iter().zip(&mut last) {
                    if begins(text, &clock) {
                        *last = Some(instant);
                    }
                    if last.is_some() {
                        assert_eq!(
                            snap.resolve(instant, &zone).ok(),
                            *last,
                            "{text} at {clock}"
                        );
                    }
                }
            }
            assert!(last.iter().all(Option::is_some));
        }
    }

    #[test]
    fn calendar_offsets_agree_with_the_arithmetic_of_zoned_times() {
        for (zone, reference) in every_zone() {
            for (text, span) in [
                ("-1d", Span::new().days(-1)),
                ("+3d", Span::new().days(3)),
                ("-2w", Span::new().weeks(-2)),
                ("-1mon", Span::new().months(-1)),
                ("+5q", Span::new().months(15)),
                ("-3y", Span::new().years(-3)),
                ("-25h", Span::new().hours(-25)),
                ("+90m", Span::new().minutes(90)),
            ] {
                for instant in (1_640_390_400..1_673_740_800).step_by(3600) {
                    let now = Timestamp::from_second(instant)
                        .unwrap()
                        .to_zoned_datetime(reference.clone());
                    let resolved = resolve(text, instant, &zone);
                    let expected = now.checked_add(span).unwrap();
                    // In the hour that the clocks show twice the other library takes the earlier
                    // one.
                    let shown = Timestamp::from_second(resolved)
                        .unwrap()
                        .to_zoned_datetime(reference.clone());
                    assert_eq!(shown.datetime(), expected.datetime(), "{text} at {now}");
                    if shown.offset() == now.offset() && expected.offset() != now.offset() {
                        continue;
                    }
                    assert_eq!(
                        resolved,
                        expected.timestamp().as_second(),
                        "{text} at {now}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_last_weekday_of_every_date_is_at_most_six_days_back() {
        let mut date = civil::date(2022, 1, 1);
        for _ in 0..28 {
            for weekday in 0..7 {
                let found = last(weekday, date).unwrap();
                assert_eq!(found.weekday().to_sunday_zero_offset(), weekday);
                assert!((0..7).contains(&(date - found).get_days()));
            }
            date = date.tomorrow().unwrap();
        }
    }
}
