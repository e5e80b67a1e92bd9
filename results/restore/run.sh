#!/usr/bin/env bash
# Makes one seed's results on restoration: results/restore/run.sh SEED [PART…], with PART one of inside, outside, streams,
# parameters, tables; all of them unless given.
# Models and logs go to runs/restore, the numbers to results/restore/seed-SEED, one JSON object a line. CAMA names the
# program, `target/release/cama` unless given, THREADS its threads. What is there already is not made again: after a change
# of the program, remove runs/restore and results/restore/seed-* first.
set -euo pipefail
cd "$(dirname "$0")/../.."
seed=$1
shift
parts=${*:-inside outside streams parameters tables}
cama=${CAMA:-target/release/cama}
work=runs/restore/seed-$seed
out=results/restore/seed-$seed
mkdir -p "$work" "$out"
common=(--seed "$seed" -q ${THREADS:+--threads "$THREADS"})
model=runs/restore/model-$seed
[ -d "$model" ] || "$cama" train --data mnist:train --out "$model" "${common[@]}" 2> "$model.log"

# adapt NAME DATA [FLAG…]: adapts the model to unlabelled DATA.
adapt() {
    local name=$1 data=$2
    shift 2
    [ -d "$work/$name" ] || "$cama" adapt --model "$model" --data "$data" --out "$work/$name" "$@" "${common[@]}" \
        2> "$work/$name.log"
}

# judge NAME MODEL [FLAG…]: every way of classifying, K = 4.
judge() {
    local name=$1 from=$2
    shift 2
    [ -f "$out/$name.jsonl" ] && return
    "$cama" evaluate --model "$from" --samples 4 --json "$@" "${common[@]}" > "$out/$name.part"
    mv "$out/$name.part" "$out/$name.jsonl"
}

# both KIND SPEC: adapted to digits under SPEC, judged on others under SPEC and clean.
both() {
    local name=$1-${2//[:+]/_}
    adapt "$name" 'mnist:test[..5000]' --manipulate "$2"
    judge "$name" "$work/$name" --data 'mnist:test[5000..]' --manipulate "$2"
}

for part in $parts; do
    case $part in
    inside)
        for spec in shift-vertical:0.3 shift-vertical:0.5 rotate:60 rotate:30+shift-vertical:0.2+contrast:0.2:0.7 \
            scale:1.6 shear:0.8; do
            both inside "$spec"
        done
        ;;
    outside)
        for spec in blur:2 invert-part:0.5 scribble:2 occlude:0.3 noise:0.3 impulse:0.2 bars:2 invert ramp:0.5; do
            both outside "$spec"
        done
        # A model that was adapted to shifts meets what it never adapted to.
        for spec in blur:2 invert-part:0.5 scribble:2 noise:0.3 bars:2; do
            judge "unadapted-${spec//[:+]/_}" "$work/inside-shift-vertical_0.3" --data 'mnist:test[5000..]' \
                --manipulate "$spec" --no-clean
        done
        "$cama" predict --model "$work/inside-shift-vertical_0.3" --data shapes:1000 --samples 4 --out "$work/shapes.csv" \
            --force "${common[@]}" 2> "$work/shapes.log"
        cut -d, -f5 "$work/shapes.csv" | tail -n +2 | sort | uniq -c | sed 's/^ *\([0-9]*\) \(.*\)/{"data":"shapes:1000","verdict":"\2","n":\1}/' \
            > "$out/shapes.jsonl"
        ;;
    streams)
        streams=runs/restore/streams
        [ -d "$streams" ] || cargo run --release -q -p cama-data --example streams -- "$streams"
        for name in mixed single-class twenty one twenty-clean one-clean; do
            adapt "stream-$name" "$streams/$name.npz"
            judge "stream-$name" "$work/stream-$name" --data "$streams/${name%-clean}-test.npz"
        done
        judge stream-not-adapted "$model" --data "$streams"/{mixed,single-class,twenty,one}-test.npz
        ;;
    parameters)
        : > "$out/parameters.part"
        while read -r spec truths; do
            name=parameters-${spec//[:+=]/_}
            adapt "$name" 'mnist:test[..5000]' --manipulate "$spec"
            [ -f "$work/$name.csv" ] || "$cama" restore --model "$work/$name" --data 'mnist:test[5000..6000]' \
                --manipulate "$spec" --out "$work/$name.npz" --report "$work/$name.csv" --force "${common[@]}" \
                2> "$work/$name-restore.log"
            python3 results/restore/parameters.py "$work/$name.csv" "$spec" "$truths" >> "$out/parameters.part"
        done <<'SPECS'
shift-vertical:=0.2 shift down=5.6;shift right=0;rotation=0
shift-horizontal:=-0.15 shift right=-4.2;shift down=0
rotate:=30 rotation=30;shift down=0
scale:=1.4 width=1.4;height=1.4
shear:=0.5 shear=0.5;rotation=0
contrast:0.2:0.7 gain=0.5;bias=0.2
SPECS
        mv "$out/parameters.part" "$out/parameters.jsonl"
        ;;
    tables)
        sim=$work/table
        [ -d "$sim" ] || "$cama" simulate --out "$sim" --rows 14000 "${common[@]}"
        [ -d "$work/table-model" ] || "$cama" train --data "$sim/table.csv[..8000]" --graph "$sim/graph.dot" --target Y \
            --out "$work/table-model" "${common[@]}" 2> "$work/table-model.log"
        for spec in none shift:X*:1 shift:X*:3 scale:X3:2 noise:X*:1 noise:X*:2 permute:X1 permute:X* constant:X2:0 \
            constant:X*:0; do
            name=table-${spec//[:*]/_}
            [ -d "$work/$name" ] || "$cama" adapt --model "$work/table-model" --data "$sim/table.csv[8000..10000]" \
                --manipulate "$spec" --out "$work/$name" "${common[@]}" 2> "$work/$name.log"
            judge "$name" "$work/$name" --data "$sim/table.csv[10000..14000]" --manipulate "$spec"
        done
        ;;
    esac
done
# What became of every adaptation.
for folder in "$work"/*/; do
    [ -f "$folder/config.json" ] || continue
    python3 - "$folder" <<'PY'
import json, sys, os
card = json.load(open(os.path.join(sys.argv[1], "config.json")))["card"]
for adaptation in card["adaptations"][-1:]:
    print(json.dumps({"adaptation": os.path.basename(sys.argv[1].rstrip("/")), **adaptation}))
PY
done > "$out/adaptations.jsonl"
