//! The stand-in for splunkd is checked itself: the tests that use it are only as good as it is.

mod support;

use support::{Arguments, body_of, check_metadata, header_only, read_reply, row};

#[test]
fn cells_are_quoted_unless_they_are_letters_and_digits() {
    let rows = [row()
        .set("host", "web7")
        .set("_raw", "say \"hi\", twice\n")
        .set("empty", "")
        .set("dotted", "1.5")];
    let body = String::from_utf8(body_of(&rows)).unwrap();
    let expected = "host,\"_raw\",empty,dotted,\"__mv_host\",\"__mv__raw\",\"__mv_empty\",\"__mv_dotted\"\n\
                    web7,\"say \"\"hi\"\", twice\n\",,\"1.5\",,,,\n";
    assert_eq!(body, expected);
}

#[test]
fn a_multivalue_has_its_values_apart_in_its_twin() {
    let rows = [
        row().values("user", &["a", "", "c$d"]),
        row().set("user", "alone"),
        row().set("user", "x").twin("user", "broken"),
    ];
    let body = String::from_utf8(body_of(&rows)).unwrap();
    let expected = "user,\"__mv_user\"\n\"a\n\nc$d\",\"$a$;$$;$c$$d$\"\nalone,\nx,broken\n";
    assert_eq!(body, expected);
}

#[test]
fn a_chunk_has_every_column_of_its_rows_in_order_of_first_appearance() {
    let rows = [row().set("b", "1"), row().set("a", "2").set("b", "3")];
    let body = String::from_utf8(body_of(&rows)).unwrap();
    assert_eq!(body, "b,a,\"__mv_b\",\"__mv_a\"\n1,,,\n3,2,,\n");
    let header = String::from_utf8(header_only(&["b", "a"])).unwrap();
    assert_eq!(header, "b,a,\"__mv_b\",\"__mv_a\"\n");
}

#[test]
fn arguments_are_taken_apart_as_splunkd_does() {
    let cases: [(&str, &[&str], &[&str]); 6] = [
        ("", &[], &[]),
        (
            "window=-70m@m  new=unseen",
            &["window=-70m@m", "new=unseen"],
            &["window=-70m@m", "new=unseen"],
        ),
        (
            r#"r="A \"b\" C" x"#,
            &[r#"r=A "b" C"#, "x"],
            &[r#"r="A \"b\" C""#, "x"],
        ),
        (r#"b = "two""#, &["b", "=", "two"], &["b", "=", "\"two\""]),
        (r#""src ip""#, &["src ip"], &["\"src ip\""]),
        ("by a, b", &["by", "a", "b"], &["by", "a", "b"]),
    ];
    for (text, args, raw_args) in cases {
        let arguments = Arguments::parse(text);
        assert_eq!(arguments.args, args, "{text}");
        assert_eq!(arguments.raw_args, raw_args, "{text}");
    }
}

#[test]
fn replies_are_read_strictly() {
    let good: &[u8] = b"chunked 1.0,18,3\n{\"finished\":false}a\n1chunked";
    let mut stream = good;
    let reply = read_reply(&mut stream).unwrap().unwrap();
    assert_eq!(
        (reply.metadata_text.as_str(), reply.body.as_slice()),
        ("{\"finished\":false}", &b"a\n1"[..])
    );
    assert_eq!(stream, b"chunked", "nothing beyond the reply is read");
    assert!(read_reply(&mut &b""[..]).unwrap().is_none());
    let bad: [&[u8]; 9] = [
        b"\n",
        b"chunked 1.0,18,0\r\n{\"finished\":false}",
        b"chunked 1.0, 18,0\n{\"finished\":false}",
        b"chunked 1.0,+18,0\n{\"finished\":false}",
        b"chunked 1.0,,0\n{\"finished\":false}",
        b"chunked 1.0,18\n{\"finished\":false}",
        b"chunked 1.0,17,0\n{\"finished\":false}",
        b"chunked 1.0,18,4\n{\"finished\":false}abc",
        b"chunked 1.0,18,0",
    ];
    for bytes in bad {
        assert!(
            read_reply(&mut &bytes[..]).is_err(),
            "{}",
            bytes.escape_ascii()
        );
    }
}

#[test]
fn replies_that_splunkd_would_misread_are_refused() {
    let good = [
        r#"{"type":"events","required_fields":["_time"]}"#,
        r#"{"finished":true,"inspector":{"messages":[["WARN","two rows"],["INFO","done"]]}}"#,
        r#"{"finished":true,"inspector":{"messages":[["ERROR","x"]],"metric.read":[0.1,1,2,3]},"error":"x"}"#,
    ];
    for text in good {
        assert_eq!(
            check_metadata(&serde_json::from_str(text).unwrap(), text),
            Ok(())
        );
    }
    let bad = [
        r#"[]"#,
        r#"{"finished":"true"}"#,
        r#"{"finish":true}"#,
        r#"{"type":"eventing"}"#,
        r#"{"required_fields":"_time"}"#,
        r#"{"error":""}"#,
        r#"{"error":"x","inspector":{"messages":[["ERROR","x"]]}}"#,
        r#"{"inspector":{"messages":["WARN"]}}"#,
        r#"{"inspector":{"messages":[["WARNING","x"]]}}"#,
        r#"{"inspector":{"messages":[["WARN","x"],["INFO","x"]]}}"#,
        r#"{"inspector":{"messages":[["WARN","a\u001b[2Jb"]]}}"#,
        r#"{"inspector":{"metric.read":[1,2,3]}}"#,
    ];
    for text in bad {
        assert!(
            check_metadata(&serde_json::from_str(text).unwrap(), text).is_err(),
            "{text}"
        );
    }
}
