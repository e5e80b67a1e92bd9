"""Prints the tables of results/adaptation.md: python3 results/adaptation/table.py digits|clothes|x-rays SEED..."""
import json
import pathlib
import sys

here = pathlib.Path(__file__).parent
data, *seeds = sys.argv[1:]


def rows(path):
    return {row["classifier"]: row for row in map(json.loads, open(path)) if "accuracy" in row}


def span(values):
    mean = f"{sum(values) / len(values):.3f}".lstrip("0")
    least, most = (f"{value:.3f}".lstrip("0") for value in (min(values), max(values)))
    return mean if len(values) == 1 else f"{mean} ({least}–{most})"


def outcomes(name):
    kept = [seed for seed in seeds if "nothing was kept" not in (here / f"seed-{seed}/{name}.md").read_text()]
    return "rolled back" if not kept else "adapted" if kept == seeds else f"adapted in {', '.join(kept)}"


print("| what was done | direct classifier alone | default, not adapted | direct classifier, adapted | Bayes, adapted | default, adapted | worst | outcome |")
print("|---|---|---|---|---|---|---|---|")
names = sorted(p.name.removesuffix("-after.jsonl") for p in here.glob(f"seed-{seeds[0]}/{data}-*-after.jsonl"))
for name in names:
    found = [[rows(here / f"seed-{seed}/{name}-{when}.jsonl") for when in ("before", "after")] for seed in seeds]
    of = lambda when, rule: [pair[when][rule]["accuracy"] for pair in found]
    alone, default = of(0, "direct-alone"), of(1, "product")
    worst = min(after - before for after, before in zip(default, alone))
    cells = [span(alone), span(of(0, "product")), span(of(1, "direct")), span(of(1, "bayes")), f"**{span(default)}**", f"{100 * worst:+.1f}", outcomes(name)]
    print("| " + " | ".join([f"`{found[0][0]['direct-alone']['manipulation']}`"] + cells) + " |")
