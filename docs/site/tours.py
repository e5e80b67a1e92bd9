"""Runs the tours as they stand in the pages, and compares what they print with what the pages say.

    python3 docs/site/tours.py [--update]

A block ```console holds commands after `$ ` and what they print. The blocks of all pages run in one folder, which is empty at first, in
order. Numbers may differ by a seventh, as other processors round otherwise and training goes other ways; times may be any. `--update`
writes what was printed into the pages. The program `cama` is that of the repository, which must be built.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
PAGES = HERE / "pages"
TOURS = ["images.md", "tables.md", "classifier.md", "scaling.md"]
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"-?\d+(?:[.,]\d+)*")
#: What depends on the machine and on what else it does.
TIME = re.compile(r"\d+(\.\d+)? (ms|s|seconds|KiB|MiB)\b|\d+(\.\d+)?/s")


def environment() -> dict[str, str]:
    target = Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target")).resolve()
    program = os.environ.get("CAMA", str(target / "release"))
    return os.environ | {"PATH": f"{program}{os.pathsep}{os.environ['PATH']}", "REPOSITORY": str(REPOSITORY)}


def ran(commands: list[str], folder: Path) -> str:
    """The commands and what they print, as in a terminal."""
    lines = []
    for command in commands:
        done = subprocess.run(["bash", "-c", command], cwd=folder, env=environment(), capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"$ {command}\n{done.stdout}{done.stderr}")
        lines += [f"$ {command}", *done.stdout.rstrip().splitlines()]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def commands_of(block: str) -> list[str]:
    """A command goes on where its line ends with a backslash."""
    commands, open_ = [], False
    for line in block.splitlines():
        if line.startswith("$ "):
            commands.append(line[2:])
        elif open_:
            commands[-1] += "\n" + line
        else:
            continue
        open_ = line.endswith("\\")
    return commands


def alike(said: str, printed: str) -> bool:
    """Whether two texts say the same, but for times and the last digits of numbers."""
    said, printed = (TIME.sub("#", text) for text in (said, printed))
    if NUMBER.sub("#", said).split() != NUMBER.sub("#", printed).split():
        return False
    numbers = ([float(number.replace(",", "")) for number in NUMBER.findall(text)] for text in (said, printed))
    return all(abs(a - b) <= 0.15 * max(1.0, abs(a), abs(b)) for a, b in zip(*numbers))


def tour(page: Path, folder: Path, update: bool) -> list[str]:
    """What a page says wrongly."""
    text, problems, new, at = page.read_text(), [], [], 0
    for found in BLOCK.finditer(text):
        block = found[1]
        actual = ran(commands_of(block), folder)
        if not alike(block, actual):
            problems.append(f"{page.name} says\n{block}\nand it printed\n{actual}")
        new.append(text[at : found.start(1)] + actual)
        at = found.end(1)
    if update:
        page.write_text("".join(new) + text[at:])
        return []
    return problems


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--update", action="store_true", help="write what is printed into the pages")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        problems = [problem for page in TOURS for problem in tour(PAGES / page, Path(folder), args.update)]
    if problems:
        sys.exit("\n\n".join(problems) + "\n\nif that is meant to be so: python3 docs/site/tours.py --update")


if __name__ == "__main__":
    main()
