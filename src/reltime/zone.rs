//! Time zones: the UTC offset at an instant, and the instant of a wall clock time.
//!
//! Invariants: a wall clock time that the clocks skipped is moved past the gap; one that they showed twice is the
//! earlier instant. Both kinds of zone, the system's and Splunk's, follow the same two rules.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

use super::serialized::Transitions;

/// A time zone in which relative times are resolved. Cheap to clone.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone(Rules);

#[derive(Debug, Clone, PartialEq)]
enum Rules {
    Database(TimeZone),
    Serialized(Arc<Transitions>),
}

impl Zone {
    /// Coordinated Universal Time.
    pub fn utc() -> Zone {
        Zone(Rules::Database(TimeZone::UTC))
    }

    /// The time zone that Splunk wrote into the `_tz` column of a search's `info.csv`; `None` where
    /// the text is not one.
    pub fn from_splunk(serialized: &str) -> Option<Zone> {
        let transitions = Transitions::parse(serialized)?;
        Some(Zone(Rules::Serialized(Arc::new(transitions))))
    }

    /// The UTC offset in force at `instant`, both in seconds; east of Greenwich is positive.
    pub(super) fn offset_at(&self, instant: i64) -> Option<i64> {
        match &self.0 {
            Rules::Database(zone) => {
                let timestamp = Timestamp::from_second(instant).ok()?;
                Some(zone.to_offset(timestamp).seconds().into())
            }
            Rules::Serialized(transitions) => Some(transitions.offset_at(instant)),
        }
    }

    /// The instant, in seconds since the epoch, at which the clocks show `wall_clock`.
    pub(super) fn instant_of(&self, wall_clock: DateTime) -> Option<i64> {
        match &self.0 {
            Rules::Database(zone) => {
                let instant = zone.to_ambiguous_timestamp(wall_clock).compatible();
                instant.ok().map(Timestamp::as_second)
            }
            Rules::Serialized(transitions) => Some(transitions.instant_of(to_seconds(wall_clock)?)),
        }
    }
}

/// A time zone of the time zone database.
impl From<TimeZone> for Zone {
    fn from(zone: TimeZone) -> Zone {
        Zone(Rules::Database(zone))
    }
}

/// The wall clock time whose UTC reading is `seconds` after the epoch; `None` outside of the
/// calendar.
pub(super) fn from_seconds(seconds: i64) -> Option<DateTime> {
    let timestamp = Timestamp::from_second(seconds).ok()?;
    Some(Offset::UTC.to_datetime(timestamp))
}

/// A wall clock time as the seconds since the epoch that it would be in UTC.
pub(super) fn to_seconds(wall_clock: DateTime) -> Option<i64> {
    let timestamp = Offset::UTC.to_timestamp(wall_clock).ok()?;
    Some(timestamp.as_second())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A zone by the rule in force since 2007, so that no time zone database is needed.
    fn posix(rule: &str) -> TimeZone {
        TimeZone::posix(rule).unwrap()
    }

    pub(in super::super) fn los_angeles() -> Zone {
        Zone(Rules::Database(posix("PST8PDT,M3.2.0,M11.1.0")))
    }

    pub(in super::super) fn kolkata() -> Zone {
        Zone(Rules::Database(posix("IST-5:30")))
    }

    /// What Splunk would write for the years 1990 to 2037 of `zone`.
    pub(in super::super) fn serialize(zone: &TimeZone) -> String {
        let first: Timestamp = "1990-01-01T00:00:00Z".parse().unwrap();
        let last: Timestamp = "2038-01-01T00:00:00Z".parse().unwrap();
        let mut types = vec![(
            zone.to_offset_info(first).offset().seconds(),
            zone.to_offset_info(first).dst().is_dst(),
        )];
        let mut entries = String::new();
        for transition in zone
            .following(first)
            .take_while(|transition| transition.timestamp() < last)
        {
            let local_type = (transition.offset().seconds(), transition.dst().is_dst());
            if !types.contains(&local_type) {
                types.push(local_type);
            }
            let index = types.iter().position(|known| *known == local_type).unwrap();
            entries += &format!("@{} {index};", transition.timestamp().as_second());
        }
        let types: String = types
            .iter()
            .map(|(offset, dst)| format!("Y{offset} {}W 58 59 5A;", if *dst { "Y" } else { "N" }))
            .collect();
        format!("### SERIALIZED TIMEZONE FORMAT 1.0;{types}{entries}$")
    }

    /// A zone and the same zone as Splunk serializes it.
    pub(in super::super) fn both_kinds(zone: Zone) -> [Zone; 2] {
        let Rules::Database(rules) = &zone.0 else {
            panic!("a serialized zone")
        };
        let serialized = Zone::from_splunk(&serialize(rules)).unwrap();
        [zone, serialized]
    }

    /// Both kinds of zones with and without daylight saving time, on full and half hours, and of
    /// the database where the machine has one; each with the time zone that it must agree with.
    pub(in super::super) fn every_zone() -> Vec<(Zone, TimeZone)> {
        let rules = [
            Ok(posix("UTC0")),
            Ok(posix("PST8PDT,M3.2.0,M11.1.0")),
            Ok(posix("IST-5:30")),
            Ok(posix("NST3:30NDT,M3.2.0,M11.1.0")),
            TimeZone::get("America/Los_Angeles"),
            TimeZone::get("Europe/Berlin"),
        ];
        let zones = rules.into_iter().filter_map(Result::ok);
        let pairs = zones.flat_map(|rules| {
            both_kinds(Zone(Rules::Database(rules.clone()))).map(|zone| (zone, rules.clone()))
        });
        pairs.collect()
    }

    #[test]
    fn both_kinds_of_zone_agree_on_every_offset_and_every_wall_clock() {
        for (zone, reference) in every_zone() {
            for instant in (1_640_390_400..1_704_067_200).step_by(1800) {
                let timestamp = Timestamp::from_second(instant).unwrap();
                let offset = i64::from(reference.to_offset(timestamp).seconds());
                assert_eq!(zone.offset_at(instant), Some(offset), "{timestamp}");
                let wall_clock = from_seconds(instant).unwrap();
                let expected = reference
                    .to_ambiguous_timestamp(wall_clock)
                    .compatible()
                    .unwrap();
                assert_eq!(
                    zone.instant_of(wall_clock),
                    Some(expected.as_second()),
                    "{wall_clock}"
                );
            }
        }
    }

    #[test]
    fn utc_has_no_offset() {
        assert_eq!(Zone::utc().offset_at(1_644_413_825), Some(0));
    }
}
