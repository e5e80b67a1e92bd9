#!/usr/bin/env python3
"""Prints the tables of results/field.md: results/field/table.py SEED"""
import glob, json, re, sys

folder = f"results/field/seed-{sys.argv[1]}"


def accuracies(path):
    return {row["classifier"]: row["accuracy"] for row in map(json.loads, open(path)) if row["manipulation"] != "" }


for data in ["digits", "clothes"]:
    files = [f for f in glob.glob(f"{folder}/{data}-*.jsonl") if not f.endswith("-before.jsonl")]
    if not files:
        continue
    print(f"\n{data}\n\n| what was done | head alone | Bayes before | head, restored | Bayes after | both | kept |\n|---|---|---|---|---|---|---|")
    for path in files:
        stem = path.removesuffix(".jsonl")
        before, after = accuracies(f"{stem}-before.jsonl"), accuracies(path)
        page = open(f"{stem}.md").read()
        kept = re.search(r"mechanisms: (.*)", page).group(1)
        rolled = "rolled back" in page
        spec = next(json.loads(line)["manipulation"] for line in open(path))
        number = lambda x: f"{x:.3f}".lstrip("0")
        cells = [after["direct-alone"], before["bayes"], after["direct"], after["bayes"], after["product"]]
        print(f"| `{spec}` | " + " | ".join(map(number, cells)) + f" | {'nothing' if rolled else kept} |")
