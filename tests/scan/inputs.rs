//! What is read: files, folders, compressed files, standard input, and lines of every kind.

use std::os::unix::fs::symlink;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::folder::{Folder, HEADER, gzip, line, lines};
use crate::support::binary_under_test;
use crate::support::files::{is_open_to_all, is_root, set_mode};

const NOBODY: u32 = 65_534;

#[test]
fn files_are_read_in_the_order_given_and_folders_in_the_order_of_names() {
    let folder = Folder::new()
        .file("last.log", lines(&["192.0.2.9"]))
        .file("logs/c", lines(&["192.0.2.4"]))
        .file("logs/b/y.log", lines(&["192.0.2.3"]))
        .file("logs/b/deep/er/x", lines(&["192.0.2.2"]))
        .file("logs/a", lines(&["192.0.2.1"]));
    let in_logs = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"];
    assert_eq!(folder.addresses(&["logs"]), in_logs);
    assert_eq!(folder.addresses(&["."])[0], "192.0.2.9");
    assert_eq!(
        folder.addresses(&["logs/c", "last.log", "logs/a"]),
        ["192.0.2.4", "192.0.2.9", "192.0.2.1"]
    );
}

#[test]
fn compressed_files_are_known_by_their_content() {
    let members = [gzip(lines(&["192.0.2.1"])), gzip(lines(&["192.0.2.2"]))].concat();
    let folder = Folder::new()
        .file("a.log", members)
        .file("b.gz", lines(&["192.0.2.3"]))
        .file("c.gz", gzip(lines(&["192.0.2.4"])))
        .file("d.gz", gzip(""))
        .file("e", "");
    let expected = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"];
    assert_eq!(folder.addresses(&["."]), expected);
}

const COUNTED: &str = "1 inputs could not be read, or not to their ends; what was read of them and of the others counts";

#[test]
fn a_broken_compressed_file_is_named_and_the_others_are_learnt() {
    let whole = gzip(lines(&["192.0.2.1", "192.0.2.2"]));
    let mut wrong = whole.clone();
    let middle = wrong.len() / 2;
    wrong[middle] ^= 0xff;
    let followed = [whole.as_slice(), b"\x1f\x8band then something else"].concat();
    for (bytes, whole) in [(wrong.as_slice(), false), (&followed, true)] {
        let folder = Folder::new()
            .file("a.log", lines(&["192.0.2.8"]))
            .file("b.gz", bytes)
            .file("c.log", lines(&["192.0.2.9"]));
        let arguments = [
            "--lookup", "seen.csv", "--format", "csv", "a.log", "b.gz", "c.log",
        ];
        let found = folder.scan(&arguments).run().expect_code(1);
        let found = found.expect_stderr(&[
            "s3newip: b.gz cannot be read: it is no whole gzip data: ",
            COUNTED,
        ]);
        let shown = found.column("src_ip");
        assert_eq!(
            (&*shown[0], &*shown[shown.len() - 1]),
            ("192.0.2.8", "192.0.2.9")
        );
        assert!(!whole || shown.len() == 4, "{shown:?}");
        let learnt = folder.text("seen.csv");
        assert!(shown.iter().all(|ip| learnt.contains(ip)), "{learnt}");
        let again = folder.scan(&arguments).run().expect_code(1);
        assert_eq!(again.column("src_ip"), [""; 0]);
    }
}

/// As `zcat` has it.
#[test]
fn what_was_read_of_a_compressed_file_that_was_cut_counts() {
    let address = |number: usize| format!("192.0.2.{}", number % 250);
    let text: String = (0..2_000)
        .map(|number| {
            line(
                &format!("bucket-{number}-{:x}", number * 7919 % 10_007),
                &address(number),
            )
        })
        .collect();
    let packed = gzip(&text);
    for cut in [packed.len() - 9, packed.len() - 1, packed.len() / 2, 12, 3] {
        let folder = Folder::new().file("b.gz", &packed[..cut]);
        let found = folder.scan(&["--format", "csv", "b.gz"]).run();
        let found = found
            .expect_code(1)
            .expect_stderr(&["b.gz cannot be read: ", COUNTED]);
        let mut read = Vec::new();
        let mut decoder = flate2::read::GzDecoder::new(&packed[..cut]);
        std::io::Read::read_to_end(&mut decoder, &mut read).unwrap_err();
        let whole = read.iter().filter(|byte| **byte == b'\n').count();
        let shown = found.column("src_ip");
        // Of the last line as much may have come as makes an access.
        assert!(
            (whole..=whole + 1).contains(&shown.len()),
            "{cut}: {whole}, {}",
            shown.len()
        );
        assert!(
            shown
                .iter()
                .zip(0..)
                .all(|(ip, number)| *ip == address(number))
        );
    }
}

#[test]
fn zero_bytes_after_compressed_data_are_padding() {
    let [one, two] = ["192.0.2.1", "192.0.2.2"].map(|ip| gzip(lines(&[ip])));
    for zeros in [1, 511, 300 << 10] {
        let padding = vec![0; zeros];
        let folder = Folder::new()
            .file("a.gz", [&one[..], &padding].concat())
            .file("b.gz", [&one[..], &padding, &two, &padding].concat());
        let found = folder
            .scan(&["--dry-run", "--format", "csv", "a.gz", "b.gz"])
            .run();
        let found = found.expect_code(0);
        assert_eq!(
            found.column("src_ip"),
            ["192.0.2.1", "192.0.2.1", "192.0.2.2"]
        );
        assert_eq!(
            found.stderr.lines().count(),
            1,
            "the empty history alone: {found:?}"
        );
    }
}

#[test]
fn other_bytes_after_compressed_data_are_named() {
    let one = gzip(lines(&["192.0.2.1"]));
    for rest in [
        &b"x"[..],
        b"\0\0x",
        b"\x1fx",
        &lines(&["192.0.2.2"]).into_bytes(),
    ] {
        let folder = Folder::new()
            .file("a.gz", [&one[..], rest].concat())
            .file("b.log", lines(&["192.0.2.3"]));
        let found = folder.scan(&["--format", "csv", "a.gz", "b.log"]).run();
        let found = found.expect_code(0).expect_stderr(&[
            "1 files have something after their gzip data that was not read; the first: a.gz\n",
        ]);
        assert_eq!(found.column("src_ip"), ["192.0.2.1", "192.0.2.3"]);
    }
}

#[test]
fn standard_input_is_read_where_nothing_or_a_dash_is_named() {
    let folder = Folder::new().file("a.log", lines(&["192.0.2.1"]));
    let addresses = |paths: &[&str], input: &[u8]| {
        let arguments = [&["--dry-run", "--format", "csv"], paths].concat();
        // The first byte alone: gzip data has to be known all the same.
        let (first, rest) = input.split_at(1);
        let scan = folder.scan(&arguments).input(first).input(rest);
        scan.run().expect_code(0).column("src_ip")
    };
    let two = lines(&["192.0.2.2"]);
    assert_eq!(addresses(&[], two.as_bytes()), ["192.0.2.2"]);
    assert_eq!(addresses(&[], &gzip(&two)), ["192.0.2.2"]);
    assert_eq!(
        addresses(&["-", "a.log"], two.as_bytes()),
        ["192.0.2.2", "192.0.2.1"]
    );
    assert_eq!(
        addresses(&["a.log", "-"], two.as_bytes()),
        ["192.0.2.1", "192.0.2.2"]
    );
}

#[test]
fn a_path_to_nothing_is_named_and_the_others_are_learnt() {
    for seed in [&[][..], &["--seed"]] {
        let folder = Folder::new().file("a.log", lines(&["192.0.2.1"]));
        let arguments = ["--lookup", "seen.csv", "no/such.log", "a.log"];
        let found = folder.scan(&[&arguments[..], seed].concat()).run();
        found
            .expect_code(1)
            .expect_stderr(&["no/such.log cannot be read: No such file", COUNTED]);
        assert!(folder.text("seen.csv").contains("192.0.2.1"));
    }
}

#[test]
fn of_many_inputs_that_cannot_be_read_the_first_are_named() {
    let names: Vec<_> = (10..60).map(|number| format!("{number}.gz")).collect();
    let mut folder = Folder::new().file("z.log", lines(&["192.0.2.1"]));
    for name in &names {
        folder = folder.file(name, b"\x1f\x8b");
    }
    let found = folder.scan(&["--format", "csv", "."]).run().expect_code(1);
    let found = found.expect_stderr(&["50 inputs could not be read"]);
    assert_eq!(found.column("src_ip"), ["192.0.2.1"]);
    assert_eq!(found.stderr.matches(".gz cannot be read: ").count(), 20);
    assert!(
        found.stderr.starts_with("s3newip: ./10.gz cannot"),
        "{found:?}"
    );
}

#[test]
fn what_may_not_be_read_is_named_and_the_others_are_read() {
    let folder = Folder::new()
        .file("logs/a.log", lines(&["192.0.2.1"]))
        .file("logs/locked.log", lines(&["192.0.2.2"]))
        .file("logs/locked/b.log", lines(&["192.0.2.3"]));
    for name in [".", "logs"] {
        set_mode(&folder.at(name), 0o777);
    }
    let binary = binary_under_test();
    let as_nobody = is_root();
    if as_nobody && !(is_open_to_all(folder.path()) && is_open_to_all(binary.parent().unwrap())) {
        println!("skipped: {} is not open to other users", binary.display());
        return;
    }
    for locked in ["logs/locked.log", "logs/locked"] {
        let mode = |bits| set_mode(&folder.at(locked), bits);
        mode(0o000);
        for path in [locked, "logs"] {
            let scan = folder.scan(&["--dry-run", "--format", "csv", "logs/a.log", path]);
            let scan = if as_nobody { scan.user(NOBODY) } else { scan };
            let found = scan.run().expect_code(1);
            assert_eq!(found.column("src_ip")[0], "192.0.2.1");
            let name = format!("{locked} cannot be read: ");
            found.expect_stderr(&[&name, "ermission denied", COUNTED]);
        }
        mode(0o755);
    }
    assert_eq!(folder.names(), ["logs"]);
}

#[test]
fn links_to_files_are_followed_and_links_to_folders_end_nowhere() {
    let folder = Folder::new()
        .file("logs/a.log", lines(&["192.0.2.1"]))
        .file("elsewhere/b.log", lines(&["192.0.2.2"]));
    symlink(".", folder.at("logs/loop")).unwrap();
    symlink("../logs", folder.at("logs/loop too")).unwrap();
    symlink("../elsewhere/b.log", folder.at("logs/b.log")).unwrap();
    symlink("logs", folder.at("link")).unwrap();
    let expected = ["192.0.2.1", "192.0.2.2"];
    assert_eq!(folder.addresses(&["logs"]), expected);
    assert_eq!(folder.addresses(&["link"]), expected);
}

#[test]
fn links_to_nothing_in_a_folder_are_named_and_end_nothing() {
    for target in ["missing", "itself", "a.log/b"] {
        let folder = Folder::new()
            .file("logs/a.log", lines(&["192.0.2.1"]))
            .file("logs/z.log", lines(&["192.0.2.2"]));
        symlink(target, folder.at("logs/itself")).unwrap();
        for logs in ["logs", folder.at("logs").to_str().unwrap()] {
            let arguments = ["--dry-run", "--format", "csv", logs];
            let found = folder.scan(&arguments).run().expect_code(0);
            assert_eq!(found.column("src_ip"), ["192.0.2.1", "192.0.2.2"]);
            found.expect_stderr(&[
                "s3newip: 1 links lead to nothing; the first: ",
                "logs/itself\n",
            ]);
        }
        // Named itself, it is an input that cannot be read.
        let named = folder
            .scan(&["--dry-run", "logs/itself"])
            .run()
            .expect_code(1);
        named.expect_stderr(&["logs/itself cannot be read: "]);
    }
}

/// A day that is missing must not look like a quiet day.
#[test]
fn links_to_folders_elsewhere_are_named() {
    let folder = Folder::new()
        .file("logs/2026-03-05/a.log", lines(&["192.0.2.1"]))
        .file("elsewhere/b.log", lines(&["192.0.2.2"]));
    symlink("2026-03-05", folder.at("logs/latest")).unwrap();
    let scan = [
        "--dry-run",
        "--format",
        "csv",
        "--lookup",
        "seen.csv",
        "logs",
    ];
    let folder = folder.file("seen.csv", format!("{HEADER}billing,192.0.2.9,5,6\n"));
    folder.scan(&scan).run().expect_code(0).expect_silence();
    symlink("../elsewhere", folder.at("logs/2026-03-06")).unwrap();
    let found = folder.scan(&scan).run().expect_code(0);
    let found = found.expect_stderr(&[
        "1 links to folders were not followed",
        "logs/2026-03-06; name",
    ]);
    assert_eq!(found.column("src_ip"), ["192.0.2.1"]);
}

#[test]
fn the_history_in_a_folder_of_logs_is_no_log() {
    for lookup in ["history.csv", "below/history.csv"] {
        let folder = Folder::new()
            .file("a.log", lines(&["192.0.2.1"]))
            .file("below/b.log", lines(&["192.0.2.2"]));
        folder.scan(&["--lookup", lookup, "."]).run().expect_code(0);
        let again = folder.scan(&["--lookup", lookup, "."]).run();
        let again = again.expect_code(0).expect_stderr(&["2 accesses, "]);
        assert_eq!(again.stderr.lines().count(), 1, "{again:?}");
        // Who names it, gets it.
        let named = folder.scan(&["--lookup", lookup, lookup]).run();
        named.expect_stderr(&["are no S3 access log lines"]);
    }
}

/// Of other runs, which may be gone before they are opened, and of the app.
#[test]
fn what_lies_beside_the_history_is_no_log() {
    let folder = Folder::new()
        .file("logs/a.log", lines(&["192.0.2.1"]))
        .file("logs/seen.csv.default", HEADER)
        .file("logs/seen.csv.lock.tmp", "process 1")
        .file("logs/seen.csv.0123456789abcdef.tmp", HEADER)
        .file("logs/other/seen.csv.lock.tmp", lines(&["192.0.2.2"]));
    symlink("seen.csv.default", folder.at("logs/b.log")).unwrap();
    let arguments = [
        "--dry-run",
        "--lookup",
        "logs/seen.csv",
        "--format",
        "csv",
        "logs",
    ];
    let found = folder.scan(&arguments).run().expect_code(0);
    assert_eq!(found.column("src_ip"), ["192.0.2.1", "192.0.2.2"]);
    assert!(
        !found.stderr.contains("no S3 access log lines"),
        "{found:?}"
    );
}

#[test]
fn a_file_that_is_linked_where_it_is_read_is_read_once() {
    let folder = Folder::new()
        .file("logs/today.log", lines(&["192.0.2.1"]))
        .file("more/b.log", lines(&["192.0.2.2"]));
    symlink("today.log", folder.at("logs/latest.log")).unwrap();
    symlink("../more", folder.at("logs/more")).unwrap();
    let arguments = ["--dry-run", "--format", "csv", "logs", "more"];
    let found = folder.scan(&arguments).run().expect_code(0);
    assert_eq!(found.column("src_ip"), ["192.0.2.1", "192.0.2.2"]);
    assert!(!found.stderr.contains("links"), "{found:?}");
}

#[test]
fn a_pipe_in_a_folder_is_not_waited_for() {
    let folder = Folder::new().file("logs/z.log", lines(&["192.0.2.1"]));
    mknodat(CWD, folder.at("logs/pipe"), FileType::Fifo, Mode::RUSR, 0).unwrap();
    assert_eq!(folder.addresses(&["logs"]), ["192.0.2.1"]);
}

#[test]
fn lines_end_in_any_way_and_blank_ones_are_nothing() {
    let one = line("billing", "192.0.2.1");
    let text = format!(
        "\n\r\n{}\r\n\n{}",
        one.trim_end(),
        line("billing", "192.0.2.2").trim_end()
    );
    let folder = Folder::new().file("a.log", text);
    let found = folder
        .scan(&["--dry-run", "--format", "csv", "a.log"])
        .run();
    assert_eq!(found.column("src_ip"), ["192.0.2.1", "192.0.2.2"]);
    let uris = found.column("request_uri");
    assert_eq!(uris, ["GET /billing/report.csv HTTP/1.1"; 2]);
    assert!(!found.stderr.contains("access log lines"), "{found:?}");
}

#[test]
fn lines_that_do_not_parse_are_counted_and_the_first_is_shown() {
    let folder = Folder::new()
        .file("a.log", lines(&["192.0.2.1", "192.0.2.2"]))
        .file("b \x1b[2J.log", "\nno line\u{1b}[2J\nnone either\n");
    let found = folder.scan(&["--format", "csv", "."]).run().expect_code(0);
    assert_eq!(found.rows().len(), 3);
    found.expect_stderr(&[
        "2 of 4 lines are no S3 access log lines; the first: ./b \\x1b[2J.log, line 2, byte ",
        "found \"line\\x1b[2J\"",
    ]);
}

#[test]
fn lines_of_a_long_log_are_read_in_order_and_keep_their_numbers() {
    let address = |number: u32| format!("192.0.2.{}", number % 250);
    let buckets: Vec<_> = (0..9_000)
        .map(|number| format!("bucket-{number}"))
        .collect();
    let mut text = String::new();
    for (bucket, number) in buckets.iter().zip(0..) {
        text += &line(bucket, &address(number));
        if number % 1_000 == 700 {
            text += "no line\n";
        }
    }
    assert!(text.len() > 2 << 20);
    let folder = Folder::new()
        .file("a.log", &text)
        .file("b.log", gzip(&text));
    for name in ["a.log", "b.log"] {
        let found = folder
            .scan(&["--dry-run", "--format", "csv", "--output", "events", name])
            .run()
            .expect_code(0);
        assert_eq!(found.column("bucket_name"), buckets);
        let expected = format!(
            "9 of 9009 lines are no S3 access log lines; the first: {name}, line 702, byte "
        );
        found.expect_stderr(&[&expected]);
    }
}

#[test]
fn a_line_of_a_megabyte_is_one_line() {
    let long = "x".repeat(1 << 20);
    let text = format!(
        "{}{long}\n{}",
        line("billing", "192.0.2.1"),
        line("billing", "192.0.2.2")
    );
    let folder = Folder::new().file("a.log", text);
    let found = folder
        .scan(&["--format", "csv", "a.log"])
        .run()
        .expect_code(0);
    assert_eq!(found.column("src_ip"), ["192.0.2.1", "192.0.2.2"]);
    let found = found.expect_stderr(&["1 of 3 lines", "a.log, line 2, byte "]);
    assert!(found.stderr.len() < 1000, "{} bytes", found.stderr.len());
}

#[test]
fn lines_without_an_address_are_no_pairs() {
    let folder = Folder::new().file("a.log", lines(&["-", "192.0.2.1"]));
    let found = folder.scan(&["a.log"]).run().expect_code(0);
    found.expect_stderr(&["1 of 2 rows could not be used: 1 with no remote_ip (first: row 1)"]);
}
