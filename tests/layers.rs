//! The architecture, tested: the pure rooms do no I/O and read no clock, and a module uses only modules that stand above
//! it in `src/lib.rs`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failure here is a failed test"
)]

use std::fs;
use std::path::{Path, PathBuf};

/// The modules in the order of `src/lib.rs`.
fn modules() -> Vec<String> {
    let lib = fs::read_to_string(source().join("lib.rs")).unwrap();
    let names = lib
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    names.map(str::to_owned).collect()
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The text of a module's files, without their tests.
fn text(module: &str) -> String {
    let file = source().join(format!("{module}.rs"));
    if file.is_file() {
        return without_tests(&fs::read_to_string(file).unwrap()).to_owned();
    }
    let mut text = String::new();
    let mut folders = vec![source().join(module)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                text.push_str(without_tests(&fs::read_to_string(path).unwrap()));
            }
        }
    }
    text
}

fn without_tests(file: &str) -> &str {
    file.split("#[cfg(test)]").next().unwrap()
}

/// The modules that `text` names after `crate::`, in code and in docs.
fn used(text: &str) -> Vec<&str> {
    let names = text.split("crate::").skip(1);
    names
        .filter_map(|rest| {
            rest.split(|c: char| !c.is_alphanumeric() && c != '_')
                .next()
        })
        .collect()
}

#[test]
fn a_module_uses_only_modules_above_it() {
    let modules = modules();
    assert!(modules.len() > 10, "src/lib.rs lists the modules");
    for (place, module) in modules.iter().enumerate() {
        for name in used(&text(module)) {
            let other = modules.iter().position(|module| module == name);
            let other = other.unwrap_or_else(|| {
                panic!("{module} uses crate::{name}, which src/lib.rs does not list")
            });
            assert!(
                other <= place,
                "{module} uses {name}, which stands below it"
            );
        }
    }
}

#[test]
fn the_pure_rooms_do_no_input_output_and_read_no_clock() {
    let pure = [
        "text",
        "accesslog",
        "csv",
        "pair",
        "bloom",
        "rules",
        "access",
        "pairs",
        "splunk/frame",
        "splunk/message",
        "splunk/session_key",
        "splunk/options",
        "detector/fingerprints",
    ];
    for module in pure {
        for forbidden in [
            "std::fs",
            "std::net::Tcp",
            "std::env",
            "SystemTime",
            "Instant::now",
            "stdin()",
            "stdout()",
        ] {
            assert!(
                !text(module).contains(forbidden),
                "{module} uses {forbidden}"
            );
        }
    }
}
