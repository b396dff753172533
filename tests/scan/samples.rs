//! The project's own samples, and an hour of real traffic.

use std::path::Path;

use crate::folder::Folder;

/// The samples' folder.
fn samples() -> String {
    concat!(env!("CARGO_MANIFEST_DIR"), "/samples").to_owned()
}

/// The table of samples/README.md: bucket, address, first access in RFC 3339, number of accesses.
fn documented() -> Vec<[String; 4]> {
    let text = std::fs::read_to_string(samples() + "/README.md").unwrap();
    let rows = text.lines().filter(|row| row.starts_with("| orchard-"));
    let cells =
        |row: &str| -> Vec<String> { row.split('|').map(|cell| cell.trim().to_owned()).collect() };
    let pair = |row: &str| match cells(row).as_slice() {
        [_, bucket, ip, first, accesses, ..] => {
            let first = first.replace(' ', "T") + "Z";
            [bucket.clone(), ip.clone(), first, accesses.clone()]
        }
        _ => panic!("{row}"),
    };
    rows.map(pair).collect()
}

#[test]
fn the_samples_have_the_new_pairs_that_their_readme_lists() {
    let folder = Folder::new();
    let logs = |day: &str| format!("{}/access-logs/{day}", samples());
    let older = ["2026-03-02", "2026-03-03", "2026-03-04", "2026-03-05"].map(logs);
    let mut learn = vec!["--seed", "--format", "csv"];
    learn.extend(older.iter().map(String::as_str));
    let learnt = folder.scan(&learn).run().expect_code(0);
    assert_eq!(learnt.column("pairs_total"), ["14"]);

    let found = folder
        .scan(&["--output", "pairs", "--format", "csv", &logs("today")])
        .run();
    let found = found
        .expect_code(0)
        .expect_stderr(&["1 of ", " lines are no S3 access log lines"])
        .expect_stderr(&["1 of 131 successful accesses have an ambiguous status"]);
    let columns = ["bucket_name", "src_ip", "firstTime", "count"].map(|name| found.column(name));
    let pairs: Vec<_> = (0..columns[0].len())
        .map(|row| columns.each_ref().map(|column| column[row].clone()))
        .collect();
    assert_eq!(pairs, documented());
    assert_eq!(pairs.len(), 10);

    let again = folder.scan(&["--format", "csv", &logs("today")]).run();
    assert_eq!(again.expect_code(0).rows().len(), 1, "the header alone");
}

/// The log is not ours to hand on: `S3NEWIP_S3_SAMPLES` names a folder that has it.
#[test]
fn an_hour_of_real_traffic_has_30_new_pairs_and_11_with_status_200() {
    let variable = "S3NEWIP_S3_SAMPLES";
    let Some(samples) = std::env::var_os(variable) else {
        println!("skipped: {variable} does not name a folder of S3 access logs");
        return;
    };
    let hour = Path::new(&samples).join("s3_rotemfogel__s3-access-logs-parser.log");
    if !hour.is_file() {
        println!("skipped: there is no {}", hour.display());
        return;
    }
    let pairs = |options: &[&str]| {
        let arguments = [&["--output", "pairs", "--format", "csv"], options].concat();
        let found = Folder::new()
            .scan(&arguments)
            .argument(hour.as_os_str())
            .run();
        found.expect_code(0).rows().len() - 1
    };
    assert_eq!(pairs(&[]), 30);
    assert_eq!(pairs(&["--status", "200"]), 11);
}
