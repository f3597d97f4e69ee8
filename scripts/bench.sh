#!/bin/sh
# Criterion benches, then the comparison of benches/compare with PostgreSQL and SQLite.
set -eu

cd "$(dirname "$0")/.."
cargo bench --locked "$@"
benches/compare/run.sh
