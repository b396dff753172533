use super::*;

const HEADER: &str = "network,bucket_name,requester,expires,note\n";

const NOW: i64 = 1_772_800_000;

fn read(text: &str) -> Result<AllowList, Error> {
    AllowList::read(text.as_bytes(), "allow.csv", Timestamp::from_seconds(NOW))
}

fn list(lines: &str) -> AllowList {
    read(&format!("{HEADER}{lines}")).unwrap()
}

fn access<'a>(bucket: &'a str, address: &'a str, requester: &'a str) -> Access<'a> {
    Access {
        bucket: bucket.as_bytes(),
        address: address.as_bytes(),
        principal: requester.split('/').next().unwrap_or_default().as_bytes(),
        requester: requester.as_bytes(),
    }
}

fn covers(lines: &str, bucket: &str, address: &str, requester: &str) -> bool {
    let list = list(lines);
    assert!(list.warnings().is_empty(), "{:?}", list.warnings());
    list.covers(&access(bucket, address, requester))
}

#[test]
fn a_line_covers_what_all_its_cells_allow() {
    for (line, expected) in [
        ("192.0.2.0/24,,,,office", true),
        ("192.0.2.7,,,,", true),
        ("192.0.2.7/32,*,*,,", true),
        ("::ffff:192.0.2.0/120,,,,", true),
        ("192.0.3.0/24,,,,", false),
        ("192.0.2.7,billing,,,", true),
        ("192.0.2.7,bill,,,", false),
        ("192.0.2.7,b*g,,,", true),
        ("0.0.0.0/0,billing,,,", true),
        ("::/0,billing,,,", false),
        (",billing,,,", true),
        ("*,BILLING,,,", false),
        (",,role/*,,", true),
        (",,role,,", true),
        (",,role/session,,", true),
        (",,other,,", false),
        ("192.0.2.0/24,billing,other,,", false),
        ("athena.amazonaws.com,,,,", false),
        (" 192.0.2.7 , billing , role , , ", true),
    ] {
        assert_eq!(
            covers(line, "billing", "192.0.2.7", "role/session"),
            expected,
            "{line}"
        );
    }
}

#[test]
fn texts_in_place_of_addresses_are_compared_as_they_are() {
    let lines = "athena.amazonaws.com,,,,\nAWS Internal,,,,\n";
    for (address, expected) in [
        ("athena.amazonaws.com", true),
        ("AWS Internal", true),
        ("AWS internal", false),
        ("192.0.2.7", false),
    ] {
        assert_eq!(covers(lines, "b", address, "r"), expected, "{address}");
    }
}

#[test]
fn an_address_has_many_spellings() {
    assert!(covers("2001:DB8::/32,,,,", "b", "2001:db8:1::7", "r"));
    assert!(covers("192.0.2.7,,,,", "b", "::ffff:192.0.2.7", "r"));
    assert!(!covers("2001:db8::/32,,,,", "b", "2001:db9::7", "r"));
}

#[test]
fn a_date_is_valid_through_its_day_and_seconds_until_theirs() {
    // 2026-03-06T12:26:40Z
    for (expires, expected) in [
        ("", true),
        ("2026-03-06", true),
        ("2026-03-05", false),
        ("2027-01-01", true),
        ("1772800001", true),
        ("1772800000", false),
        ("1772800000.5", true),
    ] {
        assert_eq!(
            covers(&format!(",b,,{expires},"), "b", "192.0.2.7", "r"),
            expected,
            "{expires}"
        );
    }
}

#[test]
fn a_line_that_is_wrong_or_allows_everything_allows_nothing_and_is_named() {
    for (line, named) in [
        (",,,,all", "would allow everything"),
        ("*,*,*,,", "would allow everything"),
        ("0.0.0.0/0,,**,,", "would allow everything"),
        ("::/0,,,,", "would allow everything"),
        ("::ffff:0.0.0.0/96,,,,", "would allow everything"),
        ("192.0.2.7/24,,,,", "write 192.0.2.0/24, or 192.0.2.7 alone"),
        ("192.0.2.0/33,,,,", "found \"192.0.2.0/33\""),
        ("192.0.2,b,,,", "found \"192.0.2\""),
        ("192.0.2.0-192.0.2.9,b,,,", "network: expected"),
        ("2001:db8::zz,b,,,", "network: expected"),
        ("*.amazonaws.com,b,,,", "network: expected"),
        ("a\u{202e}b,b,,,", "\\u{202e}"),
        (",b,,31.12.2026,", "expires: expected"),
        (",b,,2026-02-30,", "expires: expected"),
        (",b,,20261231,", "expires: expected"),
        (",b,,1772800000000,", "expires: expected"),
        (",b,,-1,", "expires: expected"),
        (",b,,", "expected 5 cells, found 4"),
        (",b,,,note, with a comma", "expected 5 cells, found 6"),
    ] {
        let list = list(line);
        assert!(!list.covers(&access("b", "192.0.2.7", "r")), "{line}");
        let [warning] = list.warnings() else {
            panic!("{line}: {:?}", list.warnings())
        };
        assert!(
            warning.starts_with("allow list \"allow.csv\": line 2: "),
            "{warning}"
        );
        assert!(warning.contains(named), "{warning}");
    }
}

#[test]
fn warnings_are_few_and_count_the_rest() {
    let list = list(&",,,,\n".repeat(100));
    assert_eq!(list.warnings().len(), MOST_WARNINGS + 1);
    let last = list.warnings().last().unwrap();
    assert!(
        last.ends_with("80 more lines like these allow nothing"),
        "{last}"
    );
}

#[test]
fn a_file_that_is_no_such_table_is_an_error() {
    for (text, named) in [
        ("", "found no network"),
        ("network,bucket_name,requester,expires\n", "found no note"),
        (
            "network,bucket_name,requester,expires,note,cidr\n",
            "found \"cidr\"",
        ),
        ("network,bucket_name,requester,note,note\n", "twice"),
        (
            "network,bucket_name,requester,expires,note\n,b,,,\"open\n",
            "quotes in pairs",
        ),
    ] {
        let error = read(text).unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
        assert!(
            error.starts_with("allow list \"allow.csv\": expected"),
            "{error}"
        );
    }
}

#[test]
fn columns_stand_in_any_order_after_a_byte_order_mark() {
    let list =
        read("\u{feff}note,requester,expires,bucket_name,network\r\nx,r,,b,192.0.2.0/24\r\n");
    assert!(list.unwrap().covers(&access("b", "192.0.2.7", "r")));
}

#[test]
fn a_file_is_bounded() {
    let error = read(&format!("{HEADER}{}", ",b,,,\n".repeat(MOST_LINES + 1))).unwrap_err();
    assert!(error.to_string().contains("up to 10000 lines"), "{error}");
    let long = format!("{HEADER},b,,,{}\n", "x".repeat(MOST_BYTES));
    let error = read(&long).unwrap_err().to_string();
    assert!(error.contains("found a larger one"), "{error}");
}
