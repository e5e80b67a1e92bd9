"""Breaks sensors of a table: broken.py TABLE TARGET OUT SEED

Writes OUT/train.csv (70% of the rows, drawn at random) and, of the other rows, OUT/none.csv as they are, OUT/swapped-K.csv, in which K
sensors of each row give what they gave in another row, and OUT/wild-K.csv, in which they give a number of any size and sign. A sensor is
all columns whose names begin alike up to an underscore, or a column alone. Only columns that the graph's target has for children are
sensors: those that begin with `s` or `X`.
"""

import csv
import pathlib
import random
import sys

table, target, out, seed = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3]), int(sys.argv[4])
random.seed(seed)
head, *rows = csv.reader(open(table))
random.shuffle(rows)
cut = len(rows) * 7 // 10
train, held_out = rows[:cut], rows[cut:cut + 500]
out.mkdir(parents=True, exist_ok=True)


def write(name, rows):
    with open(out / name, "w", newline="") as file:
        csv.writer(file).writerows([head, *rows])


write("train.csv", train)
write("none.csv", held_out)
sensors = {}
for i, name in enumerate(head):
    if name != target and name[0] in "sX":
        sensors.setdefault(name.split("_")[0], []).append(i)
for count in (1, 2, 4, 8):
    if count >= len(sensors):
        continue
    for kind in ("swapped", "wild"):
        broken = []
        for row in held_out:
            row = list(row)
            for sensor in random.sample(sorted(sensors), count):
                other = random.choice(train)
                for i in sensors[sensor]:
                    wild = random.choice((-1, 1)) * 10 ** random.uniform(0, 7)
                    row[i] = other[i] if kind == "swapped" else str(wild)
            broken.append(row)
        write(f"{kind}-{count}.csv", broken)
