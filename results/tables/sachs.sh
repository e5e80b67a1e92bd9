#!/usr/bin/env bash
# Makes one seed's results on the cells of Sachs et al.: results/tables/sachs.sh SEED
# Tables, models and logs go to runs/sachs-SEED, the numbers to results/tables/sachs/seed-SEED.jsonl. CAMA names the
# program, `target/release/cama` unless given. Models that are there already are used again: after a change of the
# program, remove runs/sachs-SEED first.
set -euo pipefail
cd "$(dirname "$0")/../.."
seed=$1
cama=${CAMA:-target/release/cama}
work=runs/sachs-$seed
out=results/tables/sachs
mkdir -p "$work" "$out"
data=data/sachs/sachs.csv
unperturbed='cd3cd28|icam2'

# PKA in three classes by the tertiles of the unperturbed conditions; everything else as logarithms.
pka=$(awk -F, -v keep="^($unperturbed)\$" 'NR > 1 && $12 ~ keep { print $8 }' $data | sort -g)
n=$(wc -l <<< "$pka")
low=$(sed -n "$((n / 3))p" <<< "$pka") high=$(sed -n "$((2 * n / 3))p" <<< "$pka")
# Cells in an order drawn by the seed (Park & Miller's generator, so that every awk draws the same).
awk -F, -v OFS=, -v low="$low" -v high="$high" -v seed="$seed" '
    BEGIN { x = 1 + seed * 7919 }
    NR == 1 { print "0,pka,condition,raf,mek,plc,pip2,pip3,erk,akt,pkc,p38,jnk"; next }
    {
        for (i = 0; i < 3; i++) x = (x * 16807) % 2147483647
        y = $8 <= low ? "low" : $8 <= high ? "middle" : "high"
        print x, y, $12, log($1), log($2), log($3), log($4), log($5), log($6), log($7), log($9), log($10), log($11)
    }' $data | { read -r header; echo "${header#0,}"; sort -t, -k1,1n | cut -d, -f2-; } > "$work/cells.csv"
rows() { awk -F, -v keep="^($1)\$" 'NR == 1 || $2 ~ keep' "$work/cells.csv"; }
rows "$unperturbed" > "$work/unperturbed.csv"
train="$work/unperturbed.csv[..1400]"

[ -d "$work/model" ] || "$cama" train --data "$train" --graph data/sachs/sachs.dot --target pka --out "$work/model" \
    --seed "$seed" --epochs 200 --patience 20 -q 2> "$work/train.log"
judge=(--samples 50 --rule bayes --no-guard --json -q --seed "$seed")
label() { sed "s/^{/{\"condition\":\"$1\",\"model\":\"$2\",/"; }
parts=()
for condition in u0126 akt_inhibitor ly294002 psitectorigenin b2camp pma g0076; do
    rows "$condition" > "$work/$condition.csv"
    parts+=("$work/$condition.csv[350..]")
done
{
    "$cama" evaluate --model "$work/model" --data "$work/unperturbed.csv[1400..]" "${parts[@]}" --against mlp,trees \
        "${judge[@]}" | sed -E 's|^\{"data":"[^"]*/([a-z0-9_]*)\.csv|{"condition":"\1","model":"trained","data":"\1.csv|'
    for condition in u0126 akt_inhibitor ly294002 psitectorigenin b2camp pma g0076; do
        for mechanism in per-column latent; do
            model=$work/$condition-$mechanism
            [ -d "$model" ] || "$cama" adapt --no-guard --model "$work/model" --data "$work/$condition.csv[..350]" \
                --mechanism "$mechanism" --out "$model" --seed "$seed" -q 2>> "$work/adapt.log"
            "$cama" evaluate --model "$model" --data "$work/$condition.csv[350..]" "${judge[@]}" |
                label "$condition" "$mechanism"
            "$cama" evaluate --model "$model" --data "$work/unperturbed.csv[1400..]" "${judge[@]}" |
                label unperturbed "$mechanism after $condition"
        done
    done
} > "$work/numbers.jsonl"
mv "$work/numbers.jsonl" "$out/seed-$seed.jsonl"
