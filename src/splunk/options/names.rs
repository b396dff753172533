//! The options' names.

/// The options' names, in the order in which messages list them.
pub(super) const NAMES: [&str; 9] = [
    "lookup",
    "window",
    "new",
    "status",
    "output",
    "maxevents",
    "update",
    "seed",
    "publish",
];

/// How much of an unknown name is compared with those of the options: comparing takes memory for each character.
const COMPARED_CHARACTERS: usize = 32;

/// The option called `name`, in any case.
pub(super) fn find(name: &str) -> Option<&'static str> {
    NAMES
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(name))
}

/// The option whose name is most similar to `name`.
pub(super) fn nearest(name: &str) -> &'static str {
    let start: String = name.chars().take(COMPARED_CHARACTERS).collect();
    let start = start.to_lowercase();
    NAMES
        .into_iter()
        .min_by_key(|known| strsim::damerau_levenshtein(known, &start))
        .unwrap_or_default()
}
