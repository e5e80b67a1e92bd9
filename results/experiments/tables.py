"""Tables in Markdown of what `cama experiment` wrote: python3 results/experiments/tables.py RESULTS.json [EXPERIMENT…].

Each value is the mean over the seeds, with the least and the greatest in parentheses where they differ.
"""

import json
import sys


def cell(point):
    values = point["values"]
    mean, low, high = sum(values) / len(values), min(values), max(values)
    return f"{mean:.3f}" if f"{low:.3f}" == f"{high:.3f}" else f"{mean:.3f} ({low:.3f}–{high:.3f})"


def place(panel, x):
    names = panel["x"]["names"]
    return names[int(x)] if names else f"{x:g}"


def panel_in_words(panel):
    xs = sorted({point["x"] for series in panel["series"] for point in series["points"]})
    lines = [f"**{panel['title']}**", "", f"| {panel['x']['label']} | " + " | ".join(place(panel, x) for x in xs) + " |"]
    lines.append("|---" * (len(xs) + 1) + "|")
    for series in panel["series"]:
        at = {point["x"]: cell(point) for point in series["points"]}
        lines.append(f"| {series['name']} | " + " | ".join(at.get(x, "–") for x in xs) + " |")
    return "\n".join(lines)


HOLDS = {"yes": "holds", "partly": "holds partly", "no": "does not hold", "unknown": "not measured"}


def main():
    path, *names = sys.argv[1:]
    for outcome in json.load(open(path))["outcomes"]:
        if names and outcome["name"] not in names:
            continue
        print(f"### {outcome['name']}: {outcome['title']} (seeds {', '.join(map(str, outcome['seeds']))})\n")
        for panel in outcome["panels"]:
            print(panel_in_words(panel), "\n", sep="")
        print("| claim | measured here | |\n|---|---|---|")
        for claim in outcome["claims"]:
            whose = "" if claim["by_paper"] else "ours: "
            print(f"| {whose}{claim['says']} | {claim['numbers']} | {HOLDS[claim['holds']]} |")
        print()
        for warning in outcome["warnings"]:
            print(f"- {warning}")
        print()


main()
