#!/usr/bin/env bash
# Damages the files of every reader and kills commands at random moments: results/damage.md. DAMAGES is how many damages of each
# file are tried (a million unless given: hours on two cores), KILLS how often each command is killed. Needs Python 3.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
export CAMA_DAMAGES=${DAMAGES:-1000000} CAMA_KILLS=${KILLS:-20}
for crate in cama-causal cama-data cama-onnx; do
    cargo test --release -p "$crate" --test readers -- --nocapture 2>> "$out/damages.txt"
done
cargo test --release -p cama --test it readers -- --nocapture 2>> "$out/damages.txt"
cargo test --release -p cama-cli --test it kill -- --nocapture --test-threads 1 2> "$out/kills.txt"
python3 results/damage/page.py "$out/damages.txt" "$out/kills.txt" > results/damage.md
