"""Rows of Parquet scored and restored by Ray, beside the program: rows per second, processor time, memory, and whether the result depends on
the number of blocks.

    pip install 'ray[data]'
    python benches/python/ray_rows.py --program target/release/cama [--rows 10000000] [--cpus 2] [--folder FOLDER]

Every step runs in a process of its own. The memory of Ray is the sum of the proportional set sizes of all its processes, its object store
included, looked at twice a second; that of the program its highest resident memory.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

from measured import measured

COLUMNS = 10
IN_A_FILE = 500_000


def rows(n: int, seed: int, drifted: bool):
    import numpy as np
    import pyarrow as pa

    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, n)
    X = np.random.default_rng(0).normal(size=(3, COLUMNS))[y] * 1.5 + rng.normal(size=(n, COLUMNS))
    if drifted:
        X[:, 0], X[:, 3] = X[:, 0] * 2 + 5, X[:, 3] - 4
    return pa.table({"id": np.arange(n) + seed * IN_A_FILE, **{f"x{i}": X[:, i] for i in range(COLUMNS)}}), y


def prepare(folder: Path, n: int) -> None:
    import pyarrow.dataset
    import pyarrow.parquet

    from cama import CamaClassifier

    X, y = rows(5000, 10**6, False)
    effects = [f"x{i}" for i in range(COLUMNS)]
    clf = CamaClassifier(graph={"children": effects}, target="y", generator="factor", random_state=0).fit(X, y)
    (folder / "rows").mkdir()
    writer = None
    for seed, first in enumerate(range(0, n, IN_A_FILE)):
        table, _ = rows(min(IN_A_FILE, n - first), seed, True)
        writer = writer or pyarrow.parquet.ParquetWriter(folder / "rows.parquet", table.schema)
        writer.write_table(table)
        pyarrow.parquet.write_table(table, folder / "rows" / f"{seed:04}.parquet")
    writer.close()
    adapted = clf.adapt(rows(5000, 10**6 + 1, True)[0])
    print(json.dumps({"outcome": adapted.adaptation_.outcome}))
    adapted.save(folder / "model")


def by_ray(folder: Path, cpus: int, blocks: int, out: str) -> None:
    """Scores and restores all rows, and prints what it took."""
    import ray

    from cama import Predict, Restore

    ray.init(num_cpus=cpus, include_dashboard=False, logging_level="error", log_to_driver=False)
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    ray.data.DataContext.get_current().enable_progress_bars = False
    start = time.perf_counter()
    peak, stop = [0.0], threading.Event()
    watch = threading.Thread(target=look, args=(peak, stop))
    watch.start()
    data = ray.data.read_parquet(str(folder / "rows"), override_num_blocks=blocks)
    for step in (Predict(folder / "model"), Restore(folder / "model")):
        data = data.map_batches(step, batch_format="pyarrow", batch_size=16_384)
    data.write_parquet(str(folder / out))
    seconds = time.perf_counter() - start
    cpu = sum(sum(times(pid)) for pid in of_ray())
    stop.set()
    watch.join()
    print(json.dumps({"seconds": seconds, "cpu": cpu, "MiB": peak[0]}))


def of_ray() -> list[str]:
    """The processes of this session of Ray: what comes of this one."""
    parents = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            parents[pid] = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()[1]
        except OSError:
            continue
    mine, all_of = str(os.getpid()), []
    for pid in parents:
        at = pid
        while at in parents and at != mine:
            at = parents[at]
        if at == mine:
            all_of.append(pid)
    return all_of


def times(pid: str) -> list[float]:
    """Processor seconds of a process, and of its children that have ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    except OSError:
        return [0.0]
    return [int(field) / os.sysconf("SC_CLK_TCK") for field in fields[11:15]]


def look(peak: list[float], stop: threading.Event) -> None:
    while not stop.wait(0.5):
        total = 0
        for pid in of_ray():
            try:
                lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            except OSError:
                continue
            total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        peak[0] = max(peak[0], total / 1024)


def same(folder: Path, one: str, other: str) -> bool:
    """Whether two results hold the same rows, whatever their order."""
    import pyarrow.dataset

    read = lambda name: pyarrow.dataset.dataset(folder / name, format="parquet").to_table().sort_by("id")  # noqa: E731
    return read(one).equals(read(other))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="target/release/cama")
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--cpus", type=int, default=2)
    parser.add_argument("--blocks", type=int, nargs=2, default=(20, 97))
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--step", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step == "prepare":
        return prepare(options.folder, options.rows)
    if options.step:
        return by_ray(options.folder, options.cpus, int(options.step), f"by-{options.step}")
    folder = options.folder or Path(tempfile.mkdtemp())
    folder.mkdir(exist_ok=True)
    me = [sys.executable, __file__, "--folder", str(folder), "--rows", str(options.rows), "--cpus", str(options.cpus), "--step"]
    print("adaptation:", measured([*me, "prepare"])["outcome"])
    print("| by | seconds | rows a second | seconds of processors | MiB |\n|---|---|---|---|---|")

    def row(name: str, got: dict[str, float]) -> None:
        rate = options.rows / got["seconds"]
        print(f"| {name} | {got['seconds']:.0f} | {rate:,.0f} | {got['cpu']:.0f} | {got['MiB']:.0f} |", flush=True)

    shared = ["--model", str(folder / "model"), "--data", str(folder / "rows.parquet"), "--context", "adapted", "--quiet", "--force"]
    row("the program, predict", measured([options.program, "predict", *shared, "--out", str(folder / "p.csv")]))
    row("the program, restore", measured([options.program, "restore", *shared, "--out", str(folder / "r.parquet"), "--report", str(folder / "m.parquet")]))
    for blocks in options.blocks:
        row(f"Ray, {blocks} blocks, both", measured([*me, str(blocks)]))
    print("the same, whatever the blocks:", same(folder, *(f"by-{blocks}" for blocks in options.blocks)))
    if options.folder is None:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
