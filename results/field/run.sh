#!/usr/bin/env bash
# Makes one seed's results on damage to parts of images: results/field/run.sh SEED FASHION
# FASHION is the folder of Fashion-MNIST's IDX files. Models go to runs/field-SEED, the numbers to results/field/seed-SEED: a model
# trained with `affine,photometric,field` and every other setting at its default, adapted by 50 steps of Eq. 8 to 300 test images
# without labels, judged on 1,000 others. CAMA names the program, cargo's release build unless set; DATA what is measured,
# `digits clothes` unless set; SPECS what is done to it, everything unless set.
set -euo pipefail
cd "$(dirname "$0")/../.."
seed=$1 fashion=$2
cama=${CAMA:-target/release/cama}
work=runs/field-$seed out=results/field/seed-$seed
mkdir -p "$work" "$out"

# Raw results name data as this script does, not where it is on this machine.
unplaced() {
    sed -i "s#$fashion/#FASHION/#g" "$@"
}

# name of the model, data to adapt to, data to judge on, manipulations
table() {
    local name=$1 adapt=$2 judge=$3 spec file
    shift 3
    for spec in "$@"; do
        file=$out/$name-${spec//[:+]/-}
        [ -e "$file.jsonl" ] && continue
        "$cama" evaluate -q --no-clean --model "$work/$name" --data "$judge" --manipulate "$spec" --json --seed "$seed" \
            > "$file-before.jsonl"
        "$cama" adapt -q --force --model "$work/$name" --data "$adapt" --manipulate "$spec" --steps 50 --out "$work/adapted-$name" \
            --seed "$seed" 2> "$file.log"
        "$cama" evaluate -q --no-clean --model "$work/adapted-$name" --data "$judge" --manipulate "$spec" --json --seed "$seed" \
            > "$file.tmp" 2>> "$file.log"
        "$cama" info "$work/adapted-$name" > "$file.md"
        unplaced "$file-before.jsonl" "$file.tmp" "$file.log" "$file.md"
        mv "$file.tmp" "$file.jsonl"
    done
}

train() {
    [ -e "$work/$1/config.json" ] ||
        "$cama" train -q --data "$2" --mechanism affine,photometric,field --out "$work/$1" --seed "$seed" "${@:3}"
    "$cama" info "$work/$1" --json > "$out/$1.json"
    unplaced "$out/$1.json"
}

parts=(none invert invert-part:0.5 bars:2 noise:0.3 blur:2 impulse:0.2 ramp:0.5 occlude:0.3 scribble:2 fog:0.7 stripes:3 lines:6
    spots:6 shadow:0.7 pixelate:3 jpeg:10)
whole=(shift:0.2 shift:0.3+invert-part:0.5 rotate:45+ramp:0.5 shift:0.2+noise:0.3)
for data in ${DATA:-digits clothes}; do
    case $data in
        digits) train digits mnist:train && test=mnist:test ;;
        clothes) train clothes "$fashion/train-images-idx3-ubyte.gz" && test=$fashion/t10k-images-idx3-ubyte.gz ;;
    esac
    table "$data" "$test[..300]" "$test[5000..6000]" ${SPECS:-"${parts[@]}" "${whole[@]}"}
done
