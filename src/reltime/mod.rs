//! Splunk's relative time (`-70m@m`, `-1d@d+3h`, `@w1`): parsed once, resolved from a search's
//! `now()`.
//!
//! Invariants:
//!
//! - Steps are applied from left to right: an offset before a snap moves first, one after it moves
//!   the snapped time.
//! - A snap rounds down: it never leads to a later time.
//! - Seconds, minutes and hours are exact durations. Days, weeks, months, quarters and years are
//!   calendar units: the clock on the wall stays, so `-1d` is not `-24h` where the clocks change in
//!   between. Month arithmetic ends at the month's last day: one month before March 31 is February
//!   28 or 29.
//! - Nothing panics: a text is at most [`MAX_TEXT_BYTES`] long, and a number too big for the
//!   calendar is an error.
//!
//! ```text
//! relative-time = ( "now" [ "()" ] *step ) / 1*step
//! step          = offset / snap
//! offset        = ( "+" / "-" ) [ number ] unit     number omitted = 1; 0 is allowed
//! snap          = "@" ( unit / weekday )            "@w" is "@w0"
//! unit          = "s" / "sec" / "secs" / "second" / "seconds"
//!               / "m" / "min" / "mins" / "minute" / "minutes"
//!               / "h" / "hr" / "hrs" / "hour" / "hours"
//!               / "d" / "day" / "days"
//!               / "w" / "week" / "weeks"
//!               / "mon" / "month" / "months"
//!               / "q" / "qtr" / "qtrs" / "quarter" / "quarters"
//!               / "y" / "yr" / "yrs" / "year" / "years"
//! weekday       = "w0" ... "w7"                     w0 and w7 are Sunday; today counts
//! ```
//!
//! Units, order, snaps, weekdays and `now()`: Splunk's Search Manual, "Specify time modifiers in
//! your search", and the SPL2 Search Manual, "Specifying relative time" (`mins`). Repeated offsets
//! and snaps, 0 as a number: measured on Splunk 8.2.2,
//! qiita.com/frozencatpisces/items/e9ca26f12a0de7403390.
//!
//! Where Splunk's documentation is silent, or says two things:
//!
//! - A number without a sign is refused. The manual begins a relative time with a sign and reads a
//!   bare number as an absolute time; the one `earliest=2d@d` of the Search Reference does not say
//!   whether it is in the past or in the future.
//! - Units are lower case, as in the manual and in the unit table of Splunk's own pages: `M` could
//!   mean minute or month.
//! - Real-time windows (`rt-5m`) are refused: they move on while the search runs.
//! - Steps may follow `now`, and any number of snaps may follow one another. Splunk 8.2.2 takes two
//!   in a row.
//! - A wall clock time that the clocks skipped is moved past the gap. One that they showed twice is
//!   the same side of the change as the time moved from where that is possible, else the earlier
//!   one; a snap to a day or more takes the earlier.
//! - `@m` and `@h` keep the UTC offset of the time they round, so the repeated hour snaps to its
//!   own beginning, and a zone half an hour off UTC snaps to the full hour of its own clock.

mod calendar;
mod error;
mod grammar;
mod serialized;
mod zone;

use std::fmt;
use std::sync::Arc;

pub use error::{OutOfRange, ParseError};
pub use grammar::MAX_TEXT_BYTES;
pub use zone::Zone;

use grammar::Step;

/// A relative time as the user wrote it, parsed. Clones share the memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelativeTime {
    text: Arc<str>,
    steps: Arc<[Step]>,
}

impl RelativeTime {
    /// Reads `text` by the grammar of this module.
    ///
    /// # Errors
    ///
    /// The text does not follow the grammar.
    pub fn parse(text: &str) -> Result<RelativeTime, ParseError> {
        let steps = grammar::parse(text)?;
        Ok(RelativeTime {
            text: text.into(),
            steps: steps.into(),
        })
    }

    /// The time meant at `now`, both in seconds since the Unix epoch, on the calendar and the clock
    /// of `zone`.
    ///
    /// # Errors
    ///
    /// A step leaves the years -9999 to 9999.
    pub fn resolve(&self, now: i64, zone: &Zone) -> Result<i64, OutOfRange> {
        self.steps.iter().try_fold(now, |instant, step| {
            calendar::apply(step.action, instant, zone).ok_or_else(|| OutOfRange {
                text: Arc::clone(&self.text),
                column: step.column,
            })
        })
    }
}

impl fmt::Display for RelativeTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::DateTime;
    use jiff::tz::TimeZone;

    /// What a source says that relative times mean at a `now`, all in UTC.
    struct Documented {
        source: &'static str,
        now: &'static str,
        meant: &'static [(&'static str, &'static str)],
    }

    /// "Manual" is "Specify time modifiers in your search" of Splunk's Search Manual.
    const DOCUMENTED: &[Documented] = &[
        Documented {
            source: "Manual, examples of relative time modifiers, a Wednesday",
            now: "2022-02-09T13:37:05",
            meant: &[
                ("now", "2022-02-09T13:37:05"),
                ("now()", "2022-02-09T13:37:05"),
                ("-60m", "2022-02-09T12:37:05"),
                ("-60m@s", "2022-02-09T12:37:05"),
                ("-1h@h", "2022-02-09T12:00:00"),
                ("-1d@d", "2022-02-08T00:00:00"),
                ("-24h", "2022-02-08T13:37:05"),
                ("-24h@s", "2022-02-08T13:37:05"),
                ("-7d@d", "2022-02-02T00:00:00"),
                ("-7d@m", "2022-02-02T13:37:00"),
                ("@w0", "2022-02-06T00:00:00"),
                ("+1d@d", "2022-02-10T00:00:00"),
                ("+24h", "2022-02-10T13:37:05"),
                ("+24h@s", "2022-02-10T13:37:05"),
            ],
        },
        Documented {
            source: "Manual, examples of chained relative time offsets",
            now: "2022-02-09T13:37:05",
            meant: &[
                ("@d-2h", "2022-02-08T22:00:00"),
                ("-mon@mon+7d", "2022-01-08T00:00:00"),
            ],
        },
        Documented {
            source: "Manual, difference between relative time and relative snap to time",
            now: "2022-04-28T14:05:00",
            meant: &[
                ("-2d", "2022-04-26T14:05:00"),
                ("-2d@d", "2022-04-26T00:00:00"),
            ],
        },
        Documented {
            source: "Manual, snap to time: from 15:45 to 14:00; the previous and the current month",
            now: "2022-02-09T15:45:00",
            meant: &[
                ("-h@h", "2022-02-09T14:00:00"),
                ("-mon@mon", "2022-01-01T00:00:00"),
                ("@mon", "2022-02-01T00:00:00"),
            ],
        },
        Documented {
            source: "Manual, examples of searches: weeks and business weeks, midnight and after",
            now: "2022-02-09T15:00:00",
            meant: &[
                ("@w0", "2022-02-06T00:00:00"),
                ("@w1", "2022-02-07T00:00:00"),
                ("+7d@w6", "2022-02-12T00:00:00"),
                ("-7d@w1", "2022-01-31T00:00:00"),
                ("-5d@w1", "2022-01-31T00:00:00"),
                ("@w6", "2022-02-05T00:00:00"),
                ("-2d@d", "2022-02-07T00:00:00"),
                ("@d", "2022-02-09T00:00:00"),
                ("@d+1h", "2022-02-09T01:00:00"),
            ],
        },
        Documented {
            source: "Manual, special time units: w0 and w7 are Sunday, @w and @week are @w0",
            now: "2022-02-12T23:59:59",
            meant: &[
                ("@w7", "2022-02-06T00:00:00"),
                ("@w0", "2022-02-06T00:00:00"),
                ("@w", "2022-02-06T00:00:00"),
                ("@week", "2022-02-06T00:00:00"),
                ("@w6", "2022-02-12T00:00:00"),
            ],
        },
        Documented {
            source: "Manual, special time units, on a Sunday",
            now: "2022-02-06T00:00:00",
            meant: &[
                ("@w7", "2022-02-06T00:00:00"),
                ("@w0", "2022-02-06T00:00:00"),
                ("@w1", "2022-01-31T00:00:00"),
            ],
        },
        Documented {
            source: "Manual, special time units: the most recent of Jan 1, Apr 1, July 1 and Oct 1",
            now: "2022-03-31T23:59:59",
            meant: &[
                ("@q", "2022-01-01T00:00:00"),
                ("+1s@qtr", "2022-04-01T00:00:00"),
                ("+2q@quarter", "2022-07-01T00:00:00"),
                ("+9mon@q", "2022-10-01T00:00:00"),
            ],
        },
        Documented {
            source: "Manual, relative time offset and latest time in ad hoc searches",
            now: "2022-02-09T01:00:15",
            meant: &[
                ("-15s", "2022-02-09T01:00:00"),
                ("-30s", "2022-02-09T00:59:45"),
            ],
        },
        Documented {
            source: "Manual, relative time ranges: the number is implied, s is 1s, m is 1m",
            now: "2022-02-09T13:37:05",
            meant: &[
                ("-s", "2022-02-09T13:37:04"),
                ("-m", "2022-02-09T13:36:05"),
                ("-h", "2022-02-09T12:37:05"),
                ("+q", "2022-05-09T13:37:05"),
            ],
        },
        Documented {
            source: "SPL2 Search Manual, searching specific time ranges",
            now: "2022-02-09T13:37:05",
            meant: &[
                ("-5m", "2022-02-09T13:32:05"),
                ("-40s", "2022-02-09T13:36:25"),
                ("-4h", "2022-02-09T09:37:05"),
                ("-2h", "2022-02-09T11:37:05"),
            ],
        },
        Documented {
            source: "SPL2 Search Manual, specifying relative time",
            now: "2022-02-09T03:45:00",
            meant: &[
                ("-1h", "2022-02-09T02:45:00"),
                ("-h@h", "2022-02-09T02:00:00"),
            ],
        },
        Documented {
            source: "the rules measured on Splunk 8.2.2: order, repetition, two snaps, 0",
            now: "2022-02-09T13:37:05",
            meant: &[
                ("-0d", "2022-02-09T13:37:05"),
                ("+0mon@mon", "2022-02-01T00:00:00"),
                ("@mon@w", "2022-01-30T00:00:00"),
                ("@y@w1", "2021-12-27T00:00:00"),
                ("@w@mon", "2022-02-01T00:00:00"),
                ("+1mon-1d+2h-30m", "2022-03-08T15:07:05"),
                ("-1d+1mon@mon+1d@w-1h", "2022-02-26T23:00:00"),
                ("@y+1q@q-1s", "2022-03-31T23:59:59"),
            ],
        },
        Documented {
            source: "public tests, zartstrom/snaptime, tests/test_snap.py, a Thursday",
            now: "2016-10-20T12:00:00",
            meant: &[
                ("-0d@d+1h", "2016-10-20T01:00:00"),
                ("-1d@d+2h", "2016-10-19T02:00:00"),
                ("-15m@m", "2016-10-20T11:45:00"),
                ("-15days@days", "2016-10-05T00:00:00"),
                ("-0w@w1", "2016-10-17T00:00:00"),
                ("-2w@w2", "2016-10-04T00:00:00"),
                ("-3w@w2", "2016-09-27T00:00:00"),
                ("-1month@month", "2016-09-01T00:00:00"),
                ("-4y@y", "2012-01-01T00:00:00"),
            ],
        },
        Documented {
            source: "public tests, zartstrom/snaptime, tests/test_snap.py, a Monday",
            now: "2016-05-09T11:00:00",
            meant: &[
                ("-1w@w", "2016-05-01T00:00:00"),
                ("@w2", "2016-05-03T00:00:00"),
                ("@w3", "2016-05-04T00:00:00"),
                ("-1w@w4", "2016-04-28T00:00:00"),
            ],
        },
        Documented {
            source: "the threshold of the detection this command replaces",
            now: "2022-02-09T13:37:05",
            meant: &[("-70m@m", "2022-02-09T12:27:00")],
        },
    ];

    fn utc(civil: &str) -> i64 {
        let civil: DateTime = civil.parse().unwrap();
        TimeZone::UTC.to_timestamp(civil).unwrap().as_second()
    }

    fn resolve(text: &str, now: i64, zone: &Zone) -> i64 {
        RelativeTime::parse(text)
            .unwrap()
            .resolve(now, zone)
            .unwrap()
    }

    #[test]
    fn documented_examples_resolve_as_documented() {
        let mut cases = 0;
        for Documented { source, now, meant } in DOCUMENTED {
            for (text, expected) in *meant {
                let resolved = resolve(text, utc(now), &Zone::utc());
                assert_eq!(resolved, utc(expected), "{text} at {now}: {source}");
                cases += 1;
            }
        }
        assert!(cases >= 70, "only {cases} cases");
    }

    #[test]
    fn a_day_of_23_hours_makes_a_day_and_24_hours_differ() {
        // "24h is usually but not always equivalent to 1d because of Daylight Savings Time
        // boundaries", Search Manual.
        let zone = zone::tests::los_angeles();
        let noon_after_the_change = utc("2022-03-13T19:00:00");
        assert_eq!(
            resolve("-24h", noon_after_the_change, &zone),
            utc("2022-03-12T19:00:00")
        );
        assert_eq!(
            resolve("-1d", noon_after_the_change, &zone),
            utc("2022-03-12T20:00:00")
        );
    }

    #[test]
    fn text_is_displayed_as_it_was_given_and_compared_with_it() {
        let minutes = RelativeTime::parse("-70min@m").unwrap();
        assert_eq!(minutes.to_string(), "-70min@m");
        assert_eq!(minutes, minutes.clone());
        assert_ne!(minutes, RelativeTime::parse("-70m@m").unwrap());
    }

    #[test]
    fn a_number_beyond_the_calendar_is_an_error_that_names_the_step() {
        for (text, column) in [
            ("-999999999999s", 1),
            ("@d+999999999999999999m", 3),
            ("-1d@d-999999999999999999h", 6),
            ("-5000000d", 1),
            ("+999999999999999999d", 1),
            ("-9223372036854775807w", 1),
            ("+120000mon", 1),
            ("+9223372036854775807q", 1),
            ("-13000y", 1),
            ("-9223372036854775808y", 1),
            ("+7000y+7000y", 7),
        ] {
            for zone in [Zone::utc(), zone::tests::los_angeles()] {
                let relative = RelativeTime::parse(text).unwrap();
                let error = relative
                    .resolve(utc("2022-02-09T13:37:05"), &zone)
                    .unwrap_err();
                assert_eq!((error.column, &*error.text), (column, text));
            }
        }
        let error = RelativeTime::parse("@d-13000y")
            .unwrap()
            .resolve(0, &Zone::utc());
        assert_eq!(
            error.unwrap_err().to_string(),
            "relative time \"@d-13000y\", column 3: expected a time in the years -9999 to 9999, \
             found one outside of them: write a smaller number"
        );
    }

    #[test]
    fn a_now_outside_of_the_calendar_is_an_error_and_no_panic() {
        for now in [i64::MIN, i64::MAX, 253_402_300_800, -400_000_000_000] {
            for text in [
                "-1s", "+1m", "-1d", "+1mon", "@m", "@h", "@d", "@w3", "@mon", "@q", "@y",
            ] {
                for zone in [
                    Zone::utc(),
                    zone::tests::kolkata(),
                    zone::tests::los_angeles(),
                ] {
                    let relative = RelativeTime::parse(text).unwrap();
                    // A single second back may lead into the calendar again; nothing else is
                    // promised.
                    let _ = relative.resolve(now, &zone);
                }
            }
        }
        assert_eq!(resolve("now", i64::MAX, &Zone::utc()), i64::MAX);
    }

    /// Texts made of pieces of the grammar and of bytes that do not belong, from a fixed seed.
    fn scrambled(count: usize) -> impl Iterator<Item = String> {
        const PIECES: &[&str] = &[
            "-1d",
            "+7mon",
            "@w3",
            "@q",
            "-999999y",
            "now",
            "-",
            "+",
            "@",
            "()",
            "0",
            "70",
            "99999999999999999999",
            "s",
            "m",
            "mon",
            "w7",
            "w8",
            "y",
            "M",
            "rt",
            " ",
            "\0",
            "\u{202e}",
            "😀",
        ];
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        let mut random = move |below: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).unwrap() % below
        };
        (0..count).map(move |_| {
            (0..random(12))
                .map(|_| PIECES[random(PIECES.len())])
                .collect()
        })
    }

    #[test]
    fn scrambled_texts_never_panic_and_errors_show_no_control_characters() {
        let zone = zone::tests::los_angeles();
        let mut parsed = 0;
        for text in scrambled(20_000) {
            match RelativeTime::parse(&text) {
                Ok(relative) => {
                    parsed += 1;
                    assert_eq!(relative.to_string(), text);
                    let _ = relative.resolve(utc("2022-02-09T13:37:05"), &zone);
                }
                Err(error) => assert!(
                    error
                        .to_string()
                        .bytes()
                        .all(|byte| (b' '..=b'~').contains(&byte))
                ),
            }
        }
        assert!(parsed > 200, "only {parsed} texts were relative times");
    }
}
