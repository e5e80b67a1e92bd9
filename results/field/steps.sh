#!/usr/bin/env bash
# How long a field should dream of the data at hand: results/field/steps.sh MODEL DATA SEED OUT
# Adapts the model to the first 5,000 images of DATA under each damage with other `adapt.field_steps`, and judges it on the next 2,000.
# One line of JSON a classifier goes to OUT. CAMA names the program, cargo's release build unless set.
set -euo pipefail
model=$1 data=$2 seed=$3 out=$4
cama=${CAMA:-target/release/cama}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for spec in bars:2 scribble:2 stripes:3; do
    for steps in 0 200 600; do
        "$cama" adapt -q --force --model "$model" --data "$data[..5000]" --manipulate "$spec" --set "adapt.field_steps=$steps" \
            --out "$work/adapted" --seed "$seed" 2> /dev/null
        "$cama" evaluate -q --no-clean --model "$work/adapted" --data "$data[5000..7000]" --manipulate "$spec" --json --seed "$seed" 2> /dev/null |
            sed "s#^{#{\"field_steps\":$steps,#; s#\"data\":\"[^\"]*/#\"data\":\"#"
    done
done > "$out"
