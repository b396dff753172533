//! Columns and cells: what the events bring comes back as it came, byte for byte, with our three columns after it.

mod support;

use support::{NOW, Outcome, Row, Splunk, access, row};

const HEADER: &str = "bucket_name,remote_ip,firstTime,lastTime\n";

fn found_in(bodies: &[&[u8]]) -> Outcome {
    let splunk = Splunk::new().history(HEADER);
    let mut search = splunk.search("new=unseen");
    for body in bodies {
        search = search.body(body);
    }
    let found = search.run();
    found.expect_success();
    found
}

fn found_for(rows: &[Row]) -> Outcome {
    let splunk = Splunk::new().history(HEADER);
    let found = splunk.search("new=unseen").events(rows).run();
    found.expect_success();
    found
}

#[test]
fn our_columns_stand_after_the_events_own() {
    let found = found_in(&[
        b"b,\"bucket_name\",a,\"remote_ip\",\"_time\"\n1,billing,2,\"192.0.2.7\",1700000000\n",
    ]);
    let columns = [
        "b",
        "bucket_name",
        "a",
        "remote_ip",
        "_time",
        "firstTime",
        "lastTime",
        "newIP",
    ];
    assert_eq!(found.columns(), columns);
    found.expect_rows("b,bucket_name,a,remote_ip,_time,firstTime,lastTime,newIP\n1,billing,2,192.0.2.7,1700000000,1700000000,1700000000,1\n");
}

#[test]
fn columns_that_differ_from_chunk_to_chunk_are_united_in_order_of_first_appearance() {
    let start = access("billing", "192.0.2.7", NOW);
    let chunks = [
        vec![start.clone().set("x", "1")],
        vec![
            row()
                .set("y", "2")
                .set("z", "3")
                .set("x", "4")
                .set("remote_ip", "192.0.2.7")
                .set("bucket_name", "billing")
                .at(NOW),
        ],
        vec![start.clone()],
        vec![
            row()
                .set("w", "5")
                .bucket("billing")
                .ip("192.0.2.7")
                .at(NOW),
        ],
    ];
    let splunk = Splunk::new().history(HEADER);
    let search = chunks
        .iter()
        .fold(splunk.search("new=unseen"), |search, rows| {
            search.chunk(rows)
        });
    let found = search.run();
    let mut plain = found.columns();
    plain.retain(|column| !column.starts_with("__mv_"));
    let own = [
        "_time",
        "bucket_name",
        "remote_ip",
        "http_status",
        "x",
        "y",
        "z",
        "w",
    ];
    assert_eq!(
        plain,
        [&own[..], &["firstTime", "lastTime", "newIP"]].concat()
    );
    let expected = "bucket_name,remote_ip,http_status,x,y,z,w,newIP\n\
                    billing,192.0.2.7,200,1,,,,1\n\
                    billing,192.0.2.7,,4,2,3,,1\n\
                    billing,192.0.2.7,200,,,,,1\n\
                    billing,192.0.2.7,,,,,5,1\n";
    found.expect_rows(expected);
}

#[test]
fn a_chunk_whose_rows_are_all_known_adds_no_row_to_the_result() {
    let splunk = Splunk::new().history(format!("{HEADER}billing,192.0.2.1,1,2\n"));
    let search = splunk
        .search("new=unseen")
        .chunk(&[access("billing", "192.0.2.1", NOW).set("only here", "1")]);
    let found = search.chunk(&[access("billing", "192.0.2.7", NOW)]).run();
    found.expect_rows("remote_ip\n192.0.2.7\n");
}

#[test]
fn multivalues_pass_untouched() {
    let rows = [
        access("billing", "192.0.2.7", NOW)
            .values("tag", &["cloud", "", "a$b;c"])
            .set("one", "$x$"),
        access("billing", "192.0.2.7", NOW)
            .values("tag", &["z", "y"])
            .set("plain", "v"),
    ];
    let found = found_for(&rows);
    let tag = [b"cloud\n\na$b;c".to_vec(), b"z\ny".to_vec()];
    let twin = [b"$cloud$;$$;$a$$b;c$".to_vec(), b"$z$;$y$".to_vec()];
    assert_eq!(found.column_bytes("tag"), tag);
    assert_eq!(found.column_bytes("__mv_tag"), twin);
    found.expect_rows("one,__mv_one,plain,__mv_plain\n$x$,,,\n,,v,\n");
}

#[test]
fn bytes_that_are_no_utf_8_pass_untouched() {
    let hostile: &[u8] = b"\xff\xfe\x80 \xc3( \xed\xa0\x80 \xf8 caf\xe9";
    let rows = [
        access("billing", "192.0.2.7", NOW)
            .raw(hostile)
            .set("agent", hostile),
        access("billing", "192.0.2.7", NOW).set("agent", "naïve \u{202e} 日本"),
    ];
    let found = found_for(&rows);
    assert_eq!(
        found.column_bytes("agent"),
        [hostile, "naïve \u{202e} 日本".as_bytes()]
    );
    assert_eq!(found.column_bytes("_raw"), [hostile, b""]);
}

#[test]
fn a_key_that_is_no_utf_8_is_a_key() {
    let splunk = Splunk::new().history(HEADER);
    let rows = [access("", "192.0.2.7", NOW).set("bucket_name", b"b\xffd")];
    splunk
        .search("new=unseen")
        .events(&rows)
        .run()
        .expect_rows("newIP\n1\n");
    let expected = [
        HEADER.as_bytes(),
        b"b\xffd,192.0.2.7,1700000000,1700000000\n",
    ]
    .concat();
    assert_eq!(splunk.history_bytes(), expected);
    splunk
        .search("new=unseen")
        .events(&rows)
        .run()
        .expect_no_rows();
}

#[test]
fn quotes_commas_and_line_ends_in_cells_pass_untouched() {
    let hostile = "say \"hi\", a,b\nsecond\r\nthird \"\"";
    let found = found_for(&[access("billing", "192.0.2.7", NOW)
        .raw(hostile)
        .set("last", "\"")]);
    assert_eq!(found.column("_raw"), [hostile]);
    assert_eq!(found.column("last"), ["\""]);
}

#[test]
fn keys_with_quotes_commas_and_line_ends_are_kept_apart() {
    let splunk = Splunk::new().history(HEADER);
    let rows = [
        access("a,b", "192.0.2.7", NOW),
        access("a\"b", "192.0.2.7", NOW),
        access("a\nb", "192.0.2.7", NOW),
        access("a", "b,192.0.2.7", NOW),
        access(" a", "192.0.2.7", NOW),
    ];
    let found = splunk.search("new=unseen").events(&rows).run();
    assert_eq!(found.row_count(), 5);
    let found = splunk.search("new=unseen").events(&rows).run();
    found.expect_no_rows();
    assert!(
        found.messages_of("INFO").concat().contains('5'),
        "{:?}",
        found.messages()
    );
}

#[test]
fn crlf_ends_a_record_as_lf_does() {
    let found = found_in(&[
        b"_time,bucket_name,remote_ip\r\n1700000000,billing,192.0.2.7\r\n",
        b"_time,bucket_name,remote_ip\r\n1700000000,billing,\"192.0.2.8\"\r\n1700000000,billing,192.0.2.9",
        b"\r\n",
    ]);
    found.expect_rows("remote_ip,newIP\n192.0.2.7,1\n192.0.2.8,1\n192.0.2.9,1\n");
}

#[test]
fn the_last_record_needs_no_line_end() {
    let found = found_in(&[b"_time,bucket_name,remote_ip\n1700000000,billing,192.0.2.7"]);
    found.expect_rows("remote_ip,newIP\n192.0.2.7,1\n");
    found_in(&[b"_time,bucket_name,remote_ip"]).expect_no_rows();
}

#[test]
fn a_field_of_five_megabytes_is_no_trouble() {
    let huge: String = "0123456789 \"quoted\", ".repeat(5 * 1024 * 1024 / 21);
    let rows = [
        access("billing", "192.0.2.7", NOW).set("huge", &huge),
        access("billing", "192.0.2.8", NOW),
    ];
    let found = found_for(&rows);
    assert_eq!(found.column("huge"), [huge.as_str(), ""]);
    found.expect_rows("remote_ip\n192.0.2.7\n192.0.2.8\n");
}

#[test]
fn columns_that_we_write_ourselves_are_there_once() {
    let rows = [
        access("billing", "192.0.2.7", NOW)
            .set("firstTime", "1")
            .set("newIP", "x")
            .set("own", "kept"),
        access("billing", "192.0.2.8", NOW)
            .set("lastTime", "2")
            .set("firstTime", "3"),
    ];
    let found = found_for(&rows);
    let expected = format!(
        "remote_ip,firstTime,lastTime,newIP,own\n192.0.2.7,{NOW},{NOW},1,kept\n192.0.2.8,{NOW},{NOW},1,\n"
    );
    found.expect_rows(&expected);
}

#[test]
fn the_index_of_selected_fields_mode_passes_untouched() {
    let rows = [access("billing", "192.0.2.7", NOW).set("_chunked_idx", "17")];
    found_for(&rows).expect_rows("_chunked_idx,newIP\n17,1\n");
}

/// As in the hour after a busy one: most rows are of known pairs, and go by.
#[test]
fn events_come_back_in_order_of_arrival() {
    let splunk = Splunk::new().history(format!("{HEADER}billing,192.0.2.1,1,2\n"));
    let rows: Vec<Row> = (0..200)
        .map(|n| {
            access(
                "billing",
                &format!("192.0.2.{}", 1 + n % 5),
                NOW - (n * 37) % 100,
            )
            .set("n", n.to_string())
        })
        .collect();
    let found = splunk.search("new=unseen").events(&rows).seed(5).run();
    let expected: Vec<String> = (0..200)
        .filter(|n| n % 5 != 0)
        .map(|n| n.to_string())
        .collect();
    assert_eq!(found.column("n"), expected);
}
