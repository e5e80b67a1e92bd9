"""How far restored parameters are from the truth: parameters.py REPORT.csv SPEC 'NAME=TRUTH;...', one JSON object each."""

import csv
import json
import math
import sys

path, spec, truths = sys.argv[1:]
with open(path) as file:
    rows = list(csv.DictReader(file))
restored = [row for row in rows if row["verdict"] == "restored"]
for name, truth in (pair.split("=") for pair in truths.split(";")):
    truth = float(truth)
    column = next(c for c in rows[0] if c.startswith(name + " ("))
    stated = next(c for c in rows[0] if c.startswith(name + " sd ("))
    pairs = [(float(row[column]), float(row[stated])) for row in restored]
    n = len(pairs)
    print(json.dumps({
        "manipulation": spec,
        "parameter": column,
        "truth": truth,
        "mean": sum(v for v, _ in pairs) / n,
        "root_mean_square_error": math.sqrt(sum((v - truth) ** 2 for v, _ in pairs) / n),
        "mean_stated_sd": sum(sd for _, sd in pairs) / n,
        "within_1.96_sd": sum(abs(v - truth) <= 1.96 * sd for v, sd in pairs) / n,
        "restored": n,
        "images": len(rows),
    }))
