//! Time limits of the exchange with splunkd, with limits that a test can wait for.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failure here is a failed test"
)]

mod support;

use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use s3newip::access::Access;
use s3newip::history::{History, Publication, PublishError, Publisher};
use s3newip::pair::{PairHasher, push_value};
use s3newip::pairs::{Recorded, Sightings};
use s3newip::splunk::app::App;
use s3newip::splunk::rest::{Answer, Client, ExchangeError, RestRoute, ServerCert, TimeLimits};
use s3newip::splunk::session_key::SessionKey;
use s3newip::text::timestamp::Timestamp;
use support::splunkd::{Act, Management, Transport};
use support::{HISTORY, SESSION_KEY, Splunk};

const HEADER: &str = "bucket_name,remote_ip,firstTime,lastTime\n";

fn limits() -> TimeLimits {
    TimeLimits {
        connect: Duration::from_millis(500),
        send: Duration::from_millis(500),
        exchange: Duration::from_millis(600),
    }
}

fn key() -> Option<SessionKey> {
    SessionKey::new(SESSION_KEY.to_owned())
}

/// One request to `uri`, and how long it took.
fn post(splunk: &Splunk, uri: &str) -> (Result<Answer, ExchangeError>, Duration) {
    let splunkd = ServerCert::read(splunk.home()).ok();
    let client = Client::new(uri.parse().unwrap(), limits(), splunkd).unwrap();
    let started = Instant::now();
    let answer = client.post("/services", &key().unwrap(), "a=b");
    (answer, started.elapsed())
}

#[test]
fn a_server_that_does_not_answer_is_not_waited_for_longer_than_the_limit() {
    for act in [Act::Silence, Act::Drip(Duration::from_millis(50))] {
        let splunk = Splunk::new();
        let secure = Management::of(&splunk).acts([act.clone()]);
        let plain = Management::with(&splunk, Transport::Plain).acts([act.clone()]);
        for port in [secure, plain] {
            let (answer, took) = post(&splunk, port.uri());
            assert!(
                matches!(answer, Err(ExchangeError::TimedOut)),
                "{act:?} {answer:?}"
            );
            assert!(took >= Duration::from_millis(500), "{took:?}");
            assert!(took < Duration::from_secs(5), "{took:?}");
        }
    }
}

/// The connection is made, and then nothing is said: the TLS handshake does not end.
#[test]
fn a_handshake_is_not_waited_for_longer_than_the_limit() {
    let splunk = Splunk::new();
    let _known = Management::of(&splunk);
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let uri = format!("https://{}", silent.local_addr().unwrap());
    let (answer, took) = post(&splunk, &uri);
    assert!(
        matches!(answer, Err(ExchangeError::NoConnection(_))),
        "{answer:?}"
    );
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[test]
fn an_answer_without_an_end_is_not_read_to_its_end() {
    let splunk = Splunk::new();
    let long: &str = Box::leak("x".repeat(1 << 20).into_boxed_str());
    let port = Management::of(&splunk).acts([Act::Refuse(403, long)]);
    let (answer, _) = post(&splunk, port.uri());
    let answer = answer.unwrap();
    assert_eq!((answer.status, answer.said.as_str()), (403, ""));
}

/// Publishes one pair that splunkd gets late or never.
fn published(splunk: &Splunk, port: &Management) -> (Result<u64, PublishError>, Recorded) {
    let app = App::of(&splunk.binary()).unwrap();
    let route = RestRoute::new(&app, port.uri(), key(), None)
        .unwrap()
        .with_limits(limits());
    let keys = ["bucket_name", "remote_ip"].map(str::to_owned);
    let history = History::new(&splunk.lookups().join(Path::new(HISTORY)), &keys).unwrap();
    let hasher = PairHasher::new(&[7; 16]);
    let mut sightings = Sightings::default();
    let mut pair = Vec::new();
    push_value(&mut pair, b"billing");
    push_value(&mut pair, b"192.0.2.7");
    let time = Timestamp::from_seconds(5);
    let access = Access {
        first: time,
        last: time,
        success: true,
        count: 1,
    };
    let key = hasher.key(&pair);
    let id = sightings.record(None, key, &pair, &access).unwrap().id;
    let publication = Publication {
        route: &route,
        holder: "a test",
        lock_wait: Duration::from_secs(1),
        cancelled: &|| false,
    };
    let merged = Publisher::new(&history, &hasher, &mut sightings, &publication).publish();
    let past = sightings.get(id).unwrap().recorded();
    (merged.map(|merged| merged.added), past)
}

/// The answer comes too late, the file in time: reading it again says so.
#[test]
fn a_late_answer_is_no_failure_where_the_history_is_there() {
    let splunk = Splunk::new().history(HEADER);
    let port = Management::of(&splunk).acts([Act::ObeyInSilence]);
    let (merged, past) = published(&splunk, &port);
    assert!(matches!(merged, Ok(1)), "{merged:?}");
    assert_eq!(
        past,
        Recorded::Absent,
        "what this run published is not its past"
    );
    assert_eq!(port.requests().len(), 1);
}

#[test]
fn a_splunkd_that_never_answers_is_given_up() {
    let splunk = Splunk::new().history(HEADER);
    let port = Management::of(&splunk).acts(vec![Act::Silence; 9]);
    let (merged, past) = published(&splunk, &port);
    let Err(PublishError::Failed(failure)) = merged else {
        panic!("{merged:?}")
    };
    assert!(failure.uncertain);
    let what = failure.error.what();
    assert!(what.ends_with("no answer in time"), "{what}");
    assert_eq!(failure.merged.map(|merged| merged.added), Some(1));
    assert_eq!(past, Recorded::Absent);
    assert_eq!(splunk.history_text(), HEADER);
    assert_eq!(splunk.staged_files(), [""; 0]);
}
