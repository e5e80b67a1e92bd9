#!/usr/bin/env bash
# Makes one seed's results on a stream of digits: results/streams/run.sh SEED MODEL
# MODEL is a model of `cama train --data mnist:train`. Manipulations come and go: each of eight data sets is 600 test digits that no
# other has, without labels; the state after each is judged on the same 2,000 others under the same manipulation, beside the model as it
# was trained. Models go to runs/streams-SEED, the numbers to results/streams/seed-SEED. CAMA names the program, cargo's release build unless set.
set -euo pipefail
cd "$(dirname "$0")/../.."
seed=$1 model=$2
cama=${CAMA:-target/release/cama}
work=runs/streams-$seed out=results/streams/seed-$seed
mkdir -p "$work" "$out"
specs=(none rotate:60 rotate:60 shift-vertical:0.3 none bars:2 rotate:60 none)
sets=()
for i in "${!specs[@]}"; do sets+=("mnist:test[$((600 * i))..$((600 * i + 600))]"); done
"$cama" adapt -q --force --stream --model "$model" --data "${sets[@]}" --manipulate "${specs[@]}" --out "$work/stream" --seed "$seed"
cp "$work/stream/README.md" "$out/stream.md"
: > "$out/trained.jsonl"
: > "$out/stream.jsonl"
for i in "${!specs[@]}"; do
    judged=(--data 'mnist:test[5000..7000]' --manipulate "${specs[i]}" --no-clean --json --seed "$seed")
    "$cama" evaluate -q --model "$work/stream/states/trained" "${judged[@]}" >> "$out/trained.jsonl"
    "$cama" evaluate -q --model "$work/stream/states/00$((i + 1))" "${judged[@]}" >> "$out/stream.jsonl"
done
