#!/usr/bin/env bash
# Damages the files of every reader and kills commands at random moments: results/damage.md. DAMAGES is how many damages of each
# file are tried (a million unless given: an hour on two cores), and of all files of model folders together; KILLS how often each
# command is killed. What tests say is in runs/damage. Needs Python 3.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=runs/damage
mkdir -p "$out"
rm -f "$out"/*.txt
export CAMA_KILLS=${KILLS:-20}
damages=${DAMAGES:-1000000}
# Files in memory where there are such: each is written once and read once.
if [ -w /dev/shm ]; then
    export TMPDIR=$(mktemp -d /dev/shm/damage.XXXX)
    trap 'rm -rf "$TMPDIR"' EXIT
fi
readers() { cargo test --release --workspace --test it -- --nocapture --test-threads 1 "$@" 2>> "$out/damages.txt"; }
CAMA_DAMAGES=$damages readers readers::damaged --skip damaged_models
# A model is made of what its folder holds, which takes a hundred times as long as to refuse its configuration.
models() { CAMA_DAMAGED=$1 CAMA_DAMAGES=$((damages / $2)) readers readers::damaged_models; }
models json 3
models bytes 5
models safetensors 25
models clean 50
env -u TMPDIR cargo test --release --workspace --test it -- --nocapture --test-threads 1 kill 2> "$out/kills.txt"
python3 results/damage/page.py "$out/damages.txt" "$out/kills.txt" > results/damage.md
