#!/usr/bin/env bash
# How the decision to keep an adaptation depends on how many examples there are:
# results/adaptation/sizes.sh SEED MODEL DATA JUDGED OUT SPEC...
# MODEL is adapted to 20, 50, 200 and 2,000 examples of DATA, an IDX or bundled source with 6,000 or more, under each manipulation SPEC,
# to three parts of it that do not overlap (two of 2,000); what is kept is judged on the source JUDGED, manipulated alike.
# One line of CSV an adaptation goes to OUT: spec,examples,part,outcome,before,after. CAMA names the program.
set -euo pipefail
cd "$(dirname "$0")/../.."
seed=$1 model=$2 data=$3 judged=$4 out=$5
shift 5
cama=${CAMA:-target/release/cama}
adapted=$(mktemp -d)
trap 'rm -rf "$adapted"' EXIT

# Accuracy of the default under a manipulation: MODEL SPEC
accuracy() {
    "$cama" evaluate -q --no-clean --model "$1" --data "$judged" --manipulate "$2" --json --seed "$seed" |
        python3 -c 'import json, sys
rows = [json.loads(line) for line in sys.stdin]
print(next(row["accuracy"] for row in rows if row["classifier"] == "product"))'
}

echo spec,examples,part,outcome,before,after > "$out"
for spec in "$@"; do
    before=$(accuracy "$model" "$spec")
    for n in 20 50 200 2000; do
        for part in 0 1 2; do
            [ "$n$part" = 20002 ] && continue
            rm -rf "$adapted/model"
            "$cama" adapt -q --model "$model" --data "$data[$((part * n))..$(((part + 1) * n))]" --manipulate "$spec" \
                --out "$adapted/model" --seed "$seed" 2> /dev/null
            outcome=$(python3 -c 'import json, sys
print(json.load(open(sys.argv[1]))["card"]["adaptations"][-1]["report"]["outcome"])' "$adapted/model/config.json")
            after=$before
            [ "$outcome" = rolled-back ] || after=$(accuracy "$adapted/model" "$spec")
            echo "$spec,$n,$part,$outcome,$before,$after" >> "$out"
        done
    done
done
