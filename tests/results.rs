//! What comes back: the events of new pairs, the pairs themselves, every event marked, or what was learnt.

mod support;

use support::{NOW, Outcome, Row, Splunk, access, log_line, row};

const HEADER: &str = "bucket_name,remote_ip,firstTime,lastTime\n";

/// Runs over an empty history and returns what came out with the history it left.
fn over_nothing(arguments: &str, rows: &[Row]) -> (Outcome, String) {
    let splunk = Splunk::new().history(HEADER);
    let found = splunk.search(arguments).events(rows).run();
    found.expect_success();
    let history = splunk.history_text();
    (found, history)
}

/// The add-on may extract a field from an event's URL that is called like ours.
#[test]
fn an_event_counts_once_whatever_its_url_says() {
    let line = log_line("billing", "192.0.2.7").request_uri("GET /?count=99999 HTTP/1.1");
    let event = || access("billing", "192.0.2.7", NOW).raw(line.text());
    let rows = [event().set("count", "99999"), event().set("count", "3")];
    let (found, _) = over_nothing("output=pairs", &rows);
    found.expect_rows("remote_ip,count\n192.0.2.7,2\n");
}

#[test]
fn counts_of_summarised_rows_are_added_up() {
    let summary = |ip: &str, count: &str| {
        row()
            .bucket("billing")
            .ip(ip)
            .set("firstTime", "1699999000")
            .set("lastTime", "1699999900")
            .set("count", count)
    };
    let rows = [
        summary("192.0.2.7", "12"),
        summary("192.0.2.7", "30"),
        summary("192.0.2.8", ""),
        summary("192.0.2.8", "many"),
        access("billing", "192.0.2.7", NOW),
    ];
    let (found, _) = over_nothing("output=pairs", &rows);
    found.expect_rows("remote_ip,count\n192.0.2.7,43\n192.0.2.8,2\n");
}

#[test]
fn pairs_carry_the_fields_of_their_earliest_event() {
    let event = |time: i64, operation: &str, agent: &str| {
        access("billing", "192.0.2.7", time)
            .set("operation", operation)
            .set("request_uri", format!("GET /{operation} HTTP/1.1"))
            .set("requester", "arn:aws:iam::111122223333:user/reader")
            .set("user_agent", agent)
    };
    let rows = [
        event(NOW - 10, "REST.GET.OBJECT", "curl, \"8\""),
        event(NOW - 30, "REST.PUT.OBJECT", "aws-cli\nsecond line"),
        event(NOW - 20, "REST.HEAD.OBJECT", "boto3"),
    ];
    let (found, _) = over_nothing("output=pairs", &rows);
    assert_eq!(found.row_count(), 1);
    let expected = [
        ("firstTime", (NOW - 30).to_string()),
        ("lastTime", (NOW - 10).to_string()),
        ("newIP", "1".to_owned()),
        ("count", "3".to_owned()),
        ("http_status", "200".to_owned()),
        ("operation", "REST.PUT.OBJECT".to_owned()),
        ("request_uri", "GET /REST.PUT.OBJECT HTTP/1.1".to_owned()),
        (
            "requester",
            "arn:aws:iam::111122223333:user/reader".to_owned(),
        ),
        ("user_agent", "aws-cli\nsecond line".to_owned()),
    ];
    for (column, value) in expected {
        assert_eq!(found.column(column), [value], "{column}");
    }
}

#[test]
fn pairs_have_their_columns_in_the_documented_order() {
    let (found, _) = over_nothing("output=pairs", &[access("billing", "192.0.2.7", NOW)]);
    let columns = found.columns();
    let start = [
        "bucket_name",
        "remote_ip",
        "firstTime",
        "lastTime",
        "newIP",
        "count",
    ];
    assert_eq!(columns.get(..6), Some(start.map(str::to_owned).as_slice()));
    assert!(columns.contains(&"http_status".to_owned()));
    assert!(
        !columns.contains(&"operation".to_owned()),
        "the input has no such column: {columns:?}"
    );
}

#[test]
fn a_key_field_that_pairs_carry_anyway_is_there_once() {
    let splunk = Splunk::new();
    let rows = [
        access("billing", "192.0.2.7", NOW)
            .set("operation", "REST.GET.OBJECT")
            .set("user_agent", "curl"),
        access("billing", "192.0.2.7", NOW)
            .set("operation", "REST.PUT.OBJECT")
            .status(204),
    ];
    let found = splunk
        .search("output=pairs lookup=x.csv by http_status operation")
        .events(&rows)
        .run();
    let expected = "http_status,operation,count,user_agent\n200,REST.GET.OBJECT,1,curl\n204,REST.PUT.OBJECT,1,\n";
    found.expect_rows(expected);
}

#[test]
fn pairs_are_sorted_by_first_time_then_key() {
    let rows = [
        access("b", "192.0.2.2", NOW - 5),
        access("a", "192.0.2.10", NOW - 5),
        access("a", "192.0.2.9", NOW - 5),
        access("z", "192.0.2.1", NOW - 50),
        access("c", "192.0.2.1", "1699999995.000001"),
        access("z", "192.0.2.1", NOW),
    ];
    let (found, history) = over_nothing("output=pairs", &rows);
    let expected =
        "bucket_name,remote_ip\nz,192.0.2.1\na,192.0.2.10\na,192.0.2.9\nb,192.0.2.2\nc,192.0.2.1\n";
    found.expect_rows(expected);
    let buckets: Vec<&str> = history
        .lines()
        .skip(1)
        .filter_map(|line| line.split(',').next())
        .collect();
    assert_eq!(
        buckets,
        ["a", "a", "b", "c", "z"],
        "new rows of the history are sorted too"
    );
}

#[test]
fn all_marks_every_successful_event() {
    let splunk =
        Splunk::new().history(format!("{HEADER}billing,192.0.2.1,1600000000,1600000001\n"));
    let rows = [
        access("billing", "192.0.2.1", NOW),
        access("billing", "192.0.2.2", NOW - 1),
        access("billing", "192.0.2.3", NOW - 7200),
        access("billing", "192.0.2.2", NOW),
    ];
    let found = splunk.search("output=all").events(&rows).run();
    let expected = format!(
        "remote_ip,firstTime,lastTime,newIP\n192.0.2.1,1600000000,{NOW},0\n192.0.2.2,{},{NOW},1\n\
         192.0.2.3,{},{},0\n192.0.2.2,{},{NOW},1\n",
        NOW - 1,
        NOW - 7200,
        NOW - 7200,
        NOW - 1
    );
    found.expect_rows(&expected);
}

#[test]
fn the_two_rules_differ_for_what_arrives_late_and_for_what_was_just_learnt() {
    let splunk = Splunk::new().history(format!("{HEADER}billing,192.0.2.1,{0},{0}\n", NOW - 60));
    let rows = [
        access("billing", "192.0.2.1", NOW),
        access("billing", "192.0.2.2", NOW - 7200),
    ];
    let addresses = |rule: &str| {
        let found = splunk
            .search(&format!("update=f output=events new={rule}"))
            .events(&rows)
            .run();
        found.column("remote_ip")
    };
    assert_eq!(
        addresses("window"),
        ["192.0.2.1"],
        "first seen a minute ago, alerted again"
    );
    assert_eq!(
        addresses("unseen"),
        ["192.0.2.2"],
        "late, and never alerted before"
    );
}

#[test]
fn the_earliest_of_history_and_search_decides() {
    let splunk = Splunk::new().history(format!("{HEADER}billing,192.0.2.1,{0},{0}\n", NOW - 60));
    let rows = [access("billing", "192.0.2.1", NOW - 86_400)];
    splunk.search("").events(&rows).run().expect_no_rows();
    assert_eq!(
        splunk.history_text(),
        format!("{HEADER}billing,192.0.2.1,{},{}\n", NOW - 86_400, NOW - 60)
    );
}

#[test]
fn a_second_run_finds_nothing_unseen() {
    let splunk = Splunk::new().history(HEADER);
    let rows = [
        access("billing", "192.0.2.1", NOW),
        access("billing", "2001:db8::1", NOW),
    ];
    let search = || splunk.search("new=unseen").events(&rows).run();
    search()
        .expect_rows("newIP\n1\n1\n")
        .expect_message("WARN", &["Previously Seen S3 Bucket Access by Remote IP"]);
    search().expect_no_rows().expect_no_message("WARN");
}

#[test]
fn seed_learns_and_counts() {
    let splunk = Splunk::new().history(format!(
        "{HEADER}billing,192.0.2.1,1600000000,1600000000\narchive,192.0.2.1,1,2\n"
    ));
    let rows = [
        access("billing", "192.0.2.1", NOW),
        access("billing", "192.0.2.2", NOW),
        access("billing", "192.0.2.3", NOW),
        access("billing", "192.0.2.4", NOW).status(403),
    ];
    let found = splunk.search("seed=true").events(&rows).run();
    assert_eq!(
        found.columns(),
        ["pairs_seen", "pairs_added", "pairs_updated", "pairs_total"]
    );
    found
        .expect_rows("pairs_seen,pairs_added,pairs_updated,pairs_total\n3,2,1,4\n")
        .expect_no_message("WARN");
    let found = splunk.search("seed=true").events(&rows).run();
    found.expect_rows("pairs_seen,pairs_added,pairs_updated,pairs_total\n3,0,0,4\n");
}

#[test]
fn seed_over_nothing_is_no_reason_to_warn() {
    let splunk = Splunk::new();
    let found = splunk
        .search("seed=true")
        .events(&[access("billing", "192.0.2.1", NOW)])
        .run();
    found
        .expect_rows("pairs_seen,pairs_added,pairs_updated,pairs_total\n1,1,0,1\n")
        .expect_no_message("WARN");
    let found = splunk.search("seed=true").run();
    found.expect_rows("pairs_seen,pairs_added,pairs_updated,pairs_total\n0,0,0,1\n");
}

#[test]
fn maxevents_bounds_each_pair_by_itself() {
    let rows: Vec<Row> = (0..12)
        .map(|n| {
            access(
                "billing",
                if n % 2 == 0 { "192.0.2.1" } else { "192.0.2.2" },
                NOW - n,
            )
            .set("n", n.to_string())
        })
        .collect();
    let (found, history) = over_nothing("maxevents=2", &rows);
    let expected = format!(
        "n,firstTime,lastTime\n0,{0},{NOW}\n1,{1},{2}\n2,{0},{NOW}\n3,{1},{2}\n",
        NOW - 10,
        NOW - 11,
        NOW - 1
    );
    found.expect_rows(&expected);
    assert!(
        history.contains(&(NOW - 11).to_string()),
        "what is not returned is learnt all the same"
    );
}
