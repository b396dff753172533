//! Publishing through splunkd: the route, what it sends and to whom, and what is left when it does not work.

mod support;

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use rustls::SupportedProtocolVersion;
use serde_json::json;
use support::files::names_in;
use support::splunkd::{Act, Authority, Identity, Management, Rights, Transport};
use support::{HISTORY, NOW, Outcome, SESSION_KEY, Search, Splunk, access, body_of};

const HEADER: &str = "bucket_name,remote_ip,firstTime,lastTime\n";

/// A search that sees a known pair (192.0.2.1) and a new one (192.0.2.7).
fn search<'a>(splunk: &'a Splunk, arguments: &str, port: &Management) -> Search<'a> {
    let rows = [
        access("billing", "192.0.2.1", NOW),
        access("billing", "192.0.2.7", NOW),
    ];
    splunk
        .search(&format!("new=unseen {arguments}"))
        .events(&rows)
        .splunkd(port)
}

fn splunk() -> Splunk {
    Splunk::new().history(history())
}

fn history() -> String {
    format!("{HEADER}billing,192.0.2.1,1,2\n")
}

fn published() -> String {
    format!("{HEADER}billing,192.0.2.1,1,{NOW}\nbilling,192.0.2.7,{NOW},{NOW}\n")
}

fn updates(count: usize) -> Vec<String> {
    vec![format!("POST /{HISTORY}"); count]
}

/// Expects the rows and an ERROR with these parts, and no staged file.
fn expect_unpublished(splunk: &Splunk, found: &Outcome, parts: &[&str]) {
    found.expect_rows("remote_ip,newIP\n192.0.2.7,1\n");
    found.expect_message("ERROR", &[HISTORY]);
    found.expect_message("ERROR", parts);
    assert_eq!(splunk.staged_files(), [""; 0]);
}

#[test]
fn only_a_member_of_a_cluster_publishes_through_splunkd_by_itself() {
    let cases = [
        ("", false, false),
        ("", true, true),
        ("publish=auto", true, true),
        ("publish=file", true, false),
        ("publish=rest", false, true),
        ("publish=rest", true, true),
    ];
    for (arguments, in_cluster, through_splunkd) in cases {
        let splunk = splunk();
        let port = Management::of(&splunk);
        let search = search(&splunk, arguments, &port);
        let search = if in_cluster {
            search.in_cluster()
        } else {
            search
        };
        let found = search.run();
        found
            .expect_rows("remote_ip,newIP\n192.0.2.7,1\n")
            .expect_no_message("ERROR");
        assert_eq!(splunk.history_text(), published());
        let expected = updates(usize::from(through_splunkd));
        assert_eq!(port.lines(), expected, "{arguments} {in_cluster}");
        assert_eq!(splunk.staging().exists(), through_splunkd);
        assert_eq!(names_in(&splunk.lookups()), [HISTORY]);
    }
}

#[test]
fn an_update_names_the_staged_file_and_carries_the_key_in_one_header() {
    let splunk = splunk();
    let port = Management::of(&splunk);
    search(&splunk, "publish=rest", &port)
        .run()
        .expect_success();
    let [request] = &port.requests()[..] else {
        panic!("{:?}", port.requests())
    };
    let staged = request.field("eai:data").unwrap();
    let area = format!("{}/", splunk.staging().display());
    let name = staged.strip_prefix(&area).expect("in the staging area");
    let start = format!("{HISTORY}.s3newip.");
    assert!(name.starts_with(&start) && name.ends_with(".tmp"), "{name}");
    let key = format!("Splunk {SESSION_KEY}");
    assert_eq!(request.header("authorization"), Some(key.as_str()));
    let holding: Vec<_> = request
        .headers
        .iter()
        .filter(|(_, value)| value.contains(SESSION_KEY))
        .collect();
    assert_eq!(holding.len(), 1, "{holding:?}");
    assert_eq!(request.form.len(), 1, "{:?}", request.form);
    assert_eq!(splunk.staged_files(), [""; 0]);
}

#[test]
fn a_lookup_that_splunkd_does_not_have_is_created() {
    let splunk = Splunk::new().default_history(history());
    let port = Management::of(&splunk);
    let found = search(&splunk, "publish=rest", &port).run();
    found
        .expect_rows("remote_ip\n192.0.2.7\n")
        .expect_no_message("ERROR");
    assert_eq!(port.lines(), [updates(1)[0].as_str(), "POST "]);
    assert_eq!(port.requests()[1].field("name"), Some(HISTORY));
    assert_eq!(splunk.history_text(), published());
    assert_eq!(splunk.staged_files(), [""; 0]);
    search(&splunk, "publish=rest", &port)
        .run()
        .expect_no_rows();
    assert_eq!(
        port.requests().len(),
        2,
        "nothing changed, nothing was sent"
    );
}

#[test]
fn another_lookup_is_published_under_its_own_name() {
    let splunk = Splunk::new().lookup("seen.csv", HEADER);
    let port = Management::of(&splunk);
    search(&splunk, "publish=rest lookup=seen.csv", &port)
        .run()
        .expect_success();
    assert_eq!(port.lines(), ["POST /seen.csv"]);
    assert!(splunk.lookup_text("seen.csv").contains("192.0.2.7"));
}

#[test]
fn what_does_not_publish_connects_to_nothing() {
    let splunk = splunk();
    let port = Management::of(&splunk);
    let silent = |search: Search<'_>| {
        let before = splunk.snapshot();
        search.run().expect_no_message("ERROR");
        assert_eq!(splunk.snapshot(), before);
        assert_eq!(port.connections(), 0);
        assert!(!splunk.staging().exists());
    };
    silent(search(&splunk, "publish=rest update=false", &port));
    silent(search(&splunk, "publish=rest", &port).preview());
    search(&splunk, "publish=rest", &port).in_cluster().probe(0);
    let mut talk = search(&splunk, "publish=rest", &port).start();
    talk.getinfo();
    talk.execute(&body_of(&[access("billing", "192.0.2.7", NOW)]), false);
    assert_eq!(talk.hang_up().code, Some(0));
    assert_eq!(port.connections(), 0);
    assert!(!splunk.staging().exists());
}

#[test]
fn learning_is_published_too() {
    let splunk = splunk();
    let port = Management::of(&splunk);
    let seed = || search(&splunk, "publish=rest seed=true", &port).run();
    seed().expect_rows("pairs_seen,pairs_added,pairs_updated,pairs_total\n2,1,1,2\n");
    assert_eq!(splunk.history_text(), published());
}

#[test]
fn a_member_that_was_quicker_loses_nothing_and_alerts_stay() {
    let overtaking = format!("{HEADER}billing,192.0.2.1,1,2\nbilling,192.0.2.8,{NOW},{NOW}\n");
    let splunk = splunk();
    let port = Management::of(&splunk).acts([Act::Overtaken(overtaking)]);
    let found = search(&splunk, "publish=rest", &port).run();
    found
        .expect_rows("remote_ip,newIP\n192.0.2.7,1\n")
        .expect_no_message("ERROR");
    assert_eq!(port.lines(), updates(2));
    let expected = format!(
        "{HEADER}billing,192.0.2.1,1,{NOW}\nbilling,192.0.2.8,{NOW},{NOW}\nbilling,192.0.2.7,{NOW},{NOW}\n"
    );
    assert_eq!(splunk.history_text(), expected);
    assert_eq!(splunk.staged_files(), [""; 0]);
}

/// The other member had merged with what this one had just published.
#[test]
fn a_pair_stays_new_although_the_history_has_it_by_the_second_merge() {
    let overtaking = format!("{HEADER}billing,192.0.2.7,{NOW},{NOW}\n");
    let splunk = splunk();
    let port = Management::of(&splunk).acts([Act::Overtaken(overtaking)]);
    let found = search(&splunk, "publish=rest", &port).run();
    found.expect_rows("remote_ip,newIP\n192.0.2.7,1\n");
    assert_eq!(port.lines(), updates(2));
    assert!(
        splunk
            .history_text()
            .contains(&format!("192.0.2.1,{NOW},{NOW}"))
    );
}

#[test]
fn a_version_that_arrives_while_the_search_runs_is_what_it_merges_with() {
    let splunk = splunk();
    let port = Management::of(&splunk);
    let mut talk = search(&splunk, "publish=rest", &port).start();
    talk.getinfo();
    let rows = [
        access("billing", "192.0.2.1", NOW),
        access("billing", "192.0.2.7", NOW),
    ];
    talk.execute(&body_of(&rows), false);
    fs::write(splunk.history_path(), published()).unwrap();
    let reply = talk.execute(b"", true);
    assert!(!String::from_utf8_lossy(&reply.body).contains("192.0.2.7"));
    assert_eq!(talk.hang_up().code, Some(0));
    assert_eq!(port.lines(), [""; 0], "there was nothing left to publish");
}

#[test]
fn an_answer_of_200_is_no_proof() {
    let splunk = splunk();
    let port = Management::of(&splunk).acts(vec![Act::Refuse(200, ""); 9]);
    let found = search(&splunk, "publish=rest", &port).run();
    expect_unpublished(
        &splunk,
        &found,
        &[
            "not certain",
            "says that it did (HTTP status 200)",
            "owned by nobody",
        ],
    );
    assert_eq!(port.lines(), updates(5));
    assert_eq!(splunk.history_text(), history());
}

#[test]
fn an_answer_of_500_is_no_disproof() {
    let splunk = splunk();
    let port = Management::of(&splunk).acts([Act::ObeyAndAnswer(500)]);
    let found = search(&splunk, "publish=rest", &port).run();
    found
        .expect_rows("remote_ip\n192.0.2.7\n")
        .expect_no_message("ERROR");
    assert_eq!(port.lines(), updates(1));
}

#[test]
fn splunkd_in_trouble_is_asked_again() {
    for act in [
        Act::Refuse(503, "not ready"),
        Act::HangUp,
        Act::Garbage,
        Act::Late(Duration::from_secs(1)),
    ] {
        let splunk = splunk();
        let port = Management::of(&splunk).acts([act.clone()]);
        let found = search(&splunk, "publish=rest", &port).run();
        found.expect_no_message("ERROR");
        assert_eq!(splunk.history_text(), published(), "{act:?}");
        assert_eq!(splunk.staged_files(), [""; 0]);
    }
}

/// The reference does not say that the file has been moved by the time of the answer.
#[test]
fn a_file_that_splunkd_moves_after_its_answer_is_there_to_be_moved() {
    for late in [50, 500] {
        let splunk = splunk();
        let late = Duration::from_millis(late);
        let port = Management::of(&splunk).acts(vec![Act::MovesLater(late); 5]);
        let found = search(&splunk, "publish=rest", &port).run();
        found
            .expect_rows("remote_ip,newIP\n192.0.2.7,1\n")
            .expect_no_message("ERROR");
        assert_eq!(splunk.history_text(), published(), "{late:?}");
        assert_eq!(splunk.staged_files(), [""; 0]);
    }
}

#[test]
fn a_lookup_that_another_search_creates_at_the_same_moment_is_updated() {
    let splunk = Splunk::new();
    let other = format!("{HEADER}billing,192.0.2.8,1,2\n");
    let not_there = Act::Refuse(404, "Could not find object");
    let port = Management::of(&splunk).acts([not_there, Act::Preceded(other)]);
    search(&splunk, "publish=rest", &port)
        .run()
        .expect_no_message("ERROR");
    assert_eq!(port.lines().len(), 3);
    let text = splunk.history_text();
    assert!(
        text.contains("192.0.2.8") && text.contains("192.0.2.7"),
        "{text}"
    );
}

#[test]
fn a_broken_version_that_arrives_afterwards_loses_no_alert() {
    let splunk = splunk();
    let broken = "<html>\n".to_owned();
    let port = Management::of(&splunk).acts([Act::Overtaken(broken.clone())]);
    let found = search(&splunk, "publish=rest", &port).run();
    expect_unpublished(
        &splunk,
        &found,
        &[
            "not certain",
            "line 1",
            "remote_ip",
            "name a lookup that has",
        ],
    );
    let [message] = found.messages_of("ERROR").try_into().unwrap();
    let wrong = ["nothing was written", "make room on the disk"];
    assert!(
        !wrong.iter().any(|words| message.contains(words)),
        "{message}"
    );
    assert_eq!(splunk.history_text(), broken, "never overwritten");
}

/// The answer says that it was written, and reading it again fails: it is not certain, and so not "nothing was written".
#[test]
fn a_lookup_that_cannot_be_read_afterwards_may_have_been_written() {
    let parts = ["not certain", "cannot be read", "No such device or address"];
    let not_said = ["nothing was", "as it was", "make room on the disk"];
    for (arguments, learns) in [("publish=rest", false), ("publish=rest seed=true", true)] {
        let splunk = splunk();
        let port = Management::of(&splunk).acts([Act::ThenUnreadable]);
        let found = search(&splunk, arguments, &port).run();
        let message = if learns {
            found.expect_error(&parts).error().unwrap().to_owned()
        } else {
            expect_unpublished(&splunk, &found, &parts);
            found.messages_of("ERROR").concat()
        };
        let wrong: Vec<_> = not_said
            .iter()
            .filter(|words| message.contains(**words))
            .collect();
        assert_eq!(wrong, [&""; 0], "{message}");
        assert_eq!(port.lines(), updates(1));
    }
}

/// Refusals that asking again does not change: one request, rows, an ERROR, the history as it was.
#[test]
fn refusals_say_what_is_missing() {
    let none = Rights {
        upload: false,
        app: false,
        lookup: false,
    };
    let cases: [(Act, &[&str]); 5] = [
        (
            Act::Refuse(401, "call not properly authenticated"),
            &["401", "session key", "scheduled"],
        ),
        (Act::Refuse(400, "bad"), &["400", "splunkd.log"]),
        (
            Act::Refuse(404, "Application does not exist"),
            &["HTTP status 40", "s3newip"],
        ),
        (
            Act::Redirect("https://192.0.2.9:8089/".to_owned()),
            &["307", "redirects", "not followed"],
        ),
        (
            Act::Obey,
            &[
                "403",
                "upload_lookup_files",
                "write permission on the lookup",
            ],
        ),
    ];
    for (act, parts) in cases {
        let splunk = splunk();
        let port = Management::of(&splunk)
            .rights(none)
            .acts([act.clone(), act.clone()]);
        let found = search(&splunk, "publish=rest", &port).run();
        expect_unpublished(&splunk, &found, parts);
        assert_eq!(splunk.history_text(), history(), "{act:?}");
        assert!(port.requests().len() <= 2);
        let seed = search(&splunk, "publish=rest seed=true", &port);
        seed.run().expect_error(&["learnt"]);
    }
}

#[test]
fn creating_needs_other_rights_than_updating() {
    let rights = |upload, app, lookup| Rights {
        upload,
        app,
        lookup,
    };
    let cases = [
        (true, rights(true, false, true), true),
        (true, rights(true, true, false), false),
        (true, rights(false, true, true), false),
        (false, rights(true, true, false), true),
        (false, rights(true, false, true), false),
    ];
    for (there, rights, may) in cases {
        let splunk = if there { splunk() } else { Splunk::new() };
        let port = Management::of(&splunk).rights(rights);
        let found = search(&splunk, "publish=rest", &port).run();
        if may {
            found.expect_no_message("ERROR");
        } else {
            let missing = if there {
                "permission on the lookup"
            } else {
                "permission on the app"
            };
            found.expect_message("ERROR", &["403", "upload_lookup_files", missing]);
        }
    }
}

#[test]
fn a_key_that_splunkd_repeats_is_not_repeated() {
    let splunk = splunk();
    let port = Management::of(&splunk).acts([Act::Refuse(403, SESSION_KEY)]);
    let found = search(&splunk, "publish=rest", &port).run();
    expect_unpublished(&splunk, &found, &["(the session key)"]);
}

#[test]
fn a_redirect_is_not_followed_to_another_server() {
    let splunk = splunk();
    let other = Management::with(&splunk, Transport::Plain);
    let target = format!("{}/services", other.uri());
    let port = Management::of(&splunk).acts([Act::Redirect(target)]);
    let found = search(&splunk, "publish=rest", &port).run();
    expect_unpublished(&splunk, &found, &["redirects"]);
    assert_eq!(other.connections(), 0);
}

#[test]
fn a_closed_port_is_named() {
    let splunk = splunk();
    let port = Management::of(&splunk);
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let uri = format!("https://{closed}");
    let found = search(&splunk, "publish=rest", &port)
        .searchinfo("splunkd_uri", json!(uri))
        .run();
    expect_unpublished(&splunk, &found, &[&uri, "refused", "mgmtHostPort"]);
    assert_eq!(splunk.history_text(), history());
}

/// Without a handshake no request has been sent: nothing is uncertain, and asking again would not help.
#[test]
fn a_port_that_does_not_speak_tls_is_named() {
    for said in ["", "HTTP/1.1 400 Bad Request\r\n\r\n"] {
        let splunk = splunk();
        let port = Management::of(&splunk);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let uri = format!("https://{}", listener.local_addr().unwrap());
        let connections = thread::spawn(move || {
            let mut stream = listener.accept().unwrap().0;
            stream.write_all(said.as_bytes()).unwrap();
            drop(stream);
            listener.set_nonblocking(true).unwrap();
            move || 1 + listener.incoming().map_while(Result::ok).count()
        });
        let found = search(&splunk, "publish=rest", &port)
            .searchinfo("splunkd_uri", json!(uri))
            .run();
        let parts = [
            &uri,
            "could not be written and is as it was",
            "no connection",
            "mgmtHostPort",
        ];
        expect_unpublished(&splunk, &found, &parts);
        assert_eq!(connections.join().unwrap()(), 1);
        assert_eq!(splunk.history_text(), history());
    }
}

#[test]
fn the_key_goes_to_this_machine_alone() {
    for uri in [
        "https://192.0.2.1:8089",
        "https://splunk.example.com:8089",
        "",
        "127.0.0.1",
    ] {
        let splunk = splunk();
        let port = Management::of(&splunk);
        let found = search(&splunk, "publish=rest", &port)
            .searchinfo("splunkd_uri", json!(uri))
            .run();
        expect_unpublished(&splunk, &found, &[uri, "splunkd's address", "mgmtHostPort"]);
    }
}

#[test]
fn a_search_without_a_key_sends_nothing() {
    let splunk = splunk();
    let port = Management::of(&splunk);
    for key in [json!(""), json!(null)] {
        let found = search(&splunk, "publish=rest", &port)
            .searchinfo("session_key", key)
            .run();
        expect_unpublished(&splunk, &found, &["no session key"]);
    }
    let odd = search(&splunk, "publish=rest", &port).searchinfo("session_key", json!("a\nb"));
    expect_unpublished(&splunk, &odd.run(), &["session key"]);
    assert_eq!(port.lines(), [""; 0]);
}

/// Publishes to a server with `identity`, in both versions of TLS, where etc/auth/server.pem has `own`. The server must
/// not get the session key.
fn expect_no_key_for(identity: &Identity, own: &str, parts: &[&str]) {
    for version in VERSIONS {
        let splunk = splunk();
        splunk.auth_file("server.pem", own);
        let port = Management::with(&splunk, Transport::TlsVersion(identity.clone(), version));
        let found = search(&splunk, "publish=rest", &port).run();
        expect_unpublished(&splunk, &found, parts);
        expect_unpublished(&splunk, &found, &["server.pem", "key was not sent"]);
        assert_eq!(port.connections(), 1);
        assert_eq!(port.lines(), [""; 0]);
        assert_eq!(splunk.history_text(), history());
    }
}

const VERSIONS: [&SupportedProtocolVersion; 2] = [&rustls::version::TLS12, &rustls::version::TLS13];

#[test]
fn a_server_with_another_certificate_gets_no_key() {
    let authority = Authority::new();
    for other in [
        Authority::new().issue(),
        authority.issue(),
        authority.issue_expired(),
        authority.identity(),
        Identity::version_1(),
    ] {
        let own = authority.issue();
        let parts = [
            "the server's certificate is not the first one in",
            "serverCert",
        ];
        expect_no_key_for(&other, &own.pem(), &parts);
    }
}

/// The key of the authority that Splunk brings along is the same in every download.
#[test]
fn an_authority_proves_nothing_although_splunk_is_configured_to_trust_it() {
    let authority = Authority::new();
    for other in [authority.issue(), authority.identity()] {
        let splunk = splunk();
        let chain = authority.identity().certificate_pem();
        splunk.auth_file("server.pem", &(authority.issue().pem() + &chain));
        splunk.auth_file("cacert.pem", &chain);
        splunk.ssl_config("sslRootCAPath = $SPLUNK_HOME/etc/auth/cacert.pem");
        let port = Management::with(&splunk, Transport::Tls(other));
        let found = search(&splunk, "publish=rest", &port).run();
        expect_unpublished(&splunk, &found, &["is not the first one in", "not sent"]);
        assert_eq!(port.lines(), [""; 0]);
    }
}

/// splunkd reads its certificate when it starts.
#[test]
fn a_certificate_that_was_renewed_needs_a_restart() {
    let splunk = splunk();
    let old = Management::of(&splunk);
    let renewed = Authority::new().issue();
    splunk.auth_file("server.pem", &renewed.pem());
    let found = search(&splunk, "publish=rest", &old).run();
    expect_unpublished(
        &splunk,
        &found,
        &["renewed", "restart Splunk and run the search again"],
    );
    assert_eq!(old.lines(), [""; 0]);
    let restarted = Management::with(&splunk, Transport::Tls(renewed));
    search(&splunk, "publish=rest", &restarted)
        .run()
        .expect_no_message("ERROR");
    assert_eq!(splunk.history_text(), published());
}

#[test]
fn without_the_certificate_to_know_it_by_splunkd_is_not_even_called() {
    let splunk = splunk();
    let identity = Authority::new().issue();
    splunk.auth_file("cacert.pem", &identity.pem());
    let port = Management::with(&splunk, Transport::Tls(identity.clone()));
    let expect = |cause: &str| {
        let found = search(&splunk, "publish=rest", &port).run();
        let cause = format!("etc/auth/server.pem: {cause}");
        expect_unpublished(&splunk, &found, &[&cause, "serverCert", "not sent"]);
    };
    expect("No such file");
    splunk.auth_file("server.pem", "not a certificate");
    expect("no certificate in it");
    let damaged = identity.pem().replacen("MII", "M!I", 1);
    splunk.auth_file("server.pem", &(damaged + &identity.pem()));
    expect("its first certificate is damaged");
    splunk.ssl_config("serverCert = etc/auth");
    let found = search(&splunk, "publish=rest", &port).run();
    expect_unpublished(&splunk, &found, &["etc/auth: Is a directory", "serverCert"]);
    assert_eq!(port.connections(), 0);
}

#[test]
fn splunkds_own_certificate_is_accepted_whatever_is_wrong_with_it() {
    let authority = Authority::new();
    for identity in [
        authority.issue_expired(),
        Identity::version_1(),
        authority.issue(),
    ] {
        for version in VERSIONS {
            let splunk = splunk();
            splunk.auth_file("server.pem", &identity.pem());
            let transport = Transport::TlsVersion(identity.clone(), version);
            let port = Management::with(&splunk, transport);
            let found = search(&splunk, "publish=rest", &port).run();
            found.expect_no_message("ERROR");
            assert_eq!(splunk.history_text(), published());
        }
    }
}

/// The certificate is no secret: the private key is what proves.
#[test]
fn the_own_certificate_without_its_key_is_not_accepted() {
    for own in [Identity::version_1(), Authority::new().issue()] {
        let parts = ["does not prove that it has the private key"];
        expect_no_key_for(&own.without_its_key(), &own.pem(), &parts);
    }
}

#[test]
fn the_certificate_is_where_server_conf_says() {
    for value in ["$SPLUNK_HOME/etc/auth/mycerts.pem", "etc/auth/mycerts.pem"] {
        let splunk = splunk();
        let identity = Authority::new().issue();
        splunk.auth_file("server.pem", &Authority::new().issue().pem());
        splunk.auth_file("mycerts.pem", &identity.pem());
        splunk.ssl_config(&format!("serverCert = {value}"));
        let port = Management::with(&splunk, Transport::Tls(identity));
        search(&splunk, "publish=rest", &port)
            .run()
            .expect_no_message("ERROR");
        assert_eq!(splunk.history_text(), published());
    }
}

#[test]
fn plain_http_is_spoken_where_splunkd_says_so() {
    let splunk = splunk();
    let port = Management::with(&splunk, Transport::Plain);
    search(&splunk, "publish=rest", &port)
        .run()
        .expect_no_message("ERROR");
    assert_eq!(splunk.history_text(), published());
}

#[test]
fn the_environment_decides_nothing() {
    let splunk = splunk();
    let port = Management::of(&splunk);
    let proxy = Management::with(&splunk, Transport::Plain);
    let mut search = search(&splunk, "publish=rest", &port)
        .environment("SPLUNK_HOME", "/nonexistent")
        .environment("SSL_CERT_FILE", "/nonexistent");
    for name in [
        "HTTPS_PROXY",
        "https_proxy",
        "HTTP_PROXY",
        "http_proxy",
        "ALL_PROXY",
        "all_proxy",
    ] {
        search = search.environment(name, proxy.uri());
    }
    search.run().expect_no_message("ERROR");
    assert_eq!(splunk.history_text(), published());
    assert_eq!(proxy.connections(), 0);
}

#[test]
fn a_staging_folder_that_cannot_be_used_is_named() {
    let splunk = splunk();
    fs::write(splunk.staging(), "in the way").unwrap();
    let port = Management::of(&splunk);
    let found = search(&splunk, "publish=rest", &port).run();
    found.expect_message(
        "ERROR",
        &[
            "lookup_tmp",
            "Not a directory",
            "write permission on $SPLUNK_HOME/var/run",
        ],
    );
    fs::remove_file(splunk.staging()).unwrap();
    fs::rename(
        splunk.home().join("var/run"),
        splunk.home().join("var/gone"),
    )
    .unwrap();
    let found = search(&splunk, "publish=rest", &port)
        .without_dispatch_folder()
        .run();
    found.expect_message(
        "ERROR",
        &["make the staging folder", "lookup_tmp", "No such file"],
    );
    assert_eq!(splunk.history_text(), history());
    assert_eq!(port.connections(), 0);
}

#[test]
fn left_overs_of_dead_runs_are_swept_and_those_of_others_are_not() {
    let splunk = splunk();
    let port = Management::of(&splunk);
    fs::create_dir_all(splunk.staging()).unwrap();
    let ours = format!("{HISTORY}.s3newip.0123456789abcdef.tmp");
    let theirs = [
        "_0123456789abcdef".to_owned(),
        format!("{HISTORY}.0123456789abcdef.tmp"),
        format!("{HISTORY}.s3newip_test.0123456789abcdef.tmp"),
        "other.csv.s3newip.0123456789abcdef.tmp".to_owned(),
        HISTORY.to_owned(),
    ];
    for name in theirs.iter().chain([&ours]) {
        fs::write(splunk.staging().join(name), "half a file").unwrap();
    }
    search(&splunk, "publish=rest", &port)
        .run()
        .expect_no_message("ERROR");
    let mut expected = theirs.to_vec();
    expected.sort();
    assert_eq!(splunk.staged_files(), expected);
}

#[test]
fn two_searches_on_one_member_lose_nothing() {
    let splunk = Splunk::new().history(HEADER);
    let port = Management::of(&splunk).acts([Act::Late(Duration::from_millis(300))]);
    std::thread::scope(|scope| {
        for address in ["192.0.2.1", "192.0.2.2", "192.0.2.3"] {
            let search = splunk
                .search("new=unseen publish=rest")
                .events(&[access("billing", address, NOW)])
                .splunkd(&port)
                .probes(0);
            scope.spawn(move || {
                let mut talk = search.start();
                talk.getinfo();
                let reply = talk.execute(&body_of(&[access("billing", address, NOW)]), true);
                assert!(String::from_utf8_lossy(&reply.body).contains(address));
                assert_eq!(talk.hang_up().code, Some(0));
            });
        }
    });
    let text = splunk.history_text();
    assert_eq!(text.lines().count(), 4, "{text}");
    assert_eq!(port.requests().len(), 3);
}

#[test]
fn a_reader_that_goes_away_ends_the_search_before_it_publishes() {
    let splunk = splunk();
    let port = Management::of(&splunk);
    let mut talk = search(&splunk, "publish=rest", &port).start();
    talk.getinfo();
    talk.execute(&body_of(&[access("billing", "192.0.2.7", NOW)]), false);
    talk.process.close_output();
    talk.send(&support::execute_frame(b"", true));
    let started = Instant::now();
    assert_eq!(talk.hang_up().code, Some(0));
    assert!(started.elapsed() < Duration::from_secs(10));
    assert_eq!(port.lines(), [""; 0]);
    assert_eq!(splunk.staged_files(), [""; 0]);
}
