#!/usr/bin/env bash
# Makes the figures of results/attacks.md: digits under attacks that know the defence, by searching z (`--inference optimise`).
#
#     results/attacks/run.sh FOLDER [SEED…]      models and rows go to FOLDER; seeds 1, 2 and 3 unless given
#
# N is how many digits are attacked for each seed: 500, or what the environment says.
set -euo pipefail
folder=$1; shift
seeds=("$@"); [ ${#seeds[@]} -gt 0 ] || seeds=(1 2 3)
n=${N:-500}
cama=${CAMA:-target/release/cama}
mkdir -p "$folder"
judge() { "$cama" evaluate --data "mnist:test[..$n]" --json --quiet --attack-limit "$n" "$@"; }

for seed in "${seeds[@]}"; do
    model=$folder/model-$seed
    [ -e "$model/config.json" ] || "$cama" train --data mnist:train --out "$model" --seed "$seed" --quiet
    [ -e "$model/bank.safetensors" ] || "$cama" bank --model "$model" --quiet
    [ -e "$folder/cnn-$seed" ] || "$cama" baseline --kind cnn --data mnist:train --out "$folder/cnn-$seed" --seed "$seed" --quiet
    [ -e "$folder/adversarial-$seed" ] ||
        "$cama" baseline --kind cnn-adversarial --data mnist:train --out "$folder/adversarial-$seed" --seed "$seed" --quiet
    # Each attack once, and the worst of all of a radius for each digit: away from the class, towards each of the three most
    # probable others, and made on a CNN.
    searched=(--model "$model" --rule bayes --inference optimise --seed "$seed" --attack-worst --against "transfer:$folder/cnn-$seed")
    judge "${searched[@]}" --attack pgd:0.1,0.2 pgd:0.1,0.2:targets=3 pgd:1.5:norm=l2 pgd:1.5:norm=l2:targets=3 \
        pgd:0.3 sparse:12 > "$folder/searched-$seed.jsonl"
    # What there is beside it, under the same attacks: amortised inference, a CNN, one that was trained on attacked digits.
    others=(--seed "$seed" --attack-worst --attack pgd:0.1,0.2,0.3 pgd:0.1,0.2:targets=3 pgd:1.5:norm=l2
        pgd:1.5:norm=l2:targets=3 sparse:12)
    judge --baseline "$folder/cnn-$seed" --baseline "$folder/adversarial-$seed" "${others[@]}" > "$folder/networks-$seed.jsonl"
    judge --model "$model" --rule bayes --samples 1 "${others[@]}" > "$folder/amortised-$seed.jsonl"
done
