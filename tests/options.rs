//! The options after `| s3newip`: what is understood, and what an error at getinfo says.

mod support;

use support::{NOW, Outcome, Row, Splunk, access, row};

const HEADER: &str = "bucket_name,remote_ip,firstTime,lastTime\n";

/// One pair an hour ago, one a day ago, one refused, one redirected, one not modified, one twice.
fn rows() -> Vec<Row> {
    vec![
        access("billing", "192.0.2.1", NOW - 3600),
        access("billing", "192.0.2.2", NOW - 86_400),
        access("billing", "192.0.2.3", NOW - 60).status(403),
        access("billing", "192.0.2.4", NOW - 60).status(301),
        access("billing", "192.0.2.5", NOW - 60).status(304),
        access("billing", "192.0.2.6", NOW - 60).status(206),
        access("billing", "192.0.2.6", NOW - 30),
    ]
}

/// The last parts of the addresses that come back, in order.
fn addresses(arguments: &str) -> String {
    let splunk = Splunk::new().history(HEADER);
    let found = splunk.search(arguments).events(&rows()).run();
    found.expect_success();
    let places = if found.row_count() == 0 {
        Vec::new()
    } else {
        found.column("remote_ip")
    };
    let last = places
        .iter()
        .map(|address| address.rsplit('.').next().unwrap_or_default());
    last.collect::<Vec<_>>().join(" ")
}

/// The error at getinfo for these arguments, which must have all these parts.
fn refused(arguments: &str, parts: &[&str]) {
    let splunk = Splunk::new().history(HEADER);
    at_getinfo(&splunk.search(arguments).events(&rows()).run(), parts);
}

fn refused_args(args: &[&str], parts: &[&str]) {
    let splunk = Splunk::new().history(HEADER);
    at_getinfo(&splunk.search("").args(args).events(&rows()).run(), parts);
}

fn at_getinfo(found: &Outcome, parts: &[&str]) {
    found.expect_error(parts);
    assert!(
        found.replies.is_empty(),
        "the error comes at getinfo\n{}",
        found.transcript
    );
}

#[test]
fn without_options_the_originals_rule_holds() {
    assert_eq!(addresses(""), "1 5 6 6");
}

#[test]
fn a_window_out_of_the_calendar_is_refused() {
    refused("window=-99999y", &["option window=\"-99999y\"", "years"]);
}

#[test]
fn window_moves_the_threshold() {
    assert_eq!(addresses("window=-5m"), "5 6 6");
    assert_eq!(addresses("window=-2d@d"), "1 2 5 6 6");
    assert_eq!(
        addresses("window=-24h"),
        "1 2 5 6 6",
        "at the threshold is new"
    );
    assert_eq!(addresses("window=-86399s"), "1 5 6 6");
    assert_eq!(addresses("window=-1h-1d+30s@m"), "1 2 5 6 6");
}

#[test]
fn window_is_a_relative_time() {
    for bad in [
        "yesterday",
        "-70",
        "-m@",
        "1.5h",
        "-1parsec",
        "@w8",
        "12/24/2023:00:00:00",
        "-70m@m;rm",
    ] {
        refused(&format!("window={bad}"), &["window", bad, "expected"]);
    }
}

#[test]
fn new_chooses_the_rule() {
    assert_eq!(addresses("new=window"), "1 5 6 6");
    assert_eq!(addresses("new=unseen"), "1 2 5 6 6");
    refused("new=newest", &["new", "newest", "window", "unseen"]);
    refused(
        "publish=splunkd",
        &["publish", "splunkd", "auto, file or rest"],
    );
}

#[test]
fn status_lists_codes_and_classes() {
    assert_eq!(addresses("status=200"), "1 6");
    assert_eq!(addresses("status=\"200,206\""), "1 6 6");
    assert_eq!(addresses("status=\"2xx,3xx\""), "1 4 5 6 6");
    assert_eq!(addresses("status=4XX"), "3");
    assert_eq!(addresses("status=\"403, 301\""), "3 4");
    assert_eq!(addresses("status=5xx"), "");
    for bad in [
        "ok", "20", "2000", "6xx", "2x", "-200", "200;206", "200,,206",
    ] {
        refused(&format!("status={bad}"), &["status", bad, "2xx,304"]);
    }
}

/// SPL drops the commas between arguments that are not quoted.
#[test]
fn a_status_list_may_arrive_in_pieces() {
    let splunk = Splunk::new().history(HEADER);
    let forms: [&[&str]; 3] = [
        &["update=f", "status=403", "301"],
        &["status=403,", "301", "update=f"],
        &["status", "=", "403", "301", "update=f"],
    ];
    for args in forms {
        let found = splunk.search("").args(args).events(&rows()).run();
        found.expect_rows("remote_ip\n192.0.2.3\n192.0.2.4\n");
    }
}

#[test]
fn output_chooses_what_comes_back() {
    assert_eq!(addresses("output=events"), "1 5 6 6");
    assert_eq!(addresses("output=all"), "1 2 5 6 6");
    assert_eq!(addresses("output=pairs"), "1 5 6");
    refused(
        "output=table",
        &["output", "table", "events", "pairs", "all"],
    );
}

#[test]
fn maxevents_keeps_the_first_to_arrive() {
    assert_eq!(addresses("maxevents=0"), "1 5 6 6");
    assert_eq!(addresses("maxevents=1"), "1 5 6");
    assert_eq!(addresses("maxevents=2"), "1 5 6 6");
    assert_eq!(addresses("maxevents=4294967295"), "1 5 6 6");
    for bad in ["-1", "1.5", "many", "99999999999999999999", "1e3", "+1"] {
        refused(
            &format!("maxevents={bad}"),
            &["maxevents", bad, "whole number"],
        );
    }
}

#[test]
fn booleans_are_spelt_as_in_spl() {
    let spelt = [
        (false, ["false", "f", "0", "FALSE", "False", "F"]),
        (true, ["true", "t", "1", "TRUE", "True", "T"]),
    ];
    for (expected, spellings) in spelt {
        for spelling in spellings {
            let splunk = Splunk::new().history(HEADER);
            splunk
                .search(&format!("update={spelling}"))
                .events(&rows())
                .run()
                .expect_success();
            assert_eq!(
                splunk.history_text() != HEADER,
                expected,
                "update={spelling}"
            );
            let found = splunk
                .search(&format!("seed={spelling}"))
                .events(&rows())
                .run();
            let learns = found.columns().iter().any(|column| column == "pairs_seen");
            assert_eq!(learns, expected, "seed={spelling}");
        }
    }
    for option in ["update", "seed"] {
        for bad in ["yes", "2", "tru", "on"] {
            refused(&format!("{option}={bad}"), &[option, bad, "true", "false"]);
        }
    }
}

#[test]
fn lookup_names_another_history() {
    let splunk = Splunk::new().history(HEADER).lookup(
        "other-1.x.csv",
        "remote_ip,bucket_name\n192.0.2.1,billing\n",
    );
    let found = splunk
        .search("lookup=other-1.x.csv new=unseen")
        .events(&rows())
        .run();
    found.expect_rows("remote_ip\n192.0.2.2\n192.0.2.5\n192.0.2.6\n192.0.2.6\n");
    assert_eq!(
        splunk.history_text(),
        HEADER,
        "the usual history is not touched"
    );
    assert!(splunk.lookup_text("other-1.x.csv").contains("192.0.2.6"));
}

#[test]
fn lookup_cannot_leave_the_lookups_folder() {
    let long = format!("{}.csv", "x".repeat(300));
    let bad = [
        "a.txt",
        "csv",
        ".csv",
        "../x.csv",
        "a/b.csv",
        "/etc/x.csv",
        "..\\\\x.csv",
        "a.csv.default",
        "x.tmp",
        "a\u{202e}.csv",
        "a\u{2215}b.csv",
        "a\u{200b}.csv",
        "x.csv\u{0}",
        "a\u{7}.csv",
        &long,
    ];
    for name in bad {
        refused_args(
            &[&format!("lookup={name}")],
            &["lookup", "lookups folder", ".csv"],
        );
    }
}

#[test]
fn a_lookup_that_is_a_link_out_of_the_folder_is_refused() {
    let splunk = Splunk::new();
    let outside = splunk.home().join("etc/passwd.csv");
    std::fs::write(&outside, HEADER).unwrap();
    std::os::unix::fs::symlink(&outside, splunk.lookups().join("linked.csv")).unwrap();
    let found = splunk.search("lookup=linked.csv").events(&rows()).run();
    found.expect_error(&["linked.csv", "link"]);
    assert_eq!(std::fs::read_to_string(&outside).unwrap(), HEADER);
}

#[test]
fn an_unknown_option_gets_the_nearest_name() {
    let nearest = [
        ("widow=-1h", "widow", "window"),
        ("lookups=x.csv", "lookups", "lookup"),
        ("max_events=1", "max_events", "maxevents"),
        ("sed=t", "sed", "seed"),
        ("publsh=rest", "publsh", "publish"),
        ("updte=f", "updte", "update"),
        ("stauts=200", "stauts", "status"),
        ("ouput=all", "ouput", "output"),
        ("nwe=unseen", "nwe", "new"),
    ];
    for (arguments, came, name) in nearest {
        refused(
            arguments,
            &[came, &format!("did you mean {name}"), "lookup", "maxevents"],
        );
    }
}

#[test]
fn key_fields_with_an_equals_sign_are_told_where_they_belong() {
    refused("by=remote_ip", &["by is no option", "without ="]);
    refused("new=unseen By = remote_ip", &["by is no option"]);
}

#[test]
fn a_word_that_is_no_option_is_refused() {
    refused("unseen", &["unseen", "lookup", "by"]);
    refused("304", &["304"]);
    refused("bucket_name remote_ip", &["bucket_name", "by"]);
    refused("=5", &["option"]);
    refused("window=-1h extra", &["extra"]);
}

#[test]
fn a_repeated_option_is_refused() {
    refused("new=unseen new=unseen", &["new", "twice"]);
    refused("window=-1h output=all window=-2h", &["window", "twice"]);
    refused(
        "by bucket_name bucket_name",
        &["by", "bucket_name", "twice"],
    );
    refused("by bucket_name BY remote_ip", &["by", "BY", "once"]);
}

#[test]
fn an_option_without_a_value_is_refused() {
    for option in [
        "lookup",
        "window",
        "new",
        "status",
        "output",
        "maxevents",
        "update",
        "seed",
        "publish",
    ] {
        refused(&format!("{option}="), &[option]);
        refused_args(&[option, "="], &[option]);
        refused_args(&[option], &[option]);
    }
}

#[test]
fn spaces_around_the_sign_make_three_arguments() {
    let splunk = Splunk::new().history(HEADER);
    let forms: [&[&str]; 5] = [
        &["new", "=", "unseen", "update", "=", "f"],
        &["new=", "unseen", "update=", "f"],
        &["new", "=unseen", "update", "=f"],
        &["new=unseen", "update", "=", "f"],
        &[
            "new",
            "=",
            "unseen",
            "update=f",
            "by",
            "bucket_name",
            "remote_ip",
        ],
    ];
    for args in forms {
        let found = splunk.search("").args(args).events(&rows()).run();
        found.expect_rows("remote_ip\n192.0.2.1\n192.0.2.2\n192.0.2.5\n192.0.2.6\n192.0.2.6\n");
        assert_eq!(splunk.history_text(), HEADER, "{args:?}");
    }
}

#[test]
fn by_names_one_to_five_key_fields() {
    let splunk = Splunk::new();
    let five = row()
        .at(NOW)
        .set("a", "1")
        .set("b", "2")
        .set("c", "3")
        .set("d", "4")
        .set("e", "5");
    for (fields, header) in [("a", "a"), ("a, b", "a,b"), ("e d c b a", "e,d,c,b,a")] {
        let lookup = format!("lookup=keys{}.csv", fields.len());
        let found = splunk
            .search(&format!("{lookup} by {fields}"))
            .events(std::slice::from_ref(&five))
            .run();
        found.expect_rows("a,e,newIP\n1,5,1\n");
        let text = splunk.lookup_text(&lookup["lookup=".len()..]);
        assert_eq!(
            text.lines().next(),
            Some(format!("{header},firstTime,lastTime").as_str())
        );
    }
    refused("by", &["by", "1 to 5"]);
    refused("by a b c d e f", &["by", "1 to 5", "6"]);
}

#[test]
fn by_takes_a_field_name_with_spaces_and_signs() {
    let splunk = Splunk::new().lookup("own.csv", "\"src ip\",tag::eventtype,firstTime,lastTime\n");
    let rows = [row()
        .at(NOW)
        .set("src ip", "192.0.2.7")
        .set("tag::eventtype", "s3")];
    let found = splunk
        .search("lookup=own.csv BY \"src ip\" tag::eventtype")
        .events(&rows)
        .run();
    found.expect_rows("src ip,tag::eventtype,newIP\n192.0.2.7,s3,1\n");
    assert!(
        splunk
            .lookup_text("own.csv")
            .ends_with(&format!("192.0.2.7,s3,{NOW},{NOW}\n"))
    );
}

#[test]
fn other_key_fields_need_a_lookup_of_their_own() {
    refused(
        "by remote_ip",
        &[
            "by remote_ip",
            "bucket_name and remote_ip",
            "add lookup=previously_seen_S3_remote_ip.csv",
        ],
    );
    refused(
        "lookup=previously_seen_S3_access_from_remote_ip.csv seed=true by bucket_name \"user agent\"",
        &[
            "by bucket_name \"user agent\"",
            "add lookup=previously_seen_S3_bucket_name_user_agent.csv",
        ],
    );
    refused(
        "by bucket_name remote_ip requester",
        &["requester", "add lookup="],
    );
    assert_eq!(
        addresses("by remote_ip bucket_name"),
        "1 5 6 6",
        "the same pair in another order"
    );
    let splunk = Splunk::new();
    let found = splunk
        .search("lookup=previously_seen_S3_remote_ip.csv by remote_ip")
        .events(&rows())
        .run();
    found.expect_success();
}

/// What the history's header cannot give back is no name of a key field; all others come back.
#[test]
fn a_key_field_is_found_again_in_the_history_that_it_made() {
    for field in ["\u{feff}ip", "i\u{feff}p", "i\np", "i\0p", "i\u{85}p"] {
        let search = Splunk::new();
        let found = search
            .search("")
            .args(&["lookup=own.csv", "by", field])
            .run();
        at_getinfo(&found, &["by: expected the names of key fields"]);
    }
    for field in [
        "i\"p",
        "\"",
        "\"\"ip\"",
        "i'p",
        "i p",
        "ïp",
        "i\u{2028}p",
        "\u{200b}",
        "{}.ip",
        "#",
    ] {
        let splunk = Splunk::new();
        let rows = [row().at(NOW).set(field, "192.0.2.7")];
        let search = || {
            splunk
                .search("")
                .args(&["lookup=own.csv", "new=unseen", "by", field])
                .events(&rows)
                .run()
        };
        assert_eq!(search().row_count(), 1, "{field:?}");
        search().expect_no_rows();
    }
}

#[test]
fn by_must_be_the_last_thing() {
    refused(
        "by bucket_name remote_ip new=unseen",
        &["by", "new=unseen", "last"],
    );
    refused_args(&["by", "bucket_name", "new", "=", "unseen"], &["by"]);
}

#[test]
fn by_refuses_names_that_the_command_writes_itself() {
    for field in ["_time", "firstTime", "lastTime", "newIP"] {
        refused(&format!("by bucket_name {field}"), &["by", field]);
    }
}

#[test]
fn what_came_is_shown_escaped_and_not_in_full_length() {
    let splunk = Splunk::new();
    let hostile = format!("new=\u{1b}[2J\u{202e}{}", "x".repeat(100_000));
    let found = splunk.search("").args(&[&hostile]).run();
    at_getinfo(&found, &["new"]);
    let error = found.error().unwrap();
    assert!(error.len() < 1000 && !error.contains('\u{202e}'), "{error}");
}

#[test]
fn errors_are_in_words_and_not_in_rusts() {
    for arguments in [
        "new=x",
        "maxevents=x",
        "update=x",
        "window=x",
        "lookup=x",
        "status=x",
        "by",
        "x=1",
        "output=x",
    ] {
        let found = Splunk::new().search(arguments).run();
        let error = found.error().unwrap_or_default().to_owned();
        for word in [
            "Some(",
            "None",
            "Err(",
            "Error",
            "ParseInt",
            "u32",
            "invalid digit",
            "Option",
        ] {
            assert!(!error.contains(word), "{arguments}: {error}");
        }
        assert!(
            error.starts_with(|letter: char| letter.is_lowercase()),
            "{error}"
        );
    }
}
