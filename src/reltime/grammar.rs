//! The grammar of a relative time: from text to steps. The rules and their sources stand in the
//! parent module.
//!
//! Invariant: a text is read once, from left to right.

use super::error::{Expected, Found, Hint, ParseError};

/// The longest relative time that is read, in bytes.
pub const MAX_TEXT_BYTES: usize = 256;

/// A unit of time, to move by or to snap to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

impl Unit {
    /// The unit called `name`, one of Splunk's abbreviations, in lower case.
    fn from_name(name: &str) -> Option<Unit> {
        Some(match name {
            "s" | "sec" | "secs" | "second" | "seconds" => Unit::Second,
            "m" | "min" | "mins" | "minute" | "minutes" => Unit::Minute,
            "h" | "hr" | "hrs" | "hour" | "hours" => Unit::Hour,
            "d" | "day" | "days" => Unit::Day,
            "w" | "week" | "weeks" => Unit::Week,
            "mon" | "month" | "months" => Unit::Month,
            "q" | "qtr" | "qtrs" | "quarter" | "quarters" => Unit::Quarter,
            "y" | "yr" | "yrs" | "year" | "years" => Unit::Year,
            _ => return None,
        })
    }
}

/// What one step does to a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// Move by `number` units; negative is into the past.
    Offset { number: i64, unit: Unit },
    /// Round down to the beginning of a unit.
    Snap(Unit),
    /// Round down to the beginning of the last such weekday, today included: 0 is Sunday, 6 is Saturday.
    SnapWeekday(i8),
}

impl Action {
    /// The snap to `name`, a unit or a weekday.
    fn snap_to(name: &str) -> Option<Action> {
        if let Some(unit) = Unit::from_name(name) {
            return Some(Action::Snap(unit));
        }
        let day = match name.strip_prefix('w')?.as_bytes() {
            [digit @ b'0'..=b'7'] => digit - b'0',
            _ => return None,
        };
        i8::try_from(day % 7).ok().map(Action::SnapWeekday)
    }
}

/// One step of a relative time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    /// The byte of the text, from 1, at which the step begins.
    pub(super) column: usize,
    pub(super) action: Action,
}

/// Reads the steps of a relative time; for `now` alone, the result is empty.
pub(super) fn parse(text: &str) -> Result<Vec<Step>, ParseError> {
    if text.len() > MAX_TEXT_BYTES {
        return Err(too_long(text));
    }
    let mut reader = Reader { text, rest: text };
    let now = reader.skip("now()") || reader.skip("now");
    if !now && !text.starts_with(['-', '+', '@']) {
        return Err(reader.refuse_start());
    }
    let mut steps = Vec::new();
    while !reader.rest.is_empty() {
        steps.push(reader.step()?);
    }
    Ok(steps)
}

/// A text and what of it has not been read yet.
struct Reader<'a> {
    text: &'a str,
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn step(&mut self) -> Result<Step, ParseError> {
        let column = self.column();
        let action = if self.skip("@") {
            self.snap()?
        } else if self.skip("-") {
            self.offset("-")?
        } else if self.skip("+") {
            self.offset("")?
        } else {
            return Err(self.refuse(Expected::StepOrEnd));
        };
        Ok(Step { column, action })
    }

    fn offset(&mut self, minus: &str) -> Result<Action, ParseError> {
        let before = self.rest;
        let digits = self.run(|byte| byte.is_ascii_digit());
        let number = if digits.is_empty() { "1" } else { digits };
        let Ok(number) = format!("{minus}{number}").parse() else {
            self.rest = before;
            return Err(self.refuse(Expected::Number));
        };
        let unit = self.name(Unit::from_name, u8::is_ascii_alphabetic, Expected::Unit)?;
        Ok(Action::Offset { number, unit })
    }

    fn snap(&mut self) -> Result<Action, ParseError> {
        self.name(
            Action::snap_to,
            u8::is_ascii_alphanumeric,
            Expected::SnapUnit,
        )
    }

    /// Reads a word of bytes that `belongs` accepts, and looks up its meaning.
    fn name<T>(
        &mut self,
        meaning: fn(&str) -> Option<T>,
        belongs: fn(&u8) -> bool,
        expected: fn(Hint) -> Expected,
    ) -> Result<T, ParseError> {
        let before = self.rest;
        let name = self.run(belongs);
        if let Some(found) = meaning(name) {
            return Ok(found);
        }
        self.rest = before;
        let hint = match meaning(&name.to_ascii_lowercase()) {
            Some(_) => Hint::LowerCase,
            None => Hint::None,
        };
        Err(self.refuse(expected(hint)))
    }

    /// The error for a text that begins with neither a sign, a snap nor `now`.
    fn refuse_start(&self) -> ParseError {
        let token = self.token();
        if token.bytes().all(|byte| byte.is_ascii_digit()) && !token.is_empty() {
            return self.refuse(Expected::SignAndUnit(token.to_owned()));
        }
        if token.starts_with(|first: char| first.is_ascii_digit()) {
            return self.refuse(Expected::Sign(token.to_owned()));
        }
        if token.starts_with("rt") {
            return self.refuse(Expected::NoRealTimePrefix);
        }
        self.refuse(Expected::StepOrNow)
    }

    /// The error at this place of the text.
    fn refuse(&self, expected: Expected) -> ParseError {
        ParseError {
            text: self.text.to_owned(),
            column: self.column(),
            found: match self.token() {
                "" => Found::End,
                token => Found::Token(token.to_owned()),
            },
            expected,
        }
    }

    /// The word or else the character that comes next; empty at the end.
    fn token(&self) -> &'a str {
        let mut ahead = Reader { ..*self };
        let word = ahead.run(u8::is_ascii_alphanumeric);
        if !word.is_empty() {
            return word;
        }
        let mut characters = self.rest.chars();
        characters.next();
        self.rest
            .strip_suffix(characters.as_str())
            .unwrap_or_default()
    }

    fn skip(&mut self, prefix: &str) -> bool {
        let rest = self.rest.strip_prefix(prefix);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// Reads the ASCII bytes up to the first that `belongs` does not accept.
    fn run(&mut self, belongs: fn(&u8) -> bool) -> &'a str {
        let length = self.rest.bytes().take_while(belongs).count();
        let (run, rest) = self.rest.split_at_checked(length).unwrap_or_default();
        self.rest = rest;
        run
    }

    fn column(&self) -> usize {
        self.text.len() - self.rest.len() + 1
    }
}

fn too_long(text: &str) -> ParseError {
    let beginning: String = text.chars().take(32).collect();
    ParseError {
        text: beginning + "...",
        column: MAX_TEXT_BYTES + 1,
        found: Found::LongText(text.len()),
        expected: Expected::ShorterText(MAX_TEXT_BYTES),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn actions(text: &str) -> Vec<Action> {
        let steps = parse(text).unwrap();
        steps.into_iter().map(|step| step.action).collect()
    }

    #[test]
    fn every_abbreviation_of_the_manual_is_its_unit() {
        let units: &[(Unit, &[&str])] = &[
            (Unit::Second, &["s", "sec", "secs", "second", "seconds"]),
            (Unit::Minute, &["m", "min", "mins", "minute", "minutes"]),
            (Unit::Hour, &["h", "hr", "hrs", "hour", "hours"]),
            (Unit::Day, &["d", "day", "days"]),
            (Unit::Week, &["w", "week", "weeks"]),
            (Unit::Month, &["mon", "month", "months"]),
            (Unit::Quarter, &["q", "qtr", "qtrs", "quarter", "quarters"]),
            (Unit::Year, &["y", "yr", "yrs", "year", "years"]),
        ];
        for &(unit, names) in units {
            for name in names {
                let number = -12;
                assert_eq!(
                    actions(&format!("-12{name}")),
                    [Action::Offset { number, unit }]
                );
                assert_eq!(actions(&format!("@{name}")), [Action::Snap(unit)]);
            }
        }
    }

    #[test]
    fn a_weekday_counts_from_sunday_and_seven_is_sunday_too() {
        for (day, weekday) in [0, 1, 2, 3, 4, 5, 6, 0].into_iter().enumerate() {
            assert_eq!(actions(&format!("@w{day}")), [Action::SnapWeekday(weekday)]);
        }
    }

    #[test]
    fn a_number_may_be_missing_zero_or_padded() {
        for (text, number) in [
            ("-h", -1),
            ("+h", 1),
            ("-0h", 0),
            ("+007h", 7),
            ("-9223372036854775808h", i64::MIN),
        ] {
            let unit = Unit::Hour;
            assert_eq!(actions(text), [Action::Offset { number, unit }], "{text}");
        }
    }

    #[test]
    fn steps_keep_their_order_and_their_columns() {
        let minus_one_day = Action::Offset {
            number: -1,
            unit: Unit::Day,
        };
        let three_hours = Action::Offset {
            number: 3,
            unit: Unit::Hour,
        };
        let expected = [
            (6, minus_one_day),
            (9, Action::Snap(Unit::Week)),
            (14, three_hours),
        ];
        let steps = parse("now()-1d@week+3hrs").unwrap();
        assert!(
            steps
                .iter()
                .map(|step| (step.column, step.action))
                .eq(expected)
        );
    }

    #[test]
    fn now_may_stand_alone_or_before_steps() {
        assert_eq!(actions("now"), []);
        assert_eq!(actions("now()"), []);
        assert_eq!(actions("now@m"), actions("@m"));
        assert_eq!(actions("now-10s"), actions("-10s"));
    }

    #[test]
    fn a_refused_text_is_told_the_place_what_was_found_and_what_may_stand_there() {
        let unit = "expected a unit: s, m, h, d, w, mon, q or y";
        let snap = "expected a unit to snap to: s, m, h, d, w, w0 to w7, mon, q or y";
        let next = "expected \"-\", \"+\", \"@\" or the end, for example -1d@d+3h";
        let start = "expected \"-\", \"+\", \"@\" or now, for example -70m@m";
        let number = "expected a number of at most 18 digits";
        let case = ", in lower case (m is minutes, mon is months)";
        let forty = "9".repeat(40);
        for (text, place, expected) in [
            ("", "column 1: found the end", start),
            (" -1d", "column 1: found \" \"", start),
            ("d", "column 1: found \"d\"", start),
            ("yesterday", "column 1: found \"yesterday\"", start),
            ("NOW", "column 1: found \"NOW\"", start),
            ("\u{2212}1d", "column 1: found \"\\u{2212}\"", start),
            (
                "70",
                "column 1: found \"70\"",
                "expected a sign and a unit, for example -70m",
            ),
            (
                "1433261392",
                "column 1: found \"1433261392\"",
                "expected a sign and a unit, for example -1433261392m",
            ),
            (
                "70m",
                "column 1: found \"70m\"",
                "expected a sign: write -70m for the past or +70m for the future",
            ),
            (
                "2d@d",
                "column 1: found \"2d\"",
                "expected a sign: write -2d for the past or +2d for the future",
            ),
            (
                "rt-5m",
                "column 1: found \"rt\"",
                "expected a relative time without the real-time prefix rt",
            ),
            ("nowhere", "column 4: found \"here\"", next),
            ("now(", "column 4: found \"(\"", next),
            ("-1d ", "column 4: found \" \"", next),
            ("-1d2h", "column 4: found \"2h\"", next),
            ("@d\0", "column 3: found \"\\u{0}\"", next),
            ("-1w2", "column 4: found \"2\"", next),
            ("-", "column 2: found the end", unit),
            ("-70", "column 4: found the end", unit),
            ("-1.5h", "column 3: found \".\"", unit),
            ("--1h", "column 2: found \"-\"", unit),
            ("-1fortnight", "column 3: found \"fortnight\"", unit),
            ("-1d@", "column 5: found the end", snap),
            ("@w8", "column 2: found \"w8\"", snap),
            ("@1d", "column 2: found \"1d\"", snap),
            ("@@d", "column 2: found \"@\"", snap),
            ("-1M", "column 3: found \"M\"", &(unit.to_owned() + case)),
            ("-1D@D", "column 3: found \"D\"", &(unit.to_owned() + case)),
            ("@W1", "column 2: found \"W1\"", &(snap.to_owned() + case)),
            (
                &format!("-{forty}mon"),
                &format!("column 2: found \"{forty}mon\""),
                number,
            ),
            (
                &format!("@d+{forty}"),
                &format!("column 4: found \"{forty}\""),
                number,
            ),
        ] {
            let shown = format!(
                "relative time \"{}\", {place}, {expected}",
                text.escape_default()
            );
            assert_eq!(parse(text).unwrap_err().to_string(), shown);
        }
    }

    #[test]
    fn a_text_is_read_up_to_its_longest_length_and_not_beyond() {
        let longest = format!("-{}1s", "0".repeat(MAX_TEXT_BYTES - 3));
        assert_eq!(actions(&longest), actions("-1s"));
        assert_eq!(
            parse(&format!("{longest}s")).unwrap_err().to_string(),
            format!(
                "relative time \"-{}...\", column 257: found a text of 257 bytes, expected at most 256 bytes",
                "0".repeat(31)
            ),
        );
        assert!(parse(&"é".repeat(1_000_000)).is_err());
        assert_eq!(
            parse(&"@d".repeat(MAX_TEXT_BYTES / 2)).unwrap().len(),
            MAX_TEXT_BYTES / 2
        );
    }
}
