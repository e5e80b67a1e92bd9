"""Prints the tables of results/faults.md: table.py FOLDER"""

import collections
import json
import pathlib
import statistics
import sys

for kind in ("gas", "simulated"):
    found = collections.defaultdict(lambda: collections.defaultdict(list))
    for path in sorted(pathlib.Path(sys.argv[1]).glob(f"{kind}-[0-9]*.jsonl")):
        seen = collections.Counter()
        for line in open(path):
            row = json.loads(line)
            name = pathlib.Path(row["data"]).stem
            way = "direct" if row["classifier"] == "direct-alone" else ("amortised", "searched")[seen[name]]
            seen[name] += row["classifier"] == "bayes"
            found[name][way].append(row["accuracy"])
    print(f"\n{kind}\n\n| broken | direct classifier | Bayes' rule | outliers searched |\n|---|---|---|---|")
    for name, ways in found.items():
        cells = [
            f"{statistics.mean(ways[way]):.3f} ({min(ways[way]):.3f}–{max(ways[way]):.3f})"
            for way in ("direct", "amortised", "searched")
        ]
        print(f"| {name} | {' | '.join(cells)} |")
