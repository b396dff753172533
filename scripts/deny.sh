#!/usr/bin/env bash
# Checks licences, bans and sources of all dependencies with cargo-deny, offline. ADVISORIES=1: known vulnerabilities
# too, which takes a connection.
set -euo pipefail
cd "$(dirname "$0")/.."

VERSION=0.20.2
TOOLS=$PWD/target/tools

if [[ "$("$TOOLS/bin/cargo-deny" --version 2>/dev/null)" != "cargo-deny $VERSION" ]]; then
    cargo install cargo-deny --locked --version "$VERSION" --root "$TOOLS" --target-dir target/tools-build
fi
export PATH="$TOOLS/bin:$PATH"

# All dependencies, of every platform: a build fetches only those of its own.
cargo fetch --locked
cargo deny --locked --offline check licenses bans sources
if [[ "${ADVISORIES:-0}" != 0 ]]; then
    cargo deny --locked check advisories
fi
