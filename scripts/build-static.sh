#!/usr/bin/env bash
# Builds one static release binary whose bytes do not depend on the folder of the checkout, and prints its path.
#
#     usage: scripts/build-static.sh x86_64|aarch64
#
# Static: splunkd starts the command with its own libraries in LD_LIBRARY_PATH. Against glibc, not musl, whose memory
# functions are slow. Not position-independent: the app vetting looks at ordinary executables and passes over others,
# and what is inspected should be what is shipped.

source "$(dirname "$0")/common.sh"
architecture=${1:-}
place_of "$architecture" >/dev/null
target=$architecture-unknown-linux-gnu

if [ "$architecture" = aarch64 ] && [ "$(machine_architecture)" = x86_64 ]; then
    "$root/scripts/aarch64-toolchain.sh" >&2
    tools=$root/target/aarch64-toolchain/bin
    export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=$tools/aarch64-linux-gnu-gcc
    export CC_aarch64_unknown_linux_gnu=$tools/aarch64-linux-gnu-gcc AR_aarch64_unknown_linux_gnu=$tools/aarch64-linux-gnu-ar
    if [ -x "$tools/rustc" ]; then
        export RUSTC=$tools/rustc
    fi
elif [ "$architecture" != "$(machine_architecture)" ]; then
    fail "expected to build $architecture on that architecture or on x86_64, found $(machine_architecture)"
fi

flags=(
    -C target-feature=+crt-static
    -C relocation-model=static
    "--remap-path-prefix=$root=/s3newip"
    "--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo"
)
CARGO_ENCODED_RUSTFLAGS=$(IFS=$'\x1f' && echo "${flags[*]}")
export CARGO_ENCODED_RUSTFLAGS
unset RUSTFLAGS
cargo build --manifest-path "$root/Cargo.toml" --release --locked --target "$target" --target-dir "$root/target/static" >&2
echo "$root/target/static/$target/release/s3newip"
