#!/bin/sh
# The whole proof, in the order in which it is cheapest to fail. `make test` and .ci/run call nothing else.
set -eu

cd "$(dirname "$0")/.."
started=$(date +%s)

step() {
    echo
    echo "== $1 ($(($(date +%s) - started)) s)"
}

step "toolchain"
scripts/toolchain.sh
for part in rustfmt clippy; do
    if ! cargo "$(echo $part | sed s/rustfmt/fmt/)" --version >/dev/null 2>&1; then
        echo "Missing $part: installing it with rustup." >&2
        rustup component add "$part"
    fi
done
if ! cargo nextest --version >/dev/null 2>&1; then
    echo "Missing cargo-nextest (the test runner): building it once with cargo install."
    cargo install --locked cargo-nextest || echo "It could not be built; cargo test will do."
fi

step "format"
cargo fmt --check

step "clippy, warnings are errors"
cargo clippy --locked --all-targets -- -D warnings

step "tests"
if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run --locked --profile ci --lib --bins --test suite
else
    cargo test --locked --lib --bins --test suite
fi

step "chaos: the real binary, killed under load"
cargo test --locked --test chaos

step "demo: every count it prints agrees with the check"
cargo run --locked --quiet -- demo --json

step "all is proved"
