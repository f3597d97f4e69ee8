#!/bin/sh
# benches/compare/run.sh [ROWS]: the same rows through Galena, PostgreSQL and SQLite. README.md says what is compared.
# Wants: cargo, python3; a PostgreSQL that `psql` reaches by its PG* environment (a database that may be written to);
# sqlite3 with FTS5.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
rows=${1:-100000}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM

python3 "$here/rows.py" "$rows" >"$work/leads.csv"
echo "$rows rows, $(wc -c <"$work/leads.csv") bytes, $(nproc) cores"

now() { date +%s.%N; }
timed() { # NAME COMMAND...: runs it, prints and keeps the seconds
    name=$1
    shift
    from=$(now)
    "$@" >"$work/$name.log" 2>&1 || {
        echo "$name failed:" >&2
        tail -n 20 "$work/$name.log" >&2
        exit 1
    }
    seconds=$(echo "$(now) $from" | awk '{ printf "%.2f", $1 - $2 }')
    echo "$seconds" >"$work/$name.seconds"
    printf '%-12s %8s s\n' "$name" "$seconds"
}
ratio() {
    [ -f "$work/$1.seconds" ] || return 0
    paste "$work/galena.seconds" "$work/$1.seconds" | awk -v rival="$1" '{ printf "Galena / %-10s %6.2f\n", rival, $1 / $2 }'
}

cargo build --release --locked --manifest-path "$root/Cargo.toml" --bin galena
galena=${CARGO_TARGET_DIR:-$root/target}/release/galena
printf 'not a secret, deleted below\n' >"$work/password"
"$galena" init --data-dir "$work/data" --admin-email bench@agency.example --admin-password-file "$work/password" --json >/dev/null
timed galena "$galena" import "$work/leads.csv" --list bench --data-dir "$work/data" --json

if command -v psql >/dev/null && psql -qc 'select 1' >/dev/null 2>&1; then
    GALENA_COMPARE_FILE=$work/leads.csv
    export GALENA_COMPARE_FILE
    timed postgresql psql -q -v ON_ERROR_STOP=1 -f "$here/postgresql.sql"
else
    echo "postgresql   left out: psql reaches no server"
fi
if command -v sqlite3 >/dev/null; then
    cd "$work"
    timed sqlite sqlite3 -bail "$work/leads.sqlite" ".read $here/sqlite.sql"
else
    echo "sqlite       left out: sqlite3 is not installed"
fi
ratio postgresql
ratio sqlite
