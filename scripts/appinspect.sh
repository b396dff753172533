#!/usr/bin/env bash
# Vets a package with Splunk AppInspect, in an environment of its own.
#
#     usage: scripts/appinspect.sh FILE.tgz

source "$(dirname "$0")/common.sh"
[ $# -eq 1 ] || fail "usage: scripts/appinspect.sh FILE.tgz"
venv=$("$root/scripts/venv.sh" appinspect)
"$venv/bin/python" -c 'import magic' || fail "expected the library libmagic, found none: install it (on Debian, libmagic1)"
"$venv/bin/python" "$root/scripts/appinspect.py" "$1" "$root/target/appinspect"
