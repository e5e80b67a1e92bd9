#!/usr/bin/env bash
# Adapts a model of digits to data that nobody should adapt to blindly: results/adaptation/odd.sh SEED MODEL IMAGES LABELS OUT
# IMAGES and LABELS are MNIST's test digits as IDX files; odd.py says what is made of them. One line of JSON a classifier and data set goes
# to OUT, before and after. CAMA names the program, PYTHON a Python with NumPy.
set -euo pipefail
cd "$(dirname "$0")/../.."
seed=$1 model=$2 images=$3 labels=$4 out=$5
cama=${CAMA:-target/release/cama}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" results/adaptation/odd.py "$images" "$labels" "$work"
for name in mixed single-class poisoned garbage; do
    judge() { "$cama" evaluate -q --model "$1" --data "$work/$name-judged.npz" --json --seed "$seed" |
        sed "s#$work/##; s#^{#{\"when\":\"$2\",#"; }
    judge "$model" before
    "$cama" adapt -q --force --model "$model" --data "$work/$name.npz" --out "$work/adapted" --seed "$seed" 2> /dev/null
    judge "$work/adapted" after
    python3 - "$name" "$work/adapted/config.json" <<'PY'
import json, sys
report = json.load(open(sys.argv[2]))["card"]["adaptations"][-1]["report"]
print(json.dumps({"when": "outcome", "data": sys.argv[1], "outcome": report["outcome"]}))
PY
done > "$out"
