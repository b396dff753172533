//! The time zone that Splunk serializes into `info.csv` (`_tz`) and answers at
//! `search/timeparser/tz`.
//!
//! Invariants: the number of types and of transitions is bounded; transitions ascend; an offset is
//! a possible one. A text that breaks one of these is refused as a whole.
//!
//! ```text
//! ### SERIALIZED TIMEZONE FORMAT 1.0;Y-25200 YW 50 44 54;Y-28800 NW 50 53 54;@9972000 0;@25693200 1;$
//! ### SERIALIZED TIMEZONE FORMAT 1.0;C0;Y0 NW 47 4D 54;$
//!
//! C <offset>                                    the same offset for ever; what follows does not matter
//! Y <offset> SP <"Y" or "N"><kind> *( SP hex )  a type: UTC offset in seconds, daylight saving time or not, abbreviation
//! @ <epoch> SP <type>                           from that second on the type is in force, types counted from 0
//! $                                             the end; may be missing
//! ```
//!
//! Splunk does not document this. The format is that of a compiled time zone file written out
//! (tzfile(5)), and the reading of `C`, `Y` and `@` is that of the timeline in Splunk's web client,
//! which skips entries of other kinds. Before the first transition the first type without daylight
//! saving time is in force, as in tzfile(5); after the last one, its type: Splunk serializes
//! transitions up to 2037.

const HEADER: &str = "### SERIALIZED TIMEZONE FORMAT 1.0";
/// More than ten times what a zone with two transitions a year from 1900 to 2037 takes.
const MAX_SERIALIZED_BYTES: usize = 64 * 1024;
/// The limits of the tz code's `tzfile.h`: `TZ_MAX_TYPES`, `TZ_MAX_TIMES`.
const MAX_TYPES: usize = 256;
const MAX_TRANSITIONS: usize = 2000;
/// The limits of RFC 8536, section 3.2, for an offset: less than 25 hours west, less than 26 hours
/// east.
const OFFSET_RANGE: std::ops::RangeInclusive<i64> = -89_999..=93_599;

/// The UTC offsets of a time zone, in the order of time. All numbers are seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Transitions {
    before_first: i64,
    transitions: Vec<Transition>,
}

/// From the instant `at` on, `offset` is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Transition {
    at: i64,
    offset: i64,
}

#[derive(Debug, Clone, Copy)]
struct LocalType {
    offset: i64,
    daylight: bool,
}

impl Transitions {
    /// Reads the format of this module; `None` where the text does not follow it.
    pub(super) fn parse(serialized: &str) -> Option<Transitions> {
        if serialized.len() > MAX_SERIALIZED_BYTES {
            return None;
        }
        let body = serialized.strip_prefix(HEADER)?.strip_prefix(';')?;
        let mut types = Vec::new();
        let mut transitions = Vec::new();
        for entry in body.split(';').take_while(|entry| *entry != "$") {
            if let Some(constant) = entry.strip_prefix('C') {
                return Some(Transitions::constant(offset(constant)?));
            } else if let Some(local_type) = entry.strip_prefix('Y') {
                push(&mut types, LocalType::parse(local_type)?, MAX_TYPES)?;
            } else if let Some(transition) = entry.strip_prefix('@') {
                let transition = Transition::parse(transition, &types)?;
                if transitions
                    .last()
                    .is_some_and(|last: &Transition| last.at >= transition.at)
                {
                    return None;
                }
                push(&mut transitions, transition, MAX_TRANSITIONS)?;
            }
        }
        let standard = types.iter().find(|local_type| !local_type.daylight);
        Some(Transitions {
            before_first: standard.or(types.first())?.offset,
            transitions,
        })
    }

    fn constant(offset: i64) -> Transitions {
        Transitions {
            before_first: offset,
            transitions: Vec::new(),
        }
    }

    /// The offset in force at `instant`.
    pub(super) fn offset_at(&self, instant: i64) -> i64 {
        let passed = self
            .transitions
            .partition_point(|transition| transition.at <= instant);
        let last = passed
            .checked_sub(1)
            .and_then(|index| self.transitions.get(index));
        last.map_or(self.before_first, |transition| transition.offset)
    }

    /// The first instant at which the clocks show `wall_clock`, which is given in epoch seconds as
    /// if it were UTC. Where the clocks skip it, the instant as far after the gap as `wall_clock`
    /// is after the beginning of the gap.
    pub(super) fn instant_of(&self, wall_clock: i64) -> i64 {
        let mut instant = wall_clock - self.before_first;
        for transition in &self.transitions {
            let next = wall_clock - transition.offset;
            if instant < transition.at || next < transition.at {
                return instant;
            }
            instant = next;
        }
        instant
    }
}

impl LocalType {
    /// `-25200 YW 50 44 54`: the abbreviation is not needed.
    fn parse(entry: &str) -> Option<LocalType> {
        let (seconds, rest) = entry.split_once(' ')?;
        Some(LocalType {
            offset: offset(seconds)?,
            daylight: match rest.as_bytes().first()? {
                b'Y' => true,
                b'N' => false,
                _ => return None,
            },
        })
    }
}

impl Transition {
    /// `-1633269600 0`
    fn parse(entry: &str, types: &[LocalType]) -> Option<Transition> {
        let (at, index) = entry.split_once(' ')?;
        let local_type = types.get(index.parse::<usize>().ok()?)?;
        Some(Transition {
            at: at.parse().ok()?,
            offset: local_type.offset,
        })
    }
}

fn offset(text: &str) -> Option<i64> {
    text.parse()
        .ok()
        .filter(|seconds| OFFSET_RANGE.contains(seconds))
}

fn push<T>(items: &mut Vec<T>, item: T, limit: usize) -> Option<()> {
    if items.len() == limit {
        return None;
    }
    items.push(item);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: &str) -> Option<Transitions> {
        Transitions::parse(&format!("{HEADER};{body}"))
    }

    /// From the example at `getServerZoneinfo` in the Python library of Splunk's web server.
    const LOS_ANGELES: &str = "Y-25200 YW 50 44 54;Y-28800 NW 50 53 54;Y-25200 YW 50 57 54;Y-25200 YG 50 50 54;\
        @-1633269600 0;@-1615129200 1;@-880207200 2;@-769395600 3;@-765385200 1;@-687967200 0;@-662655600 1;\
        @2120119200 0;@2140678800 1;$";

    #[test]
    fn a_type_is_in_force_from_its_transition_to_the_next() {
        let zone = parse(LOS_ANGELES).unwrap();
        for (instant, offset) in [
            (i64::MIN, -28800),
            (-1_633_269_601, -28800),
            (-1_633_269_600, -25200),
            (-1_615_129_201, -25200),
            (-1_615_129_200, -28800),
            (-769_395_600, -25200),
            (-765_385_200, -28800),
            (2_120_119_199, -28800),
            (2_120_119_200, -25200),
            (2_140_678_800, -28800),
            (i64::MAX, -28800),
        ] {
            assert_eq!(zone.offset_at(instant), offset, "at {instant}");
        }
    }

    #[test]
    fn a_constant_offset_is_the_whole_zone() {
        for (body, offset) in [
            ("C0;Y0 NW 47 4D 54;$", 0),
            ("C19800", 19800),
            ("C-12600;Y0 NW 47 4D 54;@0 7;$", -12600),
            ("Y19800 NW 49 53 54;$", 19800),
            ("Y7200 YW 43;Y3600 NW 43", 3600),
            ("Y7200 YW 43;$;Y3600 NW 43", 7200),
        ] {
            assert_eq!(parse(body), Some(Transitions::constant(offset)), "{body}");
        }
    }

    #[test]
    fn the_end_mark_a_line_end_and_unknown_entries_do_not_matter() {
        let zone = parse(LOS_ANGELES);
        assert_eq!(parse(LOS_ANGELES.trim_end_matches('$')), zone);
        assert_eq!(parse(&format!("{LOS_ANGELES}\r\n")), zone);
        assert_eq!(parse(&format!("L78796800 1;;é;{LOS_ANGELES}")), zone);
    }

    #[test]
    fn a_text_that_breaks_the_format_is_no_zone() {
        for text in [
            "",
            "UTC",
            "### SERIALIZED TIMEZONE FORMAT 1.0",
            "### SERIALIZED TIMEZONE FORMAT 1.0;",
            "### SERIALIZED TIMEZONE FORMAT 1.0;$",
            "### SERIALIZED TIMEZONE FORMAT 1.01;C0;$",
            "### SERIALIZED TIMEZONE FORMAT 2.0;C0;$",
        ] {
            assert_eq!(Transitions::parse(text), None, "{text}");
        }
        for body in [
            "C;$",
            "Cx;$",
            "C1.5;$",
            "C93600;$",
            "C-90000;$",
            "C99999999999999999999;$",
            "Y;$",
            "Y0;$",
            "Y0 ;$",
            "Y0 XW 47;$",
            "Yx NW 47;$",
            "Y9999999 NW 47;$",
            "@0 0;$",
            "Y0 NW 47;@0;$",
            "Y0 NW 47;@0 1;$",
            "Y0 NW 47;@0 -1;$",
            "Y0 NW 47;@x 0;$",
            "Y0 NW 47;@99999999999999999999 0;$",
            "Y0 NW 47;@0 0;@0 0;$",
            "Y0 NW 47;@1 0;@0 0;$",
        ] {
            assert_eq!(parse(body), None, "{body}");
        }
    }

    #[test]
    fn types_transitions_and_bytes_are_bounded() {
        let types = |count: usize| "Y3600 NW 47;".repeat(count);
        assert!(parse(&types(MAX_TYPES)).is_some());
        assert_eq!(parse(&types(MAX_TYPES + 1)), None);
        let transitions =
            |count: usize| (0..count).map(|at| format!("@{at} 0;")).collect::<String>();
        assert!(parse(&(types(1) + &transitions(MAX_TRANSITIONS))).is_some());
        assert_eq!(parse(&(types(1) + &transitions(MAX_TRANSITIONS + 1))), None);
        assert!(parse(&("C0".to_owned() + &";".repeat(60_000))).is_some());
        assert_eq!(
            parse(&("C0".to_owned() + &";".repeat(MAX_SERIALIZED_BYTES))),
            None
        );
    }

    #[test]
    fn a_clock_that_jumps_back_and_forth_gives_some_instant() {
        let zone = parse("Y93599 NW 41;Y-89999 NW 42;@-9223372036854775808 1;@0 0;@1 1;@2 0;@9223372036854775807 1;$").unwrap();
        for wall_clock in (-200_000..200_000).step_by(999) {
            let instant = zone.instant_of(wall_clock);
            assert!((instant - wall_clock).abs() <= 93_599);
        }
    }
}
