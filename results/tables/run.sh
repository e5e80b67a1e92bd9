#!/usr/bin/env bash
# Makes one seed's results on simulated tables: results/tables/run.sh SEED
# Models, tables and logs go to runs/tables-SEED, the numbers to results/tables/seed-SEED. CAMA names the program,
# `target/release/cama` unless given. Models that are there already are used again: after a change of the program, remove
# runs/tables-SEED first.
set -euo pipefail
cd "$(dirname "$0")/../.."
seed=$1
cama=${CAMA:-target/release/cama}
work=runs/tables-$seed
out=$work/numbers
mkdir -p "$work" "$out"

# 8,000 rows to train on, 2,000 to adapt to, 4,000 to judge on; the same rows under every intervention.
sim=$work/clean
[ -d "$sim" ] || "$cama" simulate --out "$sim" --rows 14000 --seed "$seed" -q
train="$sim/table.csv[..8000]" adapt='[8000..10000]' test='[10000..14000]'
graph=(--graph "$sim/graph.dot" --target Y)
judge=(--samples 20 --rule bayes --no-guard --json -q --seed "$seed")
[ -d "$work/model" ] || "$cama" train --data "$train" "${graph[@]}" --out "$work/model" --seed "$seed" 2> "$work/train.log"

# Co-parents shifted, X recomputed (Figure 12a).
shifted=()
for k in -5 -4 -3 -2 -1 0 1 2 3 4 5; do
    [ -d "$work/C$k" ] || "$cama" simulate --from "$sim" --do "C*+=$k" --out "$work/C$k" -q
    shifted+=("$work/C$k/table.csv$test")
done
"$cama" evaluate --model "$work/model" --data "${shifted[@]}" --against mlp,trees "${judge[@]}" > "$out/co-parents.jsonl"

# Children shifted (Figure 12b and its mirror).
"$cama" evaluate --model "$work/model" --data "$sim/table.csv$test" --no-clean --against mlp,trees \
    --manipulate shift:X*:-5..5/1 "${judge[@]}" > "$out/children.jsonl"

# Adapted to each, on other rows without labels; clean rows after it.
for mechanism in per-column latent; do
    : > "$out/children-$mechanism.jsonl"
    for k in -5 -4 -3 -2 -1 1 2 3 4 5; do
        model=$work/$mechanism$k
        [ -d "$model" ] || "$cama" adapt --no-guard --model "$work/model" --data "$sim/table.csv$adapt" --manipulate "shift:X*:$k" \
            --mechanism "$mechanism" --out "$model" --seed "$seed" -q 2>> "$work/adapt.log"
        "$cama" evaluate --model "$model" --data "$sim/table.csv$test" --manipulate "shift:X*:$k" "${judge[@]}" \
            >> "$out/children-$mechanism.jsonl"
    done
done
: > "$out/co-parents-per-column.jsonl"
for k in -5 -3 -1 1 3 5; do
    model=$work/co-parents$k
    [ -d "$model" ] || "$cama" adapt --no-guard --model "$work/model" --data "$work/C$k/table.csv$adapt" --out "$model" \
        --seed "$seed" -q 2>> "$work/adapt.log"
    "$cama" evaluate --model "$model" --data "$work/C$k/table.csv$test" "$sim/table.csv$test" "${judge[@]}" \
        >> "$out/co-parents-per-column.jsonl"
done

# 1 to 5 children declared as co-parents (Figure 14).
: > "$out/misspecified.jsonl"
for n in 1 2 3 4 5; do
    roles=$(for i in $(seq "$n"); do echo "X$i=co-parent"; done)
    model=$work/misspecified$n
    # shellcheck disable=SC2086
    [ -d "$model" ] || "$cama" train --data "$train" "${graph[@]}" --role $roles --out "$model" --seed "$seed" -q
    for part in "${shifted[@]}"; do
        "$cama" evaluate --model "$model" --data "$part" "${judge[@]}" | sed "s/^{/{\"misspecified\":$n,/" \
            >> "$out/misspecified.jsonl"
    done
    "$cama" evaluate --model "$model" --data "$sim/table.csv$test" --no-clean --manipulate shift:X*:-5..5/1 \
        "${judge[@]}" | sed "s/^{/{\"misspecified\":$n,/" >> "$out/misspecified.jsonl"
done

# All numbers at once, or none.
rm -rf "results/tables/seed-$seed"
mv "$out" "results/tables/seed-$seed"
