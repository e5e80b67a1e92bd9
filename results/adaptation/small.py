"""A line of results/adaptation/small.sh, of what `cama evaluate --json` says and of what `cama predict` gives by default:
python3 results/adaptation/small.py SEED WHEN MODEL PREDICTIONS JUDGED TARGET"""
import csv
import gzip
import json
import sys

seed, when, model, predictions, judged, target = sys.argv[1:]
generator = json.load(open(f"{model}/config.json"))["model"].get("generator", "network")
generator = generator if isinstance(generator, str) else next(iter(generator))
found = {row["classifier"]: row["accuracy"] for row in map(json.loads, sys.stdin)}
with (gzip.open if judged.endswith(".gz") else open)(judged, "rt") as file:
    labels = [row[target] for row in csv.DictReader(file)]
with open(predictions) as file:
    right = [row["class"] == labels[int(row["index"])] for row in csv.DictReader(file)]
print(seed, generator, when, *(f"{found[rule]:.4f}" for rule in ("direct-alone", "bayes")), f"{sum(right) / len(right):.4f}", sep=",")
