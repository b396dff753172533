# shellcheck shell=bash
# What the packaging scripts share. Sourced, never run.
#
#     root      the checkout
#     version   the version in Cargo.toml, the only place where it stands
#     SOURCE_DATE_EPOCH   the time of everything in a package: the last commit's, so that two builds are equal

set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$root/Cargo.toml" | head -n 1)
if [ -z "${SOURCE_DATE_EPOCH:-}" ]; then
    # Without a repository: 1980, the first day that every archive format can tell.
    SOURCE_DATE_EPOCH=$(git -C "$root" log -1 --format=%ct 2>/dev/null) || SOURCE_DATE_EPOCH=315532800
fi
export SOURCE_DATE_EPOCH root version

# fail TEXT...: says what is wrong and what to do, and ends the script.
fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# machine_architecture: x86_64 or aarch64.
machine_architecture() {
    case $(uname -m) in
        x86_64 | amd64) echo x86_64 ;;
        aarch64 | arm64) echo aarch64 ;;
        *) fail "expected a machine of the architecture x86_64 or aarch64, found $(uname -m)" ;;
    esac
}

# place_of ARCHITECTURE: where splunkd looks for the binary, inside the app. There is a platform folder for
# x86_64 and none for aarch64.
place_of() {
    case $1 in
        x86_64) echo linux_x86_64/bin/s3newip ;;
        aarch64) echo bin/s3newip ;;
        *) fail "expected the architecture x86_64 or aarch64, found $1" ;;
    esac
}
