//! A score's reason, as a sentence that an analyst can read out.
//!
//! ```text
//! 203.0.0.0/16 is new for <principal> (0 such in 30 days); the requester is new to the bucket (2 such in 30 days)
//! ```

use std::fmt;

use super::{Candidate, Rate, Score, Where, Who};
use crate::network::Networks;
use crate::principal::Parts;
use crate::text::escape;

/// The most bytes of a foreign text that a sentence repeats: more than an ARN has.
const MOST_BYTES: usize = 2_048;

/// The whole sentence.
pub(super) fn sentence(score: &Score, candidate: &Candidate<'_>) -> String {
    let parts = Parts::of(candidate.principal);
    let mut sentence = format!(
        "{}; {}",
        origin(score.origin, candidate, &name(parts.requester)),
        who(score.who)
    );
    if parts.is_presigned {
        sentence.push_str("; by a presigned link");
    }
    if parts.is_untrusted {
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::score::{Limits, Row, Scorer};
    use crate::text::timestamp::Timestamp;

    const DAY: i64 = 86_400;
    const ROLE: &str = "arn:aws:sts::111122223333:assumed-role/analytics";

    /// A row: bucket, address, principal, days ago.
    type Stored<'a> = (&'a str, &'a str, &'a str, i64);

    /// The network and the reason of an access, after these rows.
    fn judged(
        rows: &[Stored<'_>],
        bucket: &str,
        address: &str,
        principal: &str,
    ) -> (String, String) {
        let now = 20_000 * DAY;
        let candidate = Candidate {
            bucket: bucket.as_bytes(),
            address: address.as_bytes(),
            principal: principal.as_bytes(),
        };
        let mut scorer = Scorer::new(
            std::iter::once(candidate),
            Timestamp::from_seconds(now),
            Duration::from_secs(30 * 86_400),
            Limits::default(),
            &[5; 16],
        );
        scorer.begin_pass();
        for (bucket, address, principal, days) in rows {
            scorer.observe(&Row {
                bucket: bucket.as_bytes(),
                address: address.as_bytes(),
                principal: principal.as_bytes(),
                first: Some(Timestamp::from_seconds(now - days * DAY)),
            });
        }
        assert!(!scorer.end_pass());
        let score = scorer.score(&candidate);
        let mut network = Vec::new();
        score.write_network(&candidate, &mut network);
        (
            String::from_utf8(network).unwrap(),
            score.reason(&candidate),
        )
    }

    #[test]
    fn a_sentence_says_what_is_new_and_how_rare_that_is() {
        let rows = [
            ("lake", "10.1.1.1", ROLE, 90),
            ("lake", "10.2.1.1", ROLE, 3),
            ("billing", "192.0.2.1", "user-1", 90),
            ("billing", "192.0.2.1", "user-2", 5),
            ("billing", "192.0.2.1", "user-3", 2),
            ("other", "192.0.2.1", "user-1", 7),
            ("third", "192.0.2.1", "user-1", 7),
            ("lake", "192.0.2.1", "user-4", 4),
        ];
        for (bucket, address, principal, network, reason) in [
            (
                "billing",
                "203.0.113.9",
                ROLE,
                "203.0.0.0/16",
                "203.0.0.0/16 is new for arn:aws:sts::111122223333:assumed-role/analytics (1 such in 30 days); \
                 the requester is new to the bucket (2 such in 30 days)",
            ),
            (
                "lake",
                "10.1.9.9",
                ROLE,
                "10.1.9.0/24",
                "10.1.9.0/24 is new for arn:aws:sts::111122223333:assumed-role/analytics (1 such in 30 days); \
                 the requester is known in the bucket",
            ),
            (
                "lake",
                "192.0.2.77",
                "user-1",
                "192.0.2.77",
                "192.0.2.0/24 is known for user-1; \
                 the requester is new to the bucket (it entered 2 buckets in 30 days)",
            ),
            (
                "new",
                "192.0.2.77",
                "user-1",
                "192.0.2.77",
                "192.0.2.0/24 is known for user-1; the bucket is new (the requester entered 2 buckets in 30 days)",
            ),
            (
                "new",
                "2001:db8::1",
                "user-4",
                "2001:db8::/32",
                "2001:db8::/32 is new for user-4 (1 such in 4 days); the bucket is new (after 30 days)",
            ),
            (
                "billing",
                "203.0.113.9",
                "portal?",
                "203.0.0.0/16",
                "portal is new everywhere; the requester is new to the bucket (2 such in 30 days); by a presigned link",
            ),
            (
                "billing",
                "203.0.113.9",
                "-!",
                "203.0.0.0/16",
                "anonymous is new everywhere; the requester is new to the bucket (2 such in 30 days); \
                 the status is ambiguous, or it is a preflight: it took no right",
            ),
            (
                "billing",
                "a\x1bb",
                "",
                "a\x1bb",
                "an unknown requester is new everywhere; the requester is new to the bucket (2 such in 30 days)",
            ),
        ] {
            let found = judged(&rows, bucket, address, principal);
            assert_eq!(found, (network.to_owned(), reason.to_owned()));
        }
    }

    #[test]
    fn a_young_history_judges_no_bucket() {
        let rows = [("lake", "10.1.1.1", "user", 1)];
        let (_, reason) = judged(&rows, "new", "10.1.2.1", "user");
        assert_eq!(
            reason,
            "10.1.2.0/24 is new for user (1 such in 1 day); the bucket is new, in a history that is younger than 7 days"
        );
    }

    #[test]
    fn what_comes_from_the_log_is_made_safe_and_short() {
        let long = format!("\u{202e}{}", "x".repeat(5_000));
        let (_, reason) = judged(&[], "b", "\u{1b}[2J", &long);
        assert!(reason.starts_with("\\u{202e}xxx"), "{reason}");
        assert!(
            reason.len() < 3_000 && reason.contains("x... is new"),
            "{reason}"
        );
        let rows = [("lake", "10.1.1.1", "user", 1)];
        let (network, reason) = judged(&rows, "b", "\u{1b}[2J", "user");
        assert!(reason.starts_with("\\x1b[2J is new for user"), "{reason}");
        assert_eq!(network, "\u{1b}[2J");
    }
}
