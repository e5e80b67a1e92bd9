#!/usr/bin/env bash
# Makes one seed's results on drifting gas sensors: results/drift/run.sh SEED FOLDER
# FOLDER holds batch1.csv … batch6.csv of the Gas Sensor Array Drift data (UCI, CC BY 4.0: columns gas, ppm and s1_1 … s16_8) and
# graph.dot, in which gas causes every s*. Models go to runs/drift-SEED, the numbers to results/drift/seed-SEED. CAMA names the
# program, cargo's release build unless set.
set -euo pipefail
cd "$(dirname "$0")/../.."
seed=$1 data=$2
cama=${CAMA:-target/release/cama}
work=runs/drift-$seed out=results/drift/seed-$seed
mkdir -p "$work" "$out"
"$cama" train -q --force --data "$data/batch1.csv" --graph "$data/graph.dot" --target gas --out "$work/model" --seed "$seed"
cp "$work/model/README.md" "$out/model.md"
"$cama" rehearse -q --model "$work/model" --json > "$out/rehearsal.json"
batches=("$data"/batch{2,3,4,5,6}.csv)
"$cama" evaluate -q --model "$work/model" --against standardise-each-batch,mlp,trees --data "${batches[@]}" --json --seed "$seed" \
    > "$out/before.jsonl"
: > "$out/after.jsonl"
for batch in "${batches[@]}"; do
    "$cama" adapt -q --force --model "$work/model" --data "$batch" --out "$work/adapted" --seed "$seed"
    "$cama" evaluate -q --model "$work/adapted" --data "$batch" --json --seed "$seed" >> "$out/after.jsonl"
done
# The same batches as a stream: each state is judged on the batch that it was adapted to last.
"$cama" adapt -q --force --stream --model "$work/model" --data "${batches[@]}" --out "$work/stream" --seed "$seed"
cp "$work/stream/README.md" "$out/stream.md"
: > "$out/stream.jsonl"
for i in "${!batches[@]}"; do
    "$cama" evaluate -q --model "$work/stream/states/00$((i + 1))" --data "${batches[i]}" --json --seed "$seed" >> "$out/stream.jsonl"
done
