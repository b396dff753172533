//! A score's reason, as a sentence that an analyst can read out.
//!
//! ```text
//! 203.0.0.0/16 is new for <principal> (0 such in 30 days); the requester is new to the bucket (2 such in 30 days)
//! ```

use std::fmt;

use super::{Candidate, Rate, Score, Where, Who};
use crate::network::Networks;
use crate::principal;
use crate::text::escape;

/// The most bytes of a foreign text that a sentence repeats: more than an ARN has.
const MOST_BYTES: usize = 2_048;

/// The whole sentence.
pub(super) fn sentence(score: &Score, candidate: &Candidate<'_>) -> String {
    let (requester, is_presigned, is_untrusted) = principal::parts(candidate.principal);
    let mut sentence = format!(
        "{}; {}",
        origin(score.origin, candidate, &name(requester)),
        who(score.who)
    );
    if is_presigned {
        sentence.push_str("; by a presigned link");
    }
    if is_untrusted {
        sentence.push_str("; the status is ambiguous, or it is a preflight: it took no right");
    }
    sentence
}

fn origin(origin: Where, candidate: &Candidate<'_>, name: &str) -> String {
    let Networks { narrow, wide } = Networks::of(candidate.address);
    match origin {
        Where::Stranger => format!("{name} is new everywhere"),
        Where::Known => format!("{narrow} is known for {name}"),
        Where::Narrow(rate) => format!("{narrow} is new for {name} ({})", Such(rate)),
        Where::Wide(rate) => format!("{wide} is new for {name} ({})", Such(rate)),
    }
}

fn who(who: Who) -> String {
    match who {
        Who::Known => "the requester is known in the bucket".to_owned(),
        Who::Arrives(rate) => format!("the requester is new to the bucket ({})", Such(rate)),
        Who::Enters(rate) => format!(
            "the requester is new to the bucket (it entered {} in {})",
            Buckets(rate),
            Days(rate.days())
        ),
        Who::Opens(rate) => format!(
            "the bucket is new (the requester entered {} in {})",
            Buckets(rate),
            Days(rate.days())
        ),
        Who::First(rate) => format!("the bucket is new (after {})", Days(rate.days())),
        Who::TooEarly => "the bucket is new, in a history that is younger than 7 days".to_owned(),
    }
}

/// The requester, made safe to show.
fn name(requester: &[u8]) -> String {
    match requester {
        b"" => "an unknown requester".to_owned(),
        b"-" => "anonymous".to_owned(),
        _ => match requester.get(..MOST_BYTES) {
            None => escape::escaped(requester),
            Some(start) => format!("{}...", escape::escaped(start)),
        },
    }
}

/// `2 such in 30 days`.
struct Such(Rate);

impl fmt::Display for Such {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(rate) = self;
        write!(formatter, "{} such in {}", Times(*rate), Days(rate.days()))
    }
}

/// `3 buckets`.
struct Buckets(Rate);

impl fmt::Display for Buckets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let times = Times(self.0).to_string();
        let ending = if times == "1" { "" } else { "s" };
        write!(formatter, "{times} bucket{ending}")
    }
}

/// How often, and whether that is an estimate.
struct Times(Rate);

impl fmt::Display for Times {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let about = if self.0.is_exact() { "" } else { "about " };
        write!(formatter, "{about}{:.0}", self.0.times())
    }
}

/// Days, with a decimal where they are few.
struct Days(f64);

impl fmt::Display for Days {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.0 {
            days if days < 10.0 => format!("{days:.1}"),
            days => format!("{days:.0}"),
        };
        let text = text.strip_suffix(".0").unwrap_or(&text);
        let ending = if text == "1" { "" } else { "s" };
        write!(formatter, "{text} day{ending}")
    }
}
