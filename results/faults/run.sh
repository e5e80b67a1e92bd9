#!/usr/bin/env bash
# Makes the figures of results/faults.md: rows of which some sensors are broken, with and without searching for outliers.
#
#     results/faults/run.sh FOLDER [SEED…]      models and tables go to FOLDER; seeds 1, 2 and 3 unless given
set -euo pipefail
here=$(dirname "$0")
folder=$1; shift
seeds=("$@"); [ ${#seeds[@]} -gt 0 ] || seeds=(1 2 3)
cama=${CAMA:-target/release/cama}
mkdir -p "$folder"

judge() {
    local model=$1 rows=$2
    for table in "$rows"/none.csv "$rows"/swapped-*.csv "$rows"/wild-*.csv; do
        for inference in amortised optimise; do
            "$cama" evaluate --model "$model" --data "$table" --rule bayes --inference $inference --json --quiet
        done
        "$cama" evaluate --model "$model" --data "$table" --rule direct-alone --json --quiet
    done
}

for seed in "${seeds[@]}"; do
    python3 "$here/broken.py" data/gas-drift/batch1.csv gas "$folder/gas-$seed" "$seed"
    "$cama" train --data "$folder/gas-$seed/train.csv" --graph data/gas-drift/graph.dot --target gas --generator factor \
        --out "$folder/gas-model-$seed" --seed "$seed" --quiet --force
    "$cama" bank --model "$folder/gas-model-$seed" --quiet
    judge "$folder/gas-model-$seed" "$folder/gas-$seed" > "$folder/gas-$seed.jsonl"

    "$cama" simulate --out "$folder/simulated" --seed "$seed" --rows 8000 --quiet --force
    python3 "$here/broken.py" "$folder/simulated/table.csv" Y "$folder/simulated-$seed" "$seed"
    "$cama" train --data "$folder/simulated-$seed/train.csv" --graph "$folder/simulated/graph.dot" --target Y --generator network \
        --out "$folder/simulated-model-$seed" --seed "$seed" --quiet --force
    "$cama" bank --model "$folder/simulated-model-$seed" --quiet
    judge "$folder/simulated-model-$seed" "$folder/simulated-$seed" > "$folder/simulated-$seed.jsonl"
done
python3 "$here/table.py" "$folder"
