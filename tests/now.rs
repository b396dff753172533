//! now() and the threshold of newness: taken from the search, not from the clock nor from its time range.

mod support;

use support::{InfoCsv, NOW, Search, Splunk, access};

const HEADER: &str = "bucket_name,remote_ip,firstTime,lastTime\n";

/// NOW is 2023-11-14T22:13:20Z; this is the afternoon before.
const AFTERNOON: i64 = 1_699_970_000;

/// Five hours east of Greenwich, as Splunk serializes a time zone.
const FIVE_HOURS_EAST: &str = "### SERIALIZED TIMEZONE FORMAT 1.0;Y18000 NW 50 4B 54;$";

#[test]
fn now_comes_from_info_csv_then_from_the_searchs_id() {
    let rows_before = |now: i64| {
        [
            access("billing", "192.0.2.1", now - 600),
            access("billing", "192.0.2.2", now - 800),
        ]
    };
    let scheduled = "scheduler__admin__search__RMD5a1b2c3d4e5f60718_at_1600000000_42";
    let in_info = InfoCsv::at(1_500_000_000);
    let splunk = Splunk::new().history(HEADER);
    let search = || splunk.search("window=-11m update=false");
    let cases = [
        (
            search().info_csv(in_info.clone()).sid(scheduled),
            1_500_000_000,
        ),
        (search().without_info_csv().sid(scheduled), 1_600_000_000),
        (
            search().without_dispatch_folder().sid(scheduled),
            1_600_000_000,
        ),
        (
            search()
                .without_info_csv()
                .sid(&format!("{scheduled}_0A1B2C3D-GUID")),
            1_600_000_000,
        ),
        (
            search().without_info_csv().sid("1650000000.17"),
            1_650_000_000,
        ),
        (
            search()
                .without_info_csv()
                .sid("1650000000.17_0A1B2C3D-GUID"),
            1_650_000_000,
        ),
    ];
    for (search, now) in cases {
        search
            .events(&rows_before(now))
            .run()
            .expect_rows("remote_ip\n192.0.2.1\n");
    }
    let clock = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs() as i64;
    let found = search()
        .without_dispatch_folder()
        .sid("")
        .events(&rows_before(clock))
        .run();
    found.expect_rows("remote_ip\n192.0.2.1\n");
}

/// `earliest` and `latest` are the time range that a person chose; they say nothing about now.
#[test]
fn the_searchs_time_range_is_not_now() {
    let splunk = Splunk::new().history(HEADER);
    let found = splunk
        .search("")
        .searchinfo("earliest_time", serde_json::json!("1500000000"))
        .searchinfo("latest_time", serde_json::json!("1500003600"))
        .events(&[access("billing", "192.0.2.7", 1_500_003_000)])
        .run();
    found.expect_no_rows();
}

/// In Greenwich the afternoon belongs to today; five hours east, today began at 19:00Z.
#[test]
fn days_begin_in_the_searchs_time_zone_or_else_in_the_machines() {
    let splunk = Splunk::new().history(HEADER);
    let search = || {
        let rows = [access("billing", "192.0.2.7", AFTERNOON)];
        splunk.search("window=@d update=false").events(&rows)
    };
    let is_new = |search: Search<'_>| search.run().row_count() == 1;
    let east = || InfoCsv::at(NOW).set("_tz", FIVE_HOURS_EAST);
    assert!(is_new(search()));
    assert!(!is_new(search().environment("TZ", "PKT-5")));
    assert!(!is_new(search().info_csv(east())));
    let greenwich = "### SERIALIZED TIMEZONE FORMAT 1.0;C0;Y0 NW 47 4D 54;$";
    let info = InfoCsv::at(NOW).set("_tz", greenwich);
    assert!(
        is_new(search().info_csv(info).environment("TZ", "PKT-5")),
        "the search's zone wins"
    );
    let info = InfoCsv::at(NOW).set("_tz", "### SERIALIZED TIMEZONE FORMAT 9");
    assert!(
        is_new(search().info_csv(info)),
        "an unknown format is no zone"
    );
}

#[test]
fn an_info_csv_that_does_not_say_when_leaves_the_searchs_id() {
    let splunk = Splunk::new().history(HEADER);
    for now in [
        "",
        "soon",
        "NaN",
        "9999999999999999999999",
        "0",
        "0.000000000",
        "-1",
    ] {
        let rows = [
            access("billing", "192.0.2.1", NOW - 600),
            access("billing", "192.0.2.2", NOW - 800),
        ];
        let search = splunk.search("window=-11m update=false").events(&rows);
        let found = search.info_csv(InfoCsv::at(1).set("now", now)).run();
        found.expect_rows("remote_ip\n192.0.2.1\n");
    }
}

#[test]
fn whole_seconds_count_in_now() {
    let splunk = Splunk::new().history(HEADER);
    let rows = [
        access("billing", "192.0.2.1", NOW - 60),
        access("billing", "192.0.2.2", "1699999939.999999"),
    ];
    let info = InfoCsv::at(NOW).set("now", "1700000000.999999000");
    let found = splunk
        .search("window=-60s update=false")
        .events(&rows)
        .info_csv(info)
        .run();
    found.expect_rows("remote_ip\n192.0.2.1\n");
}
