#!/usr/bin/env bash
# Makes one seed's results on images: results/adaptation/run.sh SEED FASHION XRAY [DATA...]
# DATA is x-rays, clothes, digits or photographs: the first three unless given.
# FASHION is the folder of Fashion-MNIST's IDX files, XRAY that of PneumoniaMNIST as NPZ: train.npz, test.npz, and gain.npz, the test
# images as 0.5·x + 40 (of 255). The variable PHOTOGRAPHS names the folder of train.npz and test.npz, airplanes and frogs of CIFAR-10.
# Several may run at once, each with other data or another seed.
# Models go to runs/adaptation-SEED, the numbers to results/adaptation/seed-SEED: `train` and every setting at its default, adapted to
# the first 5,000 test images without labels, judged on the next 2,000; X-rays and photographs, which lie sorted by class, to all and on
# all.
# CAMA names the program, cargo's release build unless set.
set -euo pipefail
cd "$(dirname "$0")/../.."
seed=$1 fashion=$2 xray=$3
shift 3
wanted=" ${*:-x-rays clothes digits} "
cama=${CAMA:-target/release/cama}
work=runs/adaptation-$seed out=results/adaptation/seed-$seed
mkdir -p "$work" "$out"

# Raw results name data as this script does, not where it is on this machine.
unplaced() {
    sed -i "s#$fashion/#FASHION/#g; s#$xray/#XRAY/#g; s#${PHOTOGRAPHS:-PHOTOGRAPHS}/#PHOTOGRAPHS/#g; s#$cama #cama #g" "$@"
}

# name, model, data to adapt to, data to judge on, manipulation
one() {
    local adapted=$work/adapted-$1
    "$cama" evaluate -q --no-clean --model "$2" --data "$4" --manipulate "$5" --json --seed "$seed" > "$out/$1-before.jsonl"
    "$cama" adapt -q --force --model "$2" --data "$3" --manipulate "$5" --out "$adapted" --seed "$seed" 2> "$out/$1.log"
    "$cama" evaluate -q --model "$adapted" --data "$4" --manipulate "$5" --json --seed "$seed" > "$out/$1-after.jsonl" 2>> "$out/$1.log"
    cp "$adapted/README.md" "$out/$1.md"
    rm -r "$adapted"
    unplaced "$out/$1"{-before.jsonl,-after.jsonl,.log,.md}
}

train() {
    [ -e "$work/$1/config.json" ] || "$cama" train -q --data "$2" --out "$work/$1" --seed "$seed"
    "$cama" rehearse -q --model "$work/$1" --json > "$out/$1-rehearsal.json"
    unplaced "$out/$1-rehearsal.json"
}

x_rays() {
    train x-rays "$xray/train.npz"
    one x-rays-gain "$work/x-rays" "$xray/gain.npz" "$xray/gain.npz" none
    one x-rays-turned "$work/x-rays" "$xray/test.npz" "$xray/test.npz" rotate:30:30
    one x-rays-none "$work/x-rays" "$xray/test.npz" "$xray/test.npz" none
}

digits() {
    train digits mnist:train
    for spec in none shift-vertical:0.3 shift-vertical:0.5 rotate:60 scale:1.6 shear:0.8 rotate:30+shift-vertical:0.2+contrast:0.2:0.7 \
        noise:0.3 impulse:0.2 blur:2 invert invert-part:0.5 bars:2 scribble:2 ramp:0.5 occlude:0.3 fog:0.7 stripes:3 lines:6 spots:6 \
        shadow:0.7 shift:0.3+invert-part:0.5 rotate:45+ramp:0.5 shift:0.2+noise:0.3; do
        one "digits-${spec//[:+]/-}" "$work/digits" 'mnist:test[..5000]' 'mnist:test[5000..7000]' "$spec"
    done
}

clothes() {
    train clothes "$fashion/train-images-idx3-ubyte.gz"
    local test=$fashion/t10k-images-idx3-ubyte.gz
    for spec in none shift-vertical:0.2 rotate:30 scale:1.4 contrast:0.3:0.7 noise:0.3 invert-part:0.5 bars:2 scribble:2 blur:2 \
        occlude:0.3 fog:0.7 shift:0.2+noise:0.3 rotate:45+ramp:0.5; do
        one "clothes-${spec//[:+]/-}" "$work/clothes" "$test[..5000]" "$test[5000..7000]" "$spec"
    done
}

photographs() {
    train photographs "$PHOTOGRAPHS/train.npz"
    local test=$PHOTOGRAPHS/test.npz
    for spec in none shift:0.2 rotate:30 scale:1.4 contrast:0.3:0.7 contrast:0.5:0.9 noise:0.2 impulse:0.2 blur:2 invert \
        invert-part:0.5 ramp:0.5 shadow:0.7 fog:0.7 fog:0.9 occlude:0.3 bars:2 scribble:2 stripes:3 lines:6 spots:6; do
        one "photographs-${spec//[:+]/-}" "$work/photographs" "$test" "$test" "$spec"
    done
}

if [[ $wanted == *" x-rays "* ]]; then x_rays; fi
if [[ $wanted == *" digits "* ]]; then digits; fi
if [[ $wanted == *" clothes "* ]]; then clothes; fi
if [[ $wanted == *" photographs "* ]]; then photographs; fi
