#!/bin/sh
# Sees to it that Galena can be built: a Rust that is new enough, and a C compiler and linker.
# Installs the latter from Debian's packages when it is missing and we may; does nothing when all is there.
set -eu

cd "$(dirname "$0")/.."
needed=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)

no_rust() {
    cat >&2 <<MESSAGE
Galena needs Rust $needed or newer; $1.

Debian 12's own rustc is too old. Install the current one for your user, with no root needed:

    curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh
    . "\$HOME/.cargo/env"

or, where rustup is already there:  rustup update stable
MESSAGE
    exit 1
}

command -v cargo >/dev/null || no_rust "no cargo was found"
found=$(rustc --version 2>/dev/null | cut -d' ' -f2 | cut -d- -f1)
[ -n "$found" ] || no_rust "rustc does not run"
oldest=$(printf '%s\n%s\n' "$needed" "$found" | sort -V | head -n1)
[ "$oldest" = "$needed" ] || no_rust "this is $found"

if ! command -v cc >/dev/null; then
    echo "No C compiler and linker found: installing Debian's package build-essential." >&2
    if ! command -v apt-get >/dev/null; then
        echo "There is no apt-get here. Please install a C compiler (cc) and start again." >&2
        exit 1
    fi
    if [ "$(id -u)" = 0 ]; then as_root=; else as_root=sudo; fi
    if [ -n "$as_root" ] && ! command -v sudo >/dev/null; then
        echo "Please run as root: apt-get install build-essential" >&2
        exit 1
    fi
    $as_root apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install --yes --no-install-recommends build-essential
fi
