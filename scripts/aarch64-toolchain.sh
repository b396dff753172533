#!/usr/bin/env bash
# Puts what builds and runs static aarch64 binaries on x86_64 into target/aarch64-toolchain.
#
#     bin/rustc                    only where this machine's Rust has no library for aarch64
#     bin/aarch64-linux-gnu-gcc, bin/aarch64-linux-gnu-ar
#     bin/qemu-aarch64
#
# The packages are Debian's (aarch64-packages.txt), checked by apt as always, and unpacked instead of installed:
# apt works on a configuration and a package list of its own, and nothing on the system changes.

source "$(dirname "$0")/common.sh"
packages=$root/scripts/aarch64-packages.txt
place=$root/target/aarch64-toolchain
stamp=$place/made-from

sets=c
if [ ! -d "$(rustc --print sysroot)/lib/rustlib/aarch64-unknown-linux-gnu/lib" ]; then
    sets='c|rust'
fi
made_from=$(echo "$place $sets" | cat - "$packages" "$0" | sha256sum)
if [ "$(cat "$stamp" 2>/dev/null)" = "$made_from" ]; then
    exit 0
fi
for tool in apt-get dpkg-deb; do
    [ -n "$(command -v "$tool")" ] || fail "expected Debian's $tool, found none: on another system," \
        "build on an aarch64 machine, or see this script for what is needed"
done

rm -rf "$place"
mkdir -p "$place"/{bin,root,packages,apt/sources,apt/lists/partial,apt/cache/archives/partial}
touch "$place/apt/status"
# Debian's own sources alone: other configured sources do not have these packages.
for list in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
    if grep -qsE 'debian-archive-keyring|^deb .*/debian(-security)?/? ' "$list"; then
        cp "$list" "$place/apt/sources/"
    fi
done
cat >"$place/apt/apt.conf" <<CONF
APT::Architecture "amd64";
APT::Architectures { "amd64"; "arm64"; };
APT::Sandbox::User "$(id -un)";
Acquire::Languages "none";
Acquire::Retries "3";
Dir::Cache "$place/apt/cache";
Dir::Etc::SourceList "/dev/null";
Dir::Etc::SourceParts "$place/apt/sources";
Dir::State "$place/apt";
Dir::State::lists "$place/apt/lists";
Dir::State::status "$place/apt/status";
CONF
export APT_CONFIG=$place/apt/apt.conf

# offered PACKAGE[=VERSION]: whether the archive has it.
offered() {
    [ -n "$(apt-cache show "$1" 2>/dev/null)" ]
}

# needed_by PACKAGE PATTERN: the package of that name pattern that PACKAGE depends on.
needed_by() {
    apt-cache depends "$1" | sed -n "s/^ *Depends: \\($2\\)\$/\\1/p" | head -n 1
}

# choose PACKAGE VERSION: what to ask apt for where not every version is offered any more: that version, else the
# archive's. Two names carry a version themselves and move with the compiler.
choose() {
    local name=$1
    if offered "$name=$2"; then
        echo "$name=$2"
        return
    fi
    case $name in
        libstd-rust-web-[0-9]*) name=$(needed_by libstd-rust-web-dev 'libstd-rust-web-[0-9.]*') ;;
        libllvm*) name=$(needed_by "$(needed_by libstd-rust-web-dev 'libstd-rust-web-[0-9.]*')" 'libllvm[0-9]*') ;;
    esac
    offered "$name" || fail "expected the package ${name:-$1} in Debian's archive, found none"
    echo "aarch64-toolchain.sh: $1 $2 is no longer offered, taking the archive's $name" >&2
    echo "$name"
}

echo "aarch64-toolchain.sh: fetching the packages into $place" >&2
apt-get -q=2 update >&2
mapfile -t wanted < <(grep -E "^($sets) " "$packages" | cut -d ' ' -f 2-)
cd "$place/packages"
if ! apt-get -q=2 download "${wanted[@]/ /=}" 2>/dev/null; then
    chosen=()
    for line in "${wanted[@]}"; do
        chosen+=("$(choose "${line% *}" "${line#* }")")
    done
    apt-get -q=2 download "${chosen[@]}" >&2
fi
for package in "$place"/packages/*.deb; do
    dpkg-deb --fsys-tarfile "$package" | tar --extract --directory="$place/root" --exclude='./usr/share/*' \
        --exclude='./usr/bin/qemu-[!a]*' --exclude='./usr/bin/qemu-a[!a]*' --exclude='./usr/bin/qemu-aarch64_be*'
done
cd "$root"
rm -rf "$place/packages" "$place/apt"

# wrap NAME PROGRAM: bin/NAME runs root/usr/bin/PROGRAM with its own libraries.
wrap() {
    cat >"$place/bin/$1" <<WRAPPER
#!/bin/sh
root='$place/root/usr'
PATH="\$root/bin:\$PATH" LD_LIBRARY_PATH="\$root/lib/x86_64-linux-gnu" exec "\$root/bin/$2" "\$@"
WRAPPER
    chmod +x "$place/bin/$1"
}
wrap aarch64-linux-gnu-gcc aarch64-linux-gnu-gcc-12
wrap aarch64-linux-gnu-ar aarch64-linux-gnu-ar
ln -s ../root/usr/bin/qemu-aarch64-static "$place/bin/qemu-aarch64"
if [[ rust =~ ^($sets)$ ]]; then
    wrap rustc rustc
fi

# A first program, through compiler, linker and emulator, before anything relies on them.
rustc=rustc
if [ -x "$place/bin/rustc" ]; then
    rustc=$place/bin/rustc
fi
echo 'fn main() { println!("works"); }' >"$place/first.rs"
"$rustc" --target aarch64-unknown-linux-gnu -C target-feature=+crt-static -C linker="$place/bin/aarch64-linux-gnu-gcc" \
    -o "$place/first" "$place/first.rs"
[ "$("$place/bin/qemu-aarch64" "$place/first")" = works ] || fail "the first aarch64 program did not run in the emulator"
rm "$place/first" "$place/first.rs"
echo "$made_from" >"$stamp"
echo "aarch64-toolchain.sh: $("$rustc" --version)" >&2
