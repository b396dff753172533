//! What counts as new, what counts as success, and which rows come of it.

use crate::folder::{Folder, HEADER, TIME, lines};
use crate::process::Ended;
use crate::support::log_line;

/// The line of an access from `ip` at so many minutes past 22:00 on the day of [`TIME`].
fn at(minute: u32, ip: &str) -> String {
    let time = format!("14/Nov/2023:22:{minute:02}:00 +0000");
    format!("{}\n", log_line("billing", ip).time(&time).text())
}

fn scan(folder: &Folder, arguments: &[&str]) -> Ended {
    let shared = [
        "--dry-run",
        "--format",
        "csv",
        "--lookup",
        "seen.csv",
        "a.log",
    ];
    folder
        .scan(&[&shared, arguments].concat())
        .run()
        .expect_code(0)
}

#[test]
fn under_the_window_rule_the_first_time_decides() {
    let folder = Folder::new()
        .file(
            "a.log",
            at(10, "192.0.2.1") + &at(50, "192.0.2.2") + &at(50, "192.0.2.3"),
        )
        .file("seen.csv", format!("{HEADER}billing,192.0.2.3,5,6\n"));
    // 2023-11-14T23:00:00Z
    let now = "1700002800";
    let new = |arguments: &[&str]| scan(&folder, arguments).column("src_ip");
    assert_eq!(new(&[]), ["192.0.2.1", "192.0.2.2"]);
    assert_eq!(
        new(&["--window", "-15m@m", "--now", now]),
        ["192.0.2.1", "192.0.2.2"]
    );
    let by_window = ["--new", "window", "--now", now];
    let with = |window: &'static str| new(&[&by_window, ["--window", window].as_slice()].concat());
    assert_eq!(new(&by_window), ["192.0.2.1", "192.0.2.2"], "-70m@m");
    assert_eq!(with("-15m@m"), ["192.0.2.2"]);
    assert_eq!(with("-10m"), ["192.0.2.2"], "the threshold itself is new");
    assert_eq!(with("-599s"), [""; 0]);
    assert_eq!(
        new(&["--new", "window"]),
        [""; 0],
        "by the clock all this is long ago"
    );
}

#[test]
fn the_status_list_says_what_succeeded() {
    let with = |status: &str, ip: &str| format!("{}\n", log_line("b", ip).status(status).text());
    let text = with("200", "192.0.2.1")
        + &with("304", "192.0.2.2")
        + &with("403", "192.0.2.3")
        + &with("206", "192.0.2.4")
        + &with("-", "192.0.2.5");
    let folder = Folder::new().file("a.log", text);
    let found = |arguments: &[&str]| scan(&folder, arguments).column("src_ip");
    let default = ["192.0.2.1", "192.0.2.2", "192.0.2.4", "192.0.2.5"];
    assert_eq!(found(&[]), default);
    assert_eq!(found(&["--status", "200"]), ["192.0.2.1", "192.0.2.5"]);
    assert_eq!(
        found(&["--status", "4xx,206"]),
        ["192.0.2.3", "192.0.2.4", "192.0.2.5"]
    );
}

#[test]
fn pairs_are_sorted_by_first_time_and_have_their_earliest_events_details() {
    let late = log_line("billing", "192.0.2.1").time("14/Nov/2023:22:40:00 +0000");
    let early = late.clone().time("14/Nov/2023:22:20:00 +0000");
    let late = late.request_uri("GET /late HTTP/1.1");
    let early = early.status("206").request_uri("GET /early HTTP/1.1");
    let early = early.requester("someone").user_agent("curl/8.5.0");
    let text = format!(
        "{}\n{}\n{}",
        late.text(),
        early.text(),
        at(10, "2001:db8::7")
    );
    let folder = Folder::new().file("a.log", text);
    let found = scan(&folder, &["--output", "pairs"]);
    assert_eq!(
        found.text(),
        "firstTime,lastTime,bucket_name,src_ip,count,http_status,operation,request_uri,requester,user_agent\n\
         2023-11-14T22:10:00Z,2023-11-14T22:10:00Z,billing,2001:db8::7,1,200,REST.GET.OBJECT,\
         GET /billing/report.csv HTTP/1.1,arn:aws:iam::111122223333:user/reader,aws-cli/2.13.0\n\
         2023-11-14T22:20:00Z,2023-11-14T22:40:00Z,billing,192.0.2.1,2,206,REST.GET.OBJECT,\
         GET /early HTTP/1.1,someone,curl/8.5.0\n"
    );
}

#[test]
fn all_successful_events_are_shown_and_marked() {
    let folder = Folder::new()
        .file("a.log", lines(&["192.0.2.1", "192.0.2.7", "192.0.2.1"]))
        .file("seen.csv", format!("{HEADER}billing,192.0.2.1,5,{TIME}\n"));
    let found = scan(&folder, &["--output", "all"]);
    let columns = [
        "_time",
        "newIP",
        "bucket_name",
        "src_ip",
        "operation",
        "request_uri",
    ];
    assert_eq!(found.rows()[0], columns);
    assert_eq!(found.column("newIP"), ["0", "1", "0"]);
    assert_eq!(
        found.column("src_ip"),
        ["192.0.2.1", "192.0.2.7", "192.0.2.1"]
    );
}

#[test]
fn so_many_events_are_shown_for_each_new_pair() {
    let text = lines(&["192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.1"]);
    let folder = Folder::new().file("a.log", text);
    let found = |limit: &str| scan(&folder, &["--max-events", limit]).column("src_ip");
    assert_eq!(found("1"), ["192.0.2.1", "192.0.2.2"]);
    assert_eq!(found("2"), ["192.0.2.1", "192.0.2.1", "192.0.2.2"]);
    assert_eq!(found("0").len(), 4);
}

#[test]
fn one_host_has_one_spelling() {
    let folder = Folder::new()
        .file(
            "a.log",
            lines(&["2001:0DB8:0:0:0:0:0:7", "::ffff:192.0.2.1", "2001:db8::8"]),
        )
        .file(
            "seen.csv",
            format!("{HEADER}billing,2001:db8::7,5,6\nbilling,192.0.2.1,5,6\n"),
        );
    assert_eq!(scan(&folder, &[]).column("src_ip"), ["2001:db8::8"]);
}
