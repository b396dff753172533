#!/usr/bin/env bash
# Packs an app's folder into a .tgz whose bytes depend on the folder's content alone, and writes its sha256 beside it.
#
#     usage: scripts/pack.sh FOLDER FILE.tgz

source "$(dirname "$0")/common.sh"
[ $# -eq 2 ] || fail "usage: scripts/pack.sh FOLDER FILE.tgz"

mkdir -p "$(dirname "$2")"
tar --create --directory="$(dirname "$1")" --format=ustar --sort=name --mtime="@$SOURCE_DATE_EPOCH" \
    --owner=0 --group=0 --numeric-owner "$(basename "$1")" | gzip --no-name --best >"$2"
(cd "$(dirname "$2")" && sha256sum "$(basename "$2")" >"$(basename "$2").sha256")
