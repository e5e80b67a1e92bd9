#!/usr/bin/env bash
# What small tables come to: results/adaptation/small.sh TRAIN JUDGED GRAPH TARGET OUT [FLAG...]
# A model of each of the seeds 1, 2 and 3 is trained on TRAIN with every setting at its default, judged on JUDGED (CSV, as it is or .gz), adapted
# to JUDGED without labels, and judged again. A line of CSV for each goes to OUT. FLAGs, such as `--missing impute`, are given to every
# command. CAMA names the program.
set -Eeuo pipefail
train=$1 judged=$2 graph=$3 target=$4 out=$5
shift 5
root=$(dirname "$0")/../..
cama=${CAMA:-$root/target/release/cama}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

echo seed,generator,when,direct-alone,bayes,default > "$out"
trap 'cat "$work/log" >&2' ERR
for seed in 1 2 3; do
    rm -rf "$work/before" "$work/after"
    "$cama" train -q --data "$train" --graph "$graph" --target "$target" "$@" --out "$work/before" --force --seed "$seed"
    "$cama" adapt -q --model "$work/before" --data "$judged" "$@" --out "$work/after" --force --seed "$seed"
    for when in before after; do
        model=$work/$when
        "$cama" predict -q --model "$model" --data "$judged" "$@" --out "$work/default.csv" --force --seed "$seed"
        "$cama" evaluate -q --model "$model" --data "$judged" "$@" --json --seed "$seed" |
            python3 "$root/results/adaptation/small.py" "$seed" $when "$model" "$work/default.csv" "$judged" "$target" >> "$out"
    done
done 2> "$work/log"
