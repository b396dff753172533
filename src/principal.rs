//! The principal of an access: who made it, in the form in which habits are kept.
//!
//! ```text
//! principal = requester [ "?" ] [ "!" ]
//! requester = "-" (anonymous) / canonical user ID / ARN without the parts that its user chooses / any other text
//! ```
//!
//! What is left out of an ARN, in every partition (`aws`, `aws-cn`, `aws-us-gov`):
//!
//! - the session of an assumed role: it is an instance's ID or a text that the caller of `AssumeRole` chooses. The
//!   session of a role `AWSReservedSSO_*` stays: IAM Identity Center sets it to the person's name;
//! - the name of a federated user: the caller of `GetFederationToken` chooses it.
//!
//! What is added, so that two kinds of access share no habit with the rest:
//!
//! - `?`, to a presigned request. Many unknown people follow presigned links, so the signer's own habit would say
//!   nothing. Only for reading and writing one object, where the operation is known: those are the links that people
//!   give away, and a stolen key must not hide among them by presigning any other request for itself. An anonymous
//!   request has no key to sign with, and keeps its `-`.
//! - `!`, to an access that can be made without any right: one with an ambiguous status, or a CORS preflight.
//!
//! A requester that ends in such a mark cannot be chosen. S3 logs `-`, canonical user IDs (hexadecimal digits), ARNs and
//! service principals (`svc:s3.amazonaws.com`); names of users, roles, sessions and federated users have letters, digits
//! and `_+=,.@-` alone, and an IAM path, which may have more, stands before the name. Where a requester comes from a
//! column instead, it may be any text: one that ends in a mark gets a `~`, so it is not taken for a marked one.

/// The mark of a presigned request.
const PRESIGNED: u8 = b'?';

/// The mark of an access that takes no right.
const UNTRUSTED: u8 = b'!';

/// What an access log says about who made a request.
#[derive(Debug, Clone, Copy)]
pub struct Requester<'a> {
    /// The requester as logged; `-` is anonymous, empty is unknown.
    pub text: &'a [u8],
    /// The authentication type, such as `AuthHeader` or `QueryString`; empty is unknown.
    pub authentication_type: &'a [u8],
    /// The operation, such as `REST.GET.OBJECT`, or CloudTrail's name of the event; empty or `-` is unknown.
    pub operation: &'a [u8],
    /// Whether the status of the request could not be told from text that the client wrote.
    pub is_ambiguous: bool,
}

impl Requester<'_> {
    /// Appends the principal to `out`. An unknown requester has an empty one, or `!` alone.
    pub fn write_principal(&self, out: &mut Vec<u8>) {
        let stable = without_chosen_parts(self.text);
        out.extend_from_slice(stable);
        if matches!(stable, [.., PRESIGNED | UNTRUSTED]) {
            out.push(b'~');
        }
        if self.is_presigned() {
            out.push(PRESIGNED);
        }
        if self.is_ambiguous || self.operation == b"REST.OPTIONS.PREFLIGHT" {
            out.push(UNTRUSTED);
        }
    }

    fn is_presigned(&self) -> bool {
        self.authentication_type == b"QueryString"
            && !matches!(self.text, b"" | b"-")
            && matches!(
                self.operation,
                b"" | b"-"
                    | b"REST.GET.OBJECT"
                    | b"REST.HEAD.OBJECT"
                    | b"REST.PUT.OBJECT"
                    | b"GetObject"
                    | b"HeadObject"
                    | b"PutObject"
            )
    }
}

/// Whether a principal's accesses take no right, so that they count in no other principal's habit and no bucket's.
#[inline]
pub fn is_untrusted(principal: &[u8]) -> bool {
    matches!(principal, [.., UNTRUSTED])
}

/// What a principal says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts<'a> {
    /// The requester, without the parts that its user chooses.
    pub requester: &'a [u8],
    /// Whether the accesses are by presigned links.
    pub is_presigned: bool,
    /// Whether they take no right.
    pub is_untrusted: bool,
}

impl<'a> Parts<'a> {
    /// Of a principal.
    pub fn of(principal: &'a [u8]) -> Self {
        let trusted = principal.strip_suffix(&[UNTRUSTED]);
        let rest = trusted.unwrap_or(principal);
        let requester = rest.strip_suffix(&[PRESIGNED]);
        Self {
            requester: requester.unwrap_or(rest),
            is_presigned: requester.is_some(),
            is_untrusted: trusted.is_some(),
        }
    }
}

/// `requester` without its role session or its federated user's name.
fn without_chosen_parts(requester: &[u8]) -> &[u8] {
    let kept = sts_resource(requester).and_then(|resource| {
        let chosen = if let Some(role) = resource.strip_prefix(b"assumed-role/") {
            role_session(role)?
        } else {
            resource.strip_prefix(b"federated-user")?
        };
        requester.len().checked_sub(chosen.len())
    });
    kept.and_then(|kept| requester.get(..kept))
        .unwrap_or(requester)
}

/// What follows the account in an ARN of the security token service.
fn sts_resource(requester: &[u8]) -> Option<&[u8]> {
    let rest = requester.strip_prefix(b"arn:")?;
    let partitions: [&[u8]; 3] = [b"aws:", b"aws-cn:", b"aws-us-gov:"];
    let rest = partitions
        .iter()
        .find_map(|partition| rest.strip_prefix(*partition))?;
    let rest = rest.strip_prefix(b"sts::")?;
    let account = rest.iter().position(|byte| *byte == b':')?;
    rest.get(account + 1..)
}

/// The part from the slash on of `<role>/<session>`, unless the session is a person's name.
fn role_session(role: &[u8]) -> Option<&[u8]> {
    if role.starts_with(b"AWSReservedSSO_") {
        return None;
    }
    let slash = role.iter().position(|byte| *byte == b'/')?;
    role.get(slash..)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn principal(text: &str, authentication: &str, operation: &str, ambiguous: bool) -> String {
        let requester = Requester {
            text: text.as_bytes(),
            authentication_type: authentication.as_bytes(),
            operation: operation.as_bytes(),
            is_ambiguous: ambiguous,
        };
        let mut out = b"kept ".to_vec();
        requester.write_principal(&mut out);
        String::from_utf8(out.split_off(5)).unwrap()
    }

    #[test]
    fn a_session_is_dropped_unless_it_is_a_person() {
        let role = "arn:aws:sts::111122223333:assumed-role/analytics";
        let sso = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/ann@example.com";
        let cases = [
            (format!("{role}/i-0abcdef"), role),
            (format!("{role}/a/b"), role),
            (format!("{role}/"), role),
            (role.to_owned(), role),
            (sso.to_owned(), sso),
        ];
        for (requester, expected) in cases {
            assert_eq!(
                principal(&requester, "AuthHeader", "REST.GET.OBJECT", false),
                expected
            );
        }
    }

    #[test]
    fn every_partition_has_sessions_and_federated_users() {
        for partition in ["aws", "aws-cn", "aws-us-gov"] {
            let sts = format!("arn:{partition}:sts::111122223333");
            for kept in ["assumed-role/batch", "federated-user"] {
                let requester = format!("{sts}:{kept}/i-0abc");
                assert_eq!(
                    principal(&requester, "", "", false),
                    format!("{sts}:{kept}")
                );
            }
        }
    }

    #[test]
    fn other_requesters_stay_as_they_are() {
        for requester in [
            "",
            "-",
            "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be",
            "arn:aws:iam::111122223333:user/assumed-role/x/y",
            "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E2EXAMPLE",
            "arn:aws-other:sts::111122223333:assumed-role/batch/i-0abc",
            "arn:aws:sts:",
            "arn:aws:sts::",
            "arn:aws:sts::111122223333",
            "svc:s3.amazonaws.com",
            "arn:aws:sts::111122223333:assumed-role/",
        ] {
            assert_eq!(
                principal(requester, "AuthHeader", "REST.PUT.OBJECT", false),
                requester
            );
        }
    }

    #[test]
    fn only_links_to_one_object_are_presigned() {
        let cases = [
            ("REST.GET.OBJECT", true),
            ("REST.HEAD.OBJECT", true),
            ("REST.PUT.OBJECT", true),
            ("GetObject", true),
            ("", true),
            ("-", true),
            ("REST.GET.BUCKET", false),
            ("REST.DELETE.OBJECT", false),
            ("REST.GET.OBJECTX", false),
            ("ListObjects", false),
        ];
        for (operation, presigned) in cases {
            let expected = if presigned { "user?" } else { "user" };
            assert_eq!(principal("user", "QueryString", operation, false), expected);
            assert_eq!(principal("user", "AuthHeader", operation, false), "user");
        }
        assert_eq!(principal("-", "QueryString", "REST.GET.OBJECT", false), "-");
        assert_eq!(principal("", "QueryString", "REST.GET.OBJECT", false), "");
    }

    #[test]
    fn what_takes_no_right_is_marked_whatever_else_is_said() {
        assert_eq!(principal("-", "-", "REST.OPTIONS.PREFLIGHT", false), "-!");
        assert_eq!(principal("-", "-", "REST.GET.OBJECT", true), "-!");
        assert_eq!(principal("", "", "", true), "!");
        assert_eq!(principal("user", "QueryString", "", true), "user?!");
    }

    #[test]
    fn a_requester_that_ends_in_a_mark_is_not_a_marked_one() {
        for text in ["user?", "user!", "user?!", "!"] {
            let plain = principal(text, "AuthHeader", "REST.GET.OBJECT", false);
            assert_eq!(plain, format!("{text}~"));
            assert!(!is_untrusted(plain.as_bytes()));
            assert_eq!(Parts::of(plain.as_bytes()).requester, plain.as_bytes());
        }
    }

    #[test]
    fn a_principal_has_its_parts() {
        for (principal, requester, is_presigned, is_untrusted) in [
            ("user", "user", false, false),
            ("user?", "user", true, false),
            ("-!", "-", false, true),
            ("user?!", "user", true, true),
            ("!", "", false, true),
        ] {
            let expected = Parts {
                requester: requester.as_bytes(),
                is_presigned,
                is_untrusted,
            };
            assert_eq!(Parts::of(principal.as_bytes()), expected);
            assert_eq!(super::is_untrusted(principal.as_bytes()), is_untrusted);
        }
    }
}
