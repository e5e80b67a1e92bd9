#!/usr/bin/env bash
# Makes every figure of results/images.md: about 35 minutes on 2 cores. Models go to runs/, which git ignores;
# what is already there is not made again.
#   results/images/run.sh [SEED]        SEED is 1 unless given
set -euo pipefail
cd "$(dirname "$0")/../.."
seed=${1:-1}
out=results/images/seed-$seed
runs=runs/images-$seed
mkdir -p "$out" "$runs"
cama=${CAMA:-target/release/cama}
[ -x "$cama" ] || cargo build --release
unlabelled='mnist:test[..5000]'
others='mnist:test[5000..]'

# train NAME FLAGS…
train() {
    local name=$1; shift
    [ -e "$runs/$name/config.json" ] && return
    /usr/bin/env time -f '{"what":"'"$name"'","seconds":%e,"peak_kib":%M}' -a -o "$out/time.jsonl" \
        "$cama" train --data mnist:train --seed "$seed" --out "$runs/$name" --force --quiet "$@" >/dev/null
    cp "$runs/$name/log.jsonl" "$out/$name.train.jsonl"
}

# adapt NAME FROM SPEC FLAGS… : adapts, then judges on the manipulation, the ones never adapted to, and clean digits
adapt() {
    local name=$1 from=$2 spec=$3; shift 3
    [ -e "$out/$name.jsonl" ] && return
    /usr/bin/env time -f '{"what":"'"$name"'","seconds":%e,"peak_kib":%M}' -a -o "$out/time.jsonl" \
        "$cama" adapt --model "$runs/$from" --data "$unlabelled" --manipulate "$spec" --seed "$seed" \
        --out "$runs/$name" --force --quiet --no-guard "$@" >/dev/null
    "$cama" info "$runs/$name" --json > "$out/$name.info.json"
    evaluate "$name" "$others" "$spec" ${also-}
}

# evaluate NAME DATA SPEC…
evaluate() {
    local name=$1 data=$2; shift 2
    local specs=(); for spec in "$@"; do specs+=(--manipulate "$spec"); done
    "$cama" evaluate --model "$runs/$name" --data "$data" "${specs[@]}" --samples 10 --seed "$seed" --rule bayes --no-guard --json \
        > "$out/$name.jsonl.part"
    mv "$out/$name.jsonl.part" "$out/$name.jsonl"
}

composition='rotate:30+shift-vertical:0.2+contrast:0.2:0.7'

# 1. Clean training.
train fast --mechanism none
for k in 1 10; do
    [ -e "$out/clean-k$k.jsonl" ] || "$cama" evaluate --model "$runs/fast" --data mnist:test --samples $k \
        --seed "$seed" --rule bayes --no-guard --json > "$out/clean-k$k.jsonl"
done
[ -e "$out/fast.jsonl" ] || evaluate fast "$others" shift-vertical:0.3 shift-horizontal:0.3 shift:0.5 rotate:60 \
    shift-vertical:0.5 contrast:0.35:0.7 "$composition"

# 2. Explicit mechanisms.
also='shift-horizontal:0.3 rotate:60' adapt affine-vertical-0.3 fast shift-vertical:0.3 --mechanism affine
also='shift-vertical:0.3' adapt affine-rotate-60 fast rotate:60 --mechanism affine
also='' adapt affine-vertical-0.5 fast shift-vertical:0.5 --mechanism affine
also='' adapt affine-vertical-0.3-100-images fast shift-vertical:0.3 --mechanism affine --portion 0.02
also='' adapt affine-vertical-0.3-no-dream fast shift-vertical:0.3 --mechanism affine --no-dream
also='' adapt photometric-contrast fast contrast:0.35:0.7 --mechanism photometric
train both
also='shift-horizontal:0.3 rotate:60 contrast:0.35:0.7' adapt both-vertical-0.3 both shift-vertical:0.3
also='' adapt both-rotate-60 both rotate:60
also='' adapt both-contrast both contrast:0.35:0.7
also='' adapt both-composition both "$composition"

# 3. The paper's latent mechanism, clean-trained.
also='shift-horizontal:0.3'
latent() { local name=$1; shift; adapt "latent-$name" fast shift-vertical:0.3 --mechanism latent --steps 200 "$@"; }
latent plain
also=''
latent lr-1e-4 --learning-rate 1e-4
latent lr-3e-3 --learning-rate 3e-3
latent clean-term-null --clean-m null
latent kl-5 --kl-m 5
latent k-5 --samples 5 --batch 24 --steps 100
latent gate --set latent.merge=gate

# … and trained with vertical shifts.
train latent-augmented-add --mechanism latent --manipulated shift-vertical:0.5 --lambda 0.5 --epochs 4
[ -e "$out/latent-augmented-add.jsonl" ] || evaluate latent-augmented-add "$others" \
    shift-vertical:0.3 shift-vertical:0.5 shift-horizontal:0.3 shift-horizontal:0.5
also='' adapt latent-augmented-add-vertical-0.5 latent-augmented-add shift-vertical:0.5
also='' adapt latent-augmented-add-horizontal-0.3 latent-augmented-add shift-horizontal:0.3
