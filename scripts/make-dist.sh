#!/usr/bin/env bash
# Builds the app for both architectures and packs it: dist/s3newip-<version>.tgz and its sha256.

source "$(dirname "$0")/common.sh"
binaries=()
for architecture in x86_64 aarch64; do
    binary=$("$root/scripts/build-static.sh" "$architecture")
    binaries+=("$architecture=$binary")
done
"$root/scripts/make-app.sh" "$root/target/dist/s3newip" "${binaries[@]}"
"$root/scripts/pack.sh" "$root/target/dist/s3newip" "$root/dist/s3newip-$version.tgz"
cat "$root/dist/s3newip-$version.tgz.sha256"
