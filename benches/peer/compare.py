#!/usr/bin/env python3
"""Times cama and the same work in PyTorch, alternately, on the same machine in one run.

    pip install --target /tmp/peer torch numpy
    PYTHONPATH=/tmp/peer python3 benches/peer/compare.py [--rounds 5] [--threads 2] [--device cuda] [--epochs] [--only TEXT]

It builds `work` (this crate), trains a model for the predictions unless `--model` has one, and writes a table to the
standard output and to `results/performance/torch-DEVICE.json` and `.csv`. A ratio above 1 says that cama is faster: it is
PyTorch's time over ours within one round, of which the median, the least and the greatest are shown, and the median of the same
ratio of processor time, which other work on the machine changes less. Every round starts both
programs anew, and they take turns in who goes first, so that what else the machine does meets both. Needs only Python's
standard library; `--python` is the interpreter that has PyTorch.
"""

import argparse
import csv
import datetime
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PEER = ROOT / "benches" / "peer" / "torch_cama.py"
RESNET = ROOT / "benches" / "peer" / "resnet18.py"


class Work:
    """What both programs are asked for; what only one understands comes in `ours` or `peers`."""

    def __init__(self, name, both, ours="", peers="", peer=PEER):
        self.name, self.both, self.ours, self.peers = name, both.split(), ours.split(), peers.split()
        self.peer = peer


def all_work(model, with_epochs):
    """Every comparison, in the order of the table."""
    predict = "predict --preset fast --images 200 --samples 10 --steps 3"
    # A model's folder may have spaces in its name, so it is added as one word.
    trained = ["--model", str(model)]
    work = [
        Work("train fast, clean", "train --preset fast --steps 20"),
        Work("train fast, with m", "train --preset fast --steps 20 --manipulated"),
        Work("train paper, clean", "train --preset paper --steps 5"),
        Work("train paper, with m", "train --preset paper --steps 5 --manipulated"),
        Work("adapt fast, factored", "adapt --preset fast --steps 5"),
        Work("adapt fast, naive", "adapt --preset fast --steps 5", peers="--naive"),
        Work("adapt paper, factored", "adapt --preset paper --steps 3"),
        # Few classes weigh anything in Eq. 7 once a model tells them apart, and only those have gradients.
        Work("adapt fast, trained, factored", "adapt --preset fast --steps 5"),
        Work("predict fast, factored", predict),
        Work("predict fast, naive", predict, peers="--naive"),
        # Without leaving hopeless classes behind.
        Work("predict fast, every class, factored", predict, "--negligible 0"),
        Work("predict fast, every class, naive", predict, "--negligible 0", "--naive"),
    ]
    for one in work:
        if one.both[:1] == ["predict"] or "trained" in one.name:
            one.both += trained
    # Beside the forward pass of a network that reads what was restored.
    for side in [64, 112, 224]:
        ours = f"restore --mechanism affine,photometric --channels 3 --side {side} --images 64"
        work.append(Work(f"restore {side}x{side}, ResNet-18", "", ours, f"--size {side} --images 64", RESNET))
    if with_epochs:
        work.append(Work("8 epochs fast", "epochs --preset fast --epochs 8"))
    return work


def answer(command):
    """The JSON line of a program."""
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"compare.py: this failed with {done.returncode}: {' '.join(map(str, command))}")
    return json.loads(done.stdout.splitlines()[-1])


def run(work, rounds, program, python, common):
    """Seconds of both programs in every round."""
    commands = {
        "ours": [program, *work.both, *work.ours, *common],
        # onnxruntime knows no device but the processor.
        "peer": [python, work.peer, *work.both, *work.peers, *(common if work.peer == PEER else common[:2])],
    }
    answers = {"ours": [], "peer": []}
    for i in range(rounds):
        for who in ["ours", "peer"] if i % 2 == 0 else ["peer", "ours"]:
            answers[who].append(answer(commands[who]))
    return answers


def summary(work, answers):
    ours, peer = ([line["seconds"] for line in answers[who]] for who in ["ours", "peer"])
    ratios = sorted(theirs / mine for mine, theirs in zip(ours, peer))
    busy = [[line.get("processor_seconds") for line in answers[who]] for who in ["ours", "peer"]]
    processor = [theirs / mine for mine, theirs in zip(*busy) if mine and theirs]
    return {
        "work": work.name,
        "ours_ms": statistics.median(ours) * 1000,
        "torch_ms": statistics.median(peer) * 1000,
        "ratio": statistics.median(ratios),
        "ratio_least": ratios[0],
        "ratio_most": ratios[-1],
        "processor_ratio": statistics.median(processor) if processor else None,
        "rounds": len(ratios),
    }


def machine(python, device):
    """Where and with what it was measured."""

    def said(*command):
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        return done.stdout.strip()

    processor = platform.machine()
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    if cpuinfo.exists():
        named = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        processor = named[0] if named else processor
    ask = "import torch; print(torch.__version__, torch.backends.cpu.get_cpu_capability())"
    asked_gpu = "import torch; print(torch.cuda.get_device_name())"
    return {
        "processor": processor,
        "cores": os.cpu_count(),
        "gpu": said(python, "-c", asked_gpu) if device == "cuda" else None,
        "load_before": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "torch": said(python, "-c", ask),
        "rustc": said("rustc", "--version"),
        "date": datetime.date.today().isoformat(),
        "commit": said("git", "rev-parse", "--short=12", "HEAD"),
        "changed_since": bool(said("git", "status", "--porcelain", "--untracked-files=no")),
    }


def heading(where, args):
    changed = " with changes" if where["changed_since"] else ""
    gpu = f", {where['gpu']}" if where["gpu"] else ""
    return (
        f"{where['cores']} cores of {where['processor']}{gpu}; {args.threads} threads, {args.device}; PyTorch "
        f"{where['torch']}; {where['rustc']}; commit {where['commit']}{changed}; {where['date']}; load before: "
        f"{where['load_before']}"
    )


def keep(folder, device, where, args, rows, raw):
    """Writes the numbers, with those of every round, after every row: what is done stays if the rest is stopped."""
    folder.mkdir(parents=True, exist_ok=True)
    told = dict(machine=where, threads=args.threads, device=device, rows=rows, rounds=raw)
    (folder / f"torch-{device}.json").write_text(json.dumps(told, indent=1) + "\n")
    with open(folder / f"torch-{device}.csv", "w", newline="") as file:
        table = csv.DictWriter(file, rows[0], lineterminator="\n")
        table.writeheader()
        table.writerows({k: round(v, 4) if isinstance(v, float) else v for k, v in row.items()} for row in rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--epochs", action="store_true", help="also 8 epochs of training, in one round")
    parser.add_argument("--only", default="", help="only work with this in its name")
    parser.add_argument("--model", type=pathlib.Path, help="a folder of a trained model; else two epochs make one")
    parser.add_argument("--python", default=sys.executable, help="the interpreter that has PyTorch")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "results" / "performance")
    args = parser.parse_args()

    features = ["--features", "cuda"] if args.device == "cuda" else []
    subprocess.run(["cargo", "build", "--release", "--workspace", "--bin", "work", *features], cwd=ROOT, check=True)
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", "target"))
    program = ROOT / target / "release" / "work"
    common = ["--threads", str(args.threads), "--device", args.device]
    where = machine(args.python, args.device)
    print(heading(where, args), flush=True)

    with tempfile.TemporaryDirectory() as temporary:
        model = (args.model or pathlib.Path(temporary) / "model").resolve()
        work = all_work(model, args.epochs)
        work = [one for one in work if args.only in one.name]
        if args.model is None and any("--model" in one.both for one in work):
            answer([program, "epochs", "--epochs", "2", "--save", model, *common])
        rows, raw = [], {}
        print(f"\n{'work':<38}{'ours, ms':>11}{'PyTorch, ms':>13}{'ratio':>8}{'processor':>11}   least-most", flush=True)
        for one in work:
            answers = run(one, 1 if one.both[:1] == ["epochs"] else args.rounds, program, args.python, common)
            row = summary(one, answers)
            rows.append(row)
            raw[one.name] = answers
            keep(args.out, args.device, where, args, rows, raw)
            print(
                f"{row['work']:<38}{row['ours_ms']:>11.1f}{row['torch_ms']:>13.1f}{row['ratio']:>8.2f}"
                f"{row['processor_ratio'] or float('nan'):>11.2f}   "
                f"{row['ratio_least']:.2f}-{row['ratio_most']:.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
