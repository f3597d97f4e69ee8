#!/bin/sh
# Runs the demo and writes what it prints into README.md, between the two capture marks. Run it when the demo's output
# changes. GALENA names the binary; a release build shows what the figures are about.
set -eu

cd "$(dirname "$0")/.."
galena=${GALENA:-target/release/galena}
if [ -z "${GALENA:-}" ]; then
    cargo build --locked --release --bin galena
fi

printed=$(mktemp)
trap 'rm -f "$printed" "$printed.md"' EXIT
echo '$ galena demo' >"$printed"
"$galena" demo >>"$printed" 2>&1

awk -v printed="$printed" '
    /^<!-- \/capture -->$/ { inside = 0 }
    !inside { print }
    /^<!-- capture/ {
        inside = 1
        print "```text"
        while ((getline line < printed) > 0) print line
        print "```"
    }
' README.md >"$printed.md"
cat "$printed.md" >README.md
