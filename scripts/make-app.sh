#!/usr/bin/env bash
# Lays out the app's folder: app/ with the version filled in, and the binaries in their places.
#
#     usage: scripts/make-app.sh FOLDER ARCHITECTURE=BINARY...
#
#     scripts/make-app.sh target/app/s3newip x86_64=target/release/s3newip
#
# Modes are set here, not inherited: 0755 for folders and binaries, 0644 for everything else.

source "$(dirname "$0")/common.sh"
[ $# -ge 2 ] || fail "usage: scripts/make-app.sh FOLDER ARCHITECTURE=BINARY..."
folder=$1
shift
[ "${folder##*/}" = s3newip ] || fail "expected a folder named s3newip, the app's id, found $folder"

rm -rf "${folder:?}"
mkdir -p "$folder"
cp -r "$root/app/." "$root/LICENSE" "$folder/"
rm -r "${folder:?}/bin"
sed -i "s/{{version}}/$version/g" "$folder/default/app.conf" "$folder/app.manifest"

executables=()
for pair in "$@"; do
    executable=$folder/$(place_of "${pair%%=*}")
    mkdir -p "$(dirname "$executable")"
    cp "${pair#*=}" "$executable"
    executables+=("$executable")
done
find "$folder" -type d -exec chmod 0755 {} +
find "$folder" -type f -exec chmod 0644 {} +
chmod 0755 "${executables[@]}"
