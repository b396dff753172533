#!/usr/bin/env bash
# Tests the package of `make dist` with both of its binaries: the app's tests, and the black-box tests of the protocol
# and of publishing through splunkd, against its stand-in; those that trace system calls or take long run on the machine's own binary (make test). The aarch64 binary runs under qemu on x86_64.
#
#     usage: scripts/test-dist.sh FILE.tgz

source "$(dirname "$0")/common.sh"
[ $# -eq 1 ] || fail "usage: scripts/test-dist.sh FILE.tgz"
unpacked=$root/target/test-dist
emulator=$root/target/aarch64-toolchain/bin/qemu-aarch64

S3NEWIP_TEST_RUNNER=$emulator "$root/scripts/test-app.sh" "$1"
rm -rf "$unpacked"
mkdir -p "$unpacked"
tar --extract --file="$1" --directory="$unpacked"
for architecture in x86_64 aarch64; do
    runner=
    if [ "$architecture" != "$(machine_architecture)" ]; then
        runner=$emulator
    fi
    echo "The stand-in with the package's binary for $architecture:"
    (cd "$root" && S3NEWIP_TEST_BINARY=$unpacked/s3newip/$(place_of "$architecture") S3NEWIP_TEST_RUNNER=$runner \
        S3NEWIP_TEST_TIMEOUT=120 cargo test --locked --test protocol --test options --test rows --test results --test columns --test history \
        --test cancel --test hostile --test rest)
done
