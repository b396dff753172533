#!/usr/bin/env bash
# Runs every fuzz target, or those named, for SECONDS each (60 unless set): scripts/fuzz.sh [target ...]
# Needs a nightly compiler. What libFuzzer finds on the way is kept in target/fuzz/found, a failing input in
# fuzz/artifacts. Without a nightly compiler, `cargo test --test fuzz_corpus` checks the same on the corpus.
set -euo pipefail
cd "$(dirname "$0")/.."

VERSION=0.13.1
TOOLS=$PWD/target/tools
SECONDS_EACH=${SECONDS_EACH:-60}

if ! cargo +nightly --version >/dev/null 2>&1; then
    echo "fuzz: no nightly compiler: rustup toolchain install nightly, or cargo test --locked --test fuzz_corpus" >&2
    exit 1
fi
if [[ "$("$TOOLS/bin/cargo-fuzz" --version 2>/dev/null)" != "cargo-fuzz $VERSION" ]]; then
    cargo install cargo-fuzz --locked --version "$VERSION" --root "$TOOLS" --target-dir target/tools-build
fi
export PATH="$TOOLS/bin:$PATH"

# The product forbids unsafe code, so the address sanitizer would only make it slow.
fuzz() { cargo +nightly fuzz "$@"; }
OPTIONS=(--sanitizer none --target-dir target/fuzz/build)

fuzz build "${OPTIONS[@]}"
TARGETS=("$@")
if [[ ${#TARGETS[@]} -eq 0 ]]; then
    mapfile -t TARGETS < <(fuzz list)
fi
for target in "${TARGETS[@]}"; do
    found=target/fuzz/found/$target
    mkdir -p "$found"
    echo "fuzz: $target for $SECONDS_EACH seconds"
    # A scan warns on standard error of each line that is not a log line: closed, or the log would be all warnings.
    closed=$([[ $target == scan_lines ]] && echo 2 || echo 0)
    fuzz run "${OPTIONS[@]}" "$target" "$found" "fuzz/corpus/$target" -- -max_total_time="$SECONDS_EACH" \
        -max_len=4096 -timeout=10 -rss_limit_mb=2048 -close_fd_mask="$closed" -print_final_stats=1
done
