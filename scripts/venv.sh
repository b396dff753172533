#!/usr/bin/env bash
# Makes target/venv-<name> from scripts/requirements-<name>.txt, whose hashes pip checks, and prints its path.
#
# usage: scripts/venv.sh NAME

source "$(dirname "$0")/common.sh"
[ $# -eq 1 ] || fail "usage: scripts/venv.sh NAME"
requirements=$root/scripts/requirements-$1.txt
place=$root/target/venv-$1

if ! cmp --silent "$requirements" "$place/made-from"; then
    python3 -m venv --clear "$place" >&2
    "$place/bin/pip" --quiet --disable-pip-version-check install --require-hashes --requirement "$requirements" >&2
    cp "$requirements" "$place/made-from"
fi
echo "$place"
