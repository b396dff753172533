//! The architecture, tested: a module uses only modules that stand above it in `src/lib.rs` (in `src/splunk/mod.rs` for
//! what belongs to Splunk), no folder has a circle, and the pure modules do no I/O and read no clock.
//!
//! The rule for a folder: no circle among the modules that its `mod.rs` declares. `mod.rs` itself may use them all, and
//! they may use what `mod.rs` defines. A name that `mod.rs` imports or re-exports counts as the module it comes from.
//!
//! Read as text, not as Rust: paths that begin with `crate::` or `super::`. Links of the docs count for the order,
//! not for circles. A path that a macro builds, and a method call on a value, are not seen.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure here is a failed test"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The modules that compute and do nothing else.
const PURE: [&str; 18] = [
    "text",
    "reltime",
    "principal",
    "network",
    "score",
    "allow_list",
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

const IMPURE: [&str; 7] = [
    "std::fs",
    "std::net::Tcp",
    "std::env",
    "SystemTime",
    "Instant::now",
    "stdin()",
    "stdout()",
];

/// Where the order of the modules is binding.
const ORDERED: [&[&str]; 2] = [&[], &["splunk"]];

const VISIBILITY: [&str; 4] = ["", "pub ", "pub(crate) ", "pub(super) "];

/// A module's place in the crate: `["history", "block"]`.
type Place = Vec<String>;

/// The crate: the text of each module without its tests, the root's at the empty place.
struct Crate(BTreeMap<Place, String>);

impl Crate {
    fn library() -> Self {
        Self::read("lib")
    }

    fn binary() -> Self {
        Self::read("main")
    }

    /// The one in `src` whose root is `<root>.rs`.
    fn read(root: &str) -> Self {
        let mut files = Vec::new();
        collect(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
            "",
            &mut files,
        );
        let files = files
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()));
        Self::of_files(root, files)
    }

    /// From paths below `src` and texts.
    fn of_files<'a>(root: &str, files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let modules = files.into_iter().map(|(path, text)| {
            let path = path.trim_end_matches(".rs");
            let mut place: Place = path.split('/').map(str::to_owned).collect();
            if path == root || place.last().is_some_and(|name| name == "mod") {
                place.pop();
            }
            (place, without_tests(text).to_owned())
        });
        Self(modules.collect())
    }

    /// The modules that the one at `place` declares, in its order.
    fn children(&self, place: &[String]) -> Vec<&str> {
        let declared = self.0[place].lines().filter_map(|line| {
            let (visibility, name) = line.split_once("mod ")?;
            let name = VISIBILITY.contains(&visibility).then_some(name)?;
            name.strip_suffix(';')
        });
        declared.collect()
    }

    /// The module at `place` and all below it.
    fn below(&self, place: &[String]) -> impl Iterator<Item = (&Place, &String)> {
        let modules = self.0.iter();
        modules.filter(move |(other, _)| other.starts_with(place))
    }

    /// The names in the scope of `folder` that come from one of its modules, with that module.
    fn imported(&self, folder: &[String]) -> BTreeMap<String, String> {
        let children = self.children(folder);
        let text = &self.0[folder];
        let mut names = BTreeMap::new();
        for (at, word) in text.match_indices("use ") {
            let line = text[..at].rsplit('\n').next().unwrap();
            if !VISIBILITY.contains(&line) {
                continue;
            }
            let tree = &text[at + word.len()..];
            for path in use_tree(tree.trim_start_matches("self::")).0 {
                if let [module, .., name] = &path[..]
                    && children.contains(&module.as_str())
                {
                    names.insert(name.clone(), module.clone());
                }
            }
        }
        names
    }

    /// What each module of `folder`, with those below it, names in that folder: its other modules, and what `mod.rs`
    /// defines.
    fn uses(&self, folder: &[String]) -> Vec<(&str, Vec<String>)> {
        let children = self.children(folder);
        let imported = self.imported(folder);
        let used = |child: &str| {
            let child = [folder, &[child.to_owned()]].concat();
            let paths = self
                .below(&child)
                .flat_map(|(place, text)| mentioned(place, text));
            let mut names: Vec<String> = paths
                .filter_map(|path| path.strip_prefix(folder)?.first().cloned())
                .flat_map(|name| match name.as_str() {
                    "*" => children.iter().map(|child| (*child).to_owned()).collect(),
                    _ => vec![imported.get(&name).cloned().unwrap_or(name)],
                })
                .filter(|name| Some(name) != child.last())
                .collect();
            names.sort();
            names.dedup();
            names
        };
        let children = children.iter();
        children.map(|child| (*child, used(child))).collect()
    }

    /// Uses of a module that stands further down in `folder`, and of one that the crate does not have.
    fn upward(&self, folder: &[String]) -> Vec<String> {
        let children = self.children(folder);
        let mut found = Vec::new();
        for (place, (child, names)) in self.uses(folder).iter().enumerate() {
            for name in names {
                match children.iter().position(|child| child == name) {
                    Some(other) if other > place => {
                        found.push(format!("{child} uses {name}, which stands below it"));
                    }
                    None if folder.is_empty() => {
                        found.push(format!(
                            "{child} uses crate::{name}, which src/lib.rs does not list"
                        ));
                    }
                    _ => {}
                }
            }
        }
        found
    }

    /// The circles among the modules of each folder, by their code alone: `history: block -> table -> block`.
    fn circles(&self) -> Vec<String> {
        let modules = self.0.iter();
        let code = modules.map(|(place, text)| (place.clone(), without_comments(text)));
        let code = Self(code.collect());
        let folders = code
            .0
            .keys()
            .filter(|place| !code.children(place).is_empty());
        let mut found = Vec::new();
        for folder in folders {
            let uses: BTreeMap<_, _> = code.uses(folder).into_iter().collect();
            // Once for each circle: from the module that is first by its name.
            for start in uses.keys() {
                if let Some(circle) = circle_from(start, &uses) {
                    found.push(format!("{}: {}", folder.join("/"), circle.join(" -> ")));
                }
            }
        }
        found
    }
}

/// The shortest way from `start` over modules that are later by their names back to it.
fn circle_from<'a>(start: &'a str, uses: &'a BTreeMap<&str, Vec<String>>) -> Option<Vec<&'a str>> {
    let mut ways = vec![vec![start]];
    let mut met = vec![start];
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            for name in uses.get(way.last()?).into_iter().flatten() {
                if name == start {
                    return Some([&way[..], &[start]].concat());
                }
                if name.as_str() > start && !met.contains(&name.as_str()) {
                    met.push(name);
                    longer.push([&way[..], &[name.as_str()]].concat());
                }
            }
        }
        ways = longer;
    }
    None
}

/// The Rust files below `folder`, by their paths there, with their texts.
fn collect(folder: &Path, prefix: &str, files: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            collect(&path, &format!("{name}/"), files);
        } else if name.ends_with(".rs") {
            files.push((name, fs::read_to_string(path).unwrap()));
        }
    }
}

fn without_tests(file: &str) -> &str {
    let mut attributes = file.match_indices("#[cfg(test)]\n");
    let tests = attributes.find(|(at, attribute)| {
        let next = file[at + attribute.len()..].lines().next();
        next.is_some_and(|line| line.ends_with("mod tests {"))
    });
    tests.map_or(file, |(at, _)| &file[..at])
}

fn without_comments(file: &str) -> String {
    let code = file.split_inclusive('\n');
    code.filter(|line| !line.trim_start().starts_with("//"))
        .collect()
}

/// The paths from the root that `text`, which is the module at `place`, mentions.
fn mentioned(place: &Place, text: &str) -> Vec<Place> {
    let mut found = Vec::new();
    for root in ["crate::", "super::"] {
        for (at, _) in text.match_indices(root) {
            let part_of_more =
                text[..at].ends_with(|c: char| c.is_alphanumeric() || "_:".contains(c));
            if part_of_more {
                continue;
            }
            for mut path in use_tree(&text[at..]).0 {
                let mut base = if root == "crate::" {
                    Vec::new()
                } else {
                    place.clone()
                };
                while path.first().is_some_and(|word| word == "super") {
                    path.remove(0);
                    base.pop();
                }
                let rest = path
                    .into_iter()
                    .filter(|word| word != "crate" && word != "self");
                found.push(base.into_iter().chain(rest).collect());
            }
        }
    }
    found
}

/// The paths of the tree at the start of `text` (`a::{b, c::d as e}` is a::b and a::c::d, as e), and what follows it.
fn use_tree(text: &str) -> (Vec<Place>, &str) {
    let text = text.trim_start();
    if let Some(mut rest) = text.strip_prefix('{') {
        let mut paths = Vec::new();
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
            if let Some(after) = rest.strip_prefix('}') {
                return (paths, after);
            }
            let (found, after) = use_tree(rest);
            if after.len() == rest.len() {
                return (paths, rest);
            }
            paths.extend(found);
            rest = after;
        }
    }
    let end = text
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    if word.is_empty() {
        return match rest.strip_prefix('*') {
            Some(after) => (vec![vec!["*".to_owned()]], after),
            None => (Vec::new(), rest),
        };
    }
    let word = || word.to_owned();
    if let Some((paths, after)) = rest.strip_prefix("::").map(use_tree)
        && !paths.is_empty()
    {
        let whole = |path: Place| [word()].into_iter().chain(path).collect();
        return (paths.into_iter().map(whole).collect(), after);
    }
    match rest.strip_prefix(" as ") {
        Some(alias) => {
            let (alias, after) = use_tree(alias);
            (
                alias
                    .into_iter()
                    .map(|alias| [vec![word()], alias].concat())
                    .collect(),
                after,
            )
        }
        None => (vec![vec![word()]], rest),
    }
}

#[test]
fn a_module_uses_only_modules_above_it() {
    let library = Crate::library();
    assert!(
        library.children(&[]).len() > 10,
        "src/lib.rs lists the modules"
    );
    for folder in ORDERED {
        let folder: Place = folder.iter().map(|name| (*name).to_owned()).collect();
        assert!(
            !library.children(&folder).is_empty(),
            "{folder:?} lists its modules"
        );
        let upward = library.upward(&folder);
        assert!(upward.is_empty(), "{}", upward.join("\n"));
    }
}

#[test]
fn no_folder_has_a_circle() {
    for package in [Crate::library(), Crate::binary()] {
        let circles = package.circles();
        assert!(circles.is_empty(), "{}", circles.join("\n"));
    }
}

#[test]
fn the_pure_modules_do_no_input_output_and_read_no_clock() {
    let library = Crate::library();
    for module in PURE {
        let place: Place = module.split('/').map(str::to_owned).collect();
        assert!(library.0.contains_key(&place), "there is no {module}");
        for (place, text) in library.below(&place) {
            for word in IMPURE {
                assert!(!text.contains(word), "{} uses {word}", place.join("::"));
            }
        }
    }
}

/// A made-up crate: every file is one line.
fn made_up(files: &[(&str, &str)]) -> Crate {
    Crate::of_files("lib", files.iter().copied())
}

#[test]
fn a_made_up_circle_is_found_however_it_is_spelt() {
    for (one, other) in [
        ("use super::b;", "use super::a;"),
        ("use crate::room::b::B;", "use super::a::A;"),
        (
            "use super::{\n    Local,\n    b::{self, B},\n};",
            "fn f() -> crate::room::a::A {}",
        ),
        ("fn f() { super::b::f::<u8>() }", "use super::Renamed;"),
        ("fn f(b: super::B) {}", "use crate::room::{Local, A};"),
        ("use super::*;", "use super::a;"),
    ] {
        let found = made_up(&[
            ("lib.rs", "pub mod room;"),
            ("room/mod.rs", "mod a;\nmod b;\npub use a::{A, A as Renamed};\npub(crate) use self::b::B;\nstruct Local;"),
            ("room/a.rs", one),
            ("room/b.rs", other),
        ])
        .circles();
        assert_eq!(found, ["room: a -> b -> a"], "{one} {other}");
    }
}

#[test]
fn a_made_up_circle_of_three_is_found_once_and_from_a_folder_below() {
    let found = made_up(&[
        ("lib.rs", "pub mod room;"),
        ("room/mod.rs", "mod a;\nmod b;\nmod c;"),
        ("room/a.rs", "use super::b;"),
        ("room/b/mod.rs", "mod deep;"),
        ("room/b/deep.rs", "use super::super::c;"),
        ("room/c.rs", "use super::a;"),
    ])
    .circles();
    assert_eq!(found, ["room: a -> b -> c -> a"]);
}

#[test]
fn what_is_no_circle_is_not_taken_for_one() {
    let found = made_up(&[
        ("lib.rs", "pub mod room;"),
        (
            "room/mod.rs",
            "mod a;\nmod b;\nuse a::A;\npub struct Local(A);",
        ),
        (
            "room/a.rs",
            "use super::{Local, b};\n#[cfg(test)]\nmod tests {\n    use super::super::b;\n}",
        ),
        (
            "room/b.rs",
            "/// [`super::a`]\nuse super::Local;\n#[cfg(test)]\npub(super) mod tests {\n    use super::super::a;\n}",
        ),
    ])
    .circles();
    assert_eq!(found, [""; 0]);
}

#[test]
fn a_made_up_upward_use_is_found() {
    let made_up = made_up(&[
        ("lib.rs", "pub mod low;\n\npub mod high;"),
        ("low/mod.rs", "mod inner;"),
        ("low/inner.rs", "use crate::{high::High, nowhere::X};"),
        ("high.rs", "use crate::low;"),
    ]);
    let found = made_up.upward(&[]);
    assert_eq!(
        found,
        [
            "low uses high, which stands below it",
            "low uses crate::nowhere, which src/lib.rs does not list"
        ]
    );
}
