#!/usr/bin/env bash
# Makes data/sachs/pka/ from sachs.csv: PKA in three classes by the tertiles of the unperturbed cells, everything else as
# logarithms, the cells in a random order that is always the same. train.csv has 1,400 unperturbed cells; of each condition
# CONDITION-unlabelled.csv has 350 cells to adapt to, CONDITION-test.csv others (of the unperturbed: none that were trained on).
set -euo pipefail
cd "$(dirname "$0")"
unperturbed='cd3cd28|icam2'
pka=$(awk -F, -v keep="^($unperturbed)\$" 'NR > 1 && $12 ~ keep { print $8 }' sachs.csv | sort -g)
n=$(wc -l <<< "$pka")
low=$(sed -n "$((n / 3))p" <<< "$pka") high=$(sed -n "$((2 * n / 3))p" <<< "$pka")
mkdir -p pka
# Park & Miller's generator, so that every awk draws the same order.
awk -F, -v OFS=, -v low="$low" -v high="$high" '
    BEGIN { x = 7920 }
    NR > 1 {
        for (i = 0; i < 3; i++) x = (x * 16807) % 2147483647
        y = $8 <= low ? "low" : $8 <= high ? "middle" : "high"
        print x, $12, y, log($1), log($2), log($3), log($4), log($5), log($6), log($7), log($9), log($10), log($11)
    }' sachs.csv | sort -t, -k1,1n | cut -d, -f2- > pka/.all
header=pka,raf,mek,plc,pip2,pip3,erk,akt,pkc,p38,jnk
rows() { awk -F, -v keep="^($1)\$" '$1 ~ keep' pka/.all | cut -d, -f2-; }
# part FILE FROM TO: some of the rows on standard input
part() { { echo "$header"; sed -n "$2,$3p"; } > "pka/$1.csv"; }
rows "$unperturbed" | part train 1 1400
rows "$unperturbed" | part unperturbed-unlabelled 1 350
rows "$unperturbed" | part unperturbed-test 1401 '$'
for condition in u0126 akt_inhibitor ly294002 psitectorigenin b2camp pma g0076; do
    rows "$condition" | part "$condition-unlabelled" 1 350
    rows "$condition" | part "$condition-test" 351 '$'
done
rm pka/.all
