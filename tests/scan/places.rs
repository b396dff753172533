//! City and country from a database in MaxMind's format.

use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::folder::{Folder, lines};
use crate::mmdb::{Place, database};

const PLACES: [Place; 4] = [
    Place {
        network: "192.0.2.0",
        prefix: 25,
        city: "Zürich",
        country: "Switzerland",
        flat: false,
    },
    Place {
        network: "198.51.100.7",
        prefix: 32,
        city: "",
        country: "Iceland",
        flat: false,
    },
    Place {
        network: "203.0.113.0",
        prefix: 24,
        city: "=\x1b[2J",
        country: "",
        flat: false,
    },
    Place {
        network: "2001:db8:40::",
        prefix: 48,
        city: "Quito",
        country: "Ecuador",
        flat: true,
    },
];

const ADDRESSES: [&str; 6] = [
    "192.0.2.1",
    "192.0.2.200",
    "198.51.100.7",
    "203.0.113.9",
    "2001:db8:40::15",
    "2001:db8:41::15",
];

fn with_places(version: u16) -> Folder {
    let places = if version == 4 { &PLACES[..3] } else { &PLACES };
    Folder::new()
        .file("a.log", lines(&ADDRESSES))
        .file("places.mmdb", database(version, places))
}

#[test]
fn places_stand_beside_the_address_and_are_empty_where_none_is_known() {
    let folder = with_places(6);
    let arguments = [
        "--dry-run",
        "--geoip",
        "places.mmdb",
        "--format",
        "csv",
        "a.log",
    ];
    let found = folder.scan(&arguments).run().expect_code(0);
    let columns = [
        "_time",
        "bucket_name",
        "src_ip",
        "City",
        "Country",
        "operation",
        "request_uri",
    ];
    assert_eq!(found.rows()[0], columns);
    assert_eq!(found.column("src_ip"), ADDRESSES);
    let cities = ["Zürich", "", "", "'=\\x1b[2J", "Quito", ""];
    assert_eq!(found.column("City"), cities);
    let countries = ["Switzerland", "", "Iceland", "", "Ecuador", ""];
    assert_eq!(found.column("Country"), countries);
    let with = |output| folder.scan(&[&arguments[..], &["--output", output]].concat());
    assert_eq!(with("all").run().column("Country"), countries);
    let sorted = ["Switzerland", "", "Iceland", "Ecuador", "", ""];
    assert_eq!(with("pairs").run().column("Country"), sorted, "by key");
    let table = folder
        .scan(&["--dry-run", "--geoip", "places.mmdb", "a.log"])
        .run()
        .text();
    assert!(
        table.contains("  192.0.2.1        Zürich    Switzerland  REST"),
        "{table}"
    );
    assert!(
        table.contains("  192.0.2.200      -         -            REST"),
        "{table}"
    );
}

#[test]
fn a_database_of_ipv4_addresses_knows_no_others() {
    let folder = with_places(4);
    let arguments = [
        "--dry-run",
        "--geoip",
        "places.mmdb",
        "--format",
        "csv",
        "a.log",
    ];
    let found = folder.scan(&arguments).run().expect_code(0);
    let countries = ["Switzerland", "", "Iceland", "", "", ""];
    assert_eq!(found.column("Country"), countries);
}

#[test]
fn what_is_no_database_is_named_before_anything_is_read() {
    let whole = database(6, &PLACES);
    let folder = with_places(6)
        .file("text.mmdb", "no database")
        .file("cut.mmdb", &whole[..whole.len() - 40]);
    for name in ["text.mmdb", "cut.mmdb", "missing.mmdb", "."] {
        let found = folder
            .scan(&["--geoip", name, "a.log"])
            .run()
            .expect_code(1);
        assert_eq!(found.text(), "");
        let expected = format!("the GeoIP database {name} cannot be used: ");
        found.expect_stderr(&[&expected, "name a file in MaxMind's format (.mmdb)"]);
    }
    assert!(!folder.names().iter().any(|name| name.ends_with(".csv")));
}

/// The limit would end a program that reads on and on.
#[test]
fn a_database_without_an_end_is_refused() {
    let folder = with_places(6);
    mknodat(CWD, folder.at("pipe"), FileType::Fifo, Mode::RUSR, 0).unwrap();
    let limited = ["sh", "-c", "ulimit -v 4000000; exec \"$@\"", "sh"];
    for name in ["/dev/zero", "pipe", "."] {
        let arguments = ["--geoip", name, "a.log"];
        let found = folder
            .scan_through(&limited, &arguments)
            .run()
            .expect_code(1);
        assert_eq!(found.text(), "");
        found.expect_stderr(&[&format!(
            "the GeoIP database {name} cannot be used: it is no regular file; name a file"
        )]);
    }
}

#[test]
fn a_broken_database_never_stops_a_scan_without_a_word() {
    let whole = database(6, &PLACES);
    for at in (0..whole.len()).step_by(whole.len() / 40) {
        let mut broken = whole.clone();
        broken[at] ^= 0xff;
        let folder = with_places(6).file("broken.mmdb", broken);
        let found = folder
            .scan(&["--dry-run", "--geoip", "broken.mmdb", "a.log"])
            .run();
        let told = found.stderr.contains("broken.mmdb cannot be used: ");
        assert!(
            found.code == Some(0) || (found.code == Some(1) && told),
            "byte {at}: {found:?}"
        );
    }
}

#[test]
fn a_database_that_breaks_at_a_look_up_is_said_to_be_damaged() {
    let mut broken = database(6, &PLACES);
    let city = broken.windows(4).position(|bytes| bytes == b"city");
    // A reserved type (MaxMind DB format 2.0, "extended") in the place of the key's.
    broken[city.unwrap() - 1] = 0;
    let folder = with_places(6).file("broken.mmdb", broken);
    let arguments = ["--geoip", "broken.mmdb", "--format", "csv", "a.log"];
    let found = folder.scan(&arguments).run().expect_code(0);
    assert_eq!(found.column("src_ip"), ADDRESSES);
    found.expect_stderr(&["the GeoIP database broken.mmdb is damaged", "fetch it anew"]);
}
