#!/usr/bin/env bash
# Shows the main job on the made-up logs in samples/: learn from the older days, then look at today.

set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --quiet --locked --release
s3newip=target/release/s3newip
history=target/demo/history.csv
rm -rf target/demo
mkdir -p target/demo

bold=$'\033[1m' plain=$'\033[0m'
[ -t 1 ] || bold='' plain=''
say() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
show() {
    printf '$ %s\n' "$*"
    "$@"
}

say "1. Four days of access logs, learnt into a history"
show $s3newip scan --lookup $history --seed samples/access-logs/2026-*

say "2. Today's logs: who accessed which bucket for the first time?"
show $s3newip scan --lookup $history --max-events 1 samples/access-logs/today

say "3. Once more: nothing is new twice"
show $s3newip scan --lookup $history samples/access-logs/today

cat <<END

What to try next:
  samples/README.md                                   why each of the ten pairs is new, and easy to miss
  $s3newip scan --help                ... --output pairs --format ndjson, --geoip FILE.mmdb
  make app && scripts/as-splunk.py                    the same search as Splunk runs it, through the chunked protocol
  make test                                           all tests
END
