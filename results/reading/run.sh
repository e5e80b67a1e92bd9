#!/usr/bin/env bash
# Makes awkward files and asks `cama check`, or `cama graph`, what it understands of them: results/reading.md.
# CAMA names the program, `target/release/cama` unless given. Needs Python 3, and nothing besides.
set -euo pipefail
cd "$(dirname "$0")/../.."
cama=$(realpath "${CAMA:-target/release/cama}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 results/reading/awkward.py "$cama" "$work" > "$work/page.md"
mv "$work/page.md" results/reading.md
