#!/usr/bin/env bash
# Tests a package: what is in it, what its searches say, and how the app behaves once it is installed.
#
#     usage: scripts/test-app.sh FILE.tgz [unittest's arguments...]

source "$(dirname "$0")/common.sh"
[ $# -ge 1 ] || fail "usage: scripts/test-app.sh FILE.tgz"
S3NEWIP_PACKAGE=$(realpath "$1")
export S3NEWIP_PACKAGE PYTHONDONTWRITEBYTECODE=1
shift
venv=$("$root/scripts/venv.sh" test)
cd "$root/tests/app"
"$venv/bin/python" -m unittest "$@"
