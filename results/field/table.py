#!/usr/bin/env python3
"""Prints the tables of results/field.md: results/field/table.py SEED"""
import glob, json, os, re, sys

folder = f"results/field/seed-{sys.argv[1]}"


def accuracies(path):
    return {row["classifier"]: row["accuracy"] for row in map(json.loads, open(path))}


for data in ["digits", "clothes"]:
    files = [f for f in glob.glob(f"{folder}/{data}-*.jsonl") if not f.endswith("-before.jsonl")]
    files.sort(key=os.path.getmtime)  # In the order of the script.
    if not files:
        continue
    print(f"\n{data}\n\n| what was done | head alone | Bayes before | head, restored | Bayes after | both | kept |\n|---|---|---|---|---|---|---|")
    for path in files:
        stem = path.removesuffix(".jsonl")
        before, after = accuracies(f"{stem}-before.jsonl"), accuracies(path)
        # The log tells of a rollback, the model's page of what was kept.
        rolled = "rolled back" in open(f"{stem}.log").read()
        page = open(f"{stem}.md").read() if os.path.exists(f"{stem}.md") else ""
        kept = (re.search(r"mechanisms: (.*)", page) or re.match("(.*)", "not recorded")).group(1)
        spec = next(json.loads(line)["manipulation"] for line in open(path))
        number = lambda x: f"{x:.3f}".lstrip("0")
        cells = [after["direct-alone"], before["bayes"], after["direct"], after["bayes"], after["product"]]
        print(f"| `{spec}` | " + " | ".join(map(number, cells)) + f" | {'nothing' if rolled else kept} |")
