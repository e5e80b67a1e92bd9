#!/usr/bin/env bash
# Counts the instructions of every piece of work in benches/src/counted.rs, under valgrind's callgrind, and compares them with
# benches/instructions.csv. How busy a machine is does not change them, so that what became slower shows on any.
#
#     benches/instructions.sh                 all of them; ends with 1 if one takes more than 2% more than in the table
#     benches/instructions.sh NAME…           only these
#     benches/instructions.sh --update        writes the table anew; in a change that is meant to change it
#
# The counts are those of a processor with AVX2: valgrind 3.19 passes that on but not AVX-512, which a program may choose
# outside of it. Another processor, compiler or version of a dependency may need another table.
set -euo pipefail
cd "$(dirname "$0")/.."

update=no
if [ "${1:-}" = --update ]; then update=yes; shift; fi
command -v valgrind >/dev/null || { echo "instructions.sh: valgrind is not installed" >&2; exit 2; }
# With its symbols, which other programs are built without: counting starts and ends with a function by its name.
cargo rustc --release --quiet -p cama-bench --example counted -- -C strip=none
program="${CARGO_TARGET_DIR:-target}/release/examples/counted"
table=benches/instructions.csv
found=$(mktemp -d)
trap 'rm -rf "$found"' EXIT

# The counter runs only within the function `counted`, so that getting ready and warming up are left out.
count() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect='*cama_bench*counted*counted*' \
        "$program" "$1" 2>"$found/log" >/dev/null || { cat "$found/log" >&2; exit 2; }
    sed -n 's/.*Collected *: *\([0-9]*\).*/\1/p' "$found/log"
}

if [ $# -eq 0 ]; then mapfile -t names < <("$program" --list); else names=("$@"); fi
[ $update = no ] || echo "kernel,instructions" >"$found/table"
worse=0
printf '%-32s %16s %16s %9s\n' kernel instructions table change
for name in "${names[@]}"; do
    now=$(count "$name")
    [ "${now:-0}" -gt 0 ] || { echo "instructions.sh: nothing was counted of $name" >&2; exit 2; }
    [ $update = no ] || echo "$name,$now" >>"$found/table"
    before=$(sed -n "s/^$name,//p" "$table" 2>/dev/null || true)
    if [ -z "$before" ]; then
        printf '%-32s %16d %16s %9s\n' "$name" "$now" - new
        continue
    fi
    change=$(awk -v now="$now" -v before="$before" 'BEGIN { printf "%+.2f", 100 * (now / before - 1) }')
    mark=""
    if awk -v change="$change" 'BEGIN { exit !(change > 2) }'; then mark=" MORE"; worse=1; fi
    printf '%-32s %16d %16d %8s%%%s\n' "$name" "$now" "$before" "$change" "$mark"
done
if [ $update = yes ]; then
    # Only what was counted now is replaced.
    if [ $# -gt 0 ] && [ -f "$table" ]; then
        awk -F, 'NR == FNR { now[$1] = $0; next } { print ($1 in now) ? now[$1] : $0; delete now[$1] }
            END { for (name in now) print now[name] }' "$found/table" "$table" >"$found/merged"
        mv "$found/merged" "$table"
    else
        mv "$found/table" "$table"
    fi
    exit 0
fi
if [ $worse = 1 ]; then
    echo "instructions.sh: more instructions than in $table; --update if that is meant" >&2
    exit 1
fi
