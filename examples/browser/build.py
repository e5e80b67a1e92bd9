"""Builds the page: the restorer of a model, ONNX Runtime for browsers from npm, and digits to start from, in one folder.

    cama train --data mnist:train --out model --mechanism affine,photometric
    python examples/browser/build.py --model model --out page
    python -m http.server --directory page          # and open http://localhost:8000

It needs the program `cama`, npm, and nothing else.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
MNIST = HERE.parents[1] / "data" / "mnist"
RUNTIME = "onnxruntime-web@1.30.0"
#: Of the runtime, what one thread on the CPU needs.
RUNTIME_FILES = ["ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"]
PAGE = ["index.html", "style.css", "app.js", "damage.js", "words.js"]


def restorer(cama: str, model: str, out: Path) -> None:
    """The network with the direct classifier, and what it says of itself."""
    command = [cama, "export", "--model", model, "--onnx", out / "restorer.onnx", "--with-classifier", "--m", "mean", "--json"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if json.loads(said)["images"] | {"channels": 1, "height": 28, "width": 28} != json.loads(said)["images"]:
        raise SystemExit(f"{model} is no model of grey images of 28×28")
    (out / "restorer.json").write_text(said)


def runtime(out: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", RUNTIME], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        (archive,) = Path(folder).glob("*.tgz")
        with tarfile.open(archive) as files:
            files.extractall(folder, filter="data")
        (out / "ort").mkdir()
        for name in RUNTIME_FILES:
            shutil.copy(Path(folder) / "package" / "dist" / name, out / "ort" / name)
        shutil.copy(Path(folder) / "package" / "README.md", out / "ort" / "README.md")


def digits(out: Path, each: int = 3) -> None:
    """Some digits of every class that no model of this project is trained on."""

    def idx(name: str, start: int) -> bytes:
        with gzip.open(MNIST / name) as file:
            return file.read()[start:]

    images, labels = idx("t10k-images-idx3-ubyte.gz", 16), idx("t10k-labels-idx1-ubyte.gz", 8)
    of = {digit: [i for i, label in enumerate(labels) if label == digit][:each] for digit in range(10)}
    # One of each, then another of each; a 4 looks best first.
    chosen = [of[(4 + i) % 10][turn] for turn in range(each) for i in range(10)]
    encoded = [base64.b64encode(images[784 * i : 784 * (i + 1)]).decode() for i in chosen]
    (out / "digits.json").write_text(json.dumps({"digits": encoded}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="a model of MNIST with the mechanisms `affine` and `photometric`")
    parser.add_argument("--out", required=True, type=Path, help="the folder to write")
    parser.add_argument("--cama", default="cama", help="the program")
    args = parser.parse_args()
    for program in (args.cama, "npm"):
        if shutil.which(program) is None:
            sys.exit(f"error: there is no program `{program}`; " + ("give --cama target/release/cama" if program == args.cama else "install Node.js"))
    if args.out.exists():
        sys.exit(f"error: {args.out} is there already; give another --out, or remove it")
    args.out.mkdir(parents=True)
    restorer(args.cama, args.model, args.out)
    runtime(args.out)
    digits(args.out)
    for name in PAGE:
        shutil.copy(HERE / name, args.out / name)


if __name__ == "__main__":
    main()
