#!/usr/bin/env python3
"""Deep CAMA in PyTorch: what `work` measures, done as one would do it there. Prints one line of JSON.

    torch_cama.py train   [--preset fast|paper] [--batch N] [--steps N] [--manipulated]   a step of Eq. 3, or of Eq. 4
    torch_cama.py predict [--preset ...] [--images N] [--samples K] [--naive]             Eq. 6 over N images
    torch_cama.py adapt   [--preset ...] [--batch N] [--clean-batch N] [--naive]          a step of Eq. 8, alpha = 1/2
    torch_cama.py epochs  [--preset ...] [--epochs N]                                     whole epochs of Eq. 3

The networks are those of the presets with the mechanism `latent`; images are MNIST's, from the files in `data/mnist`.
What depends on the image alone is computed once an image, what depends on the class alone once a class, and the first
layer of the merge is a sum of projections; weights of convolutions are in the layout `channels_last` and predictions decode
few images at a time, both of which are faster on a CPU. `--naive` follows the formulas to the letter instead: every class and every
sample runs the networks anew. Adam is PyTorch's fused one, and does without the bound on the gradient that cama has.
`--compile` has torch.compile make one kernel of many operations (needs a C++ compiler), `--bf16` computes products in half the digits.

Needs: pip install torch numpy.
"""

import argparse
import gzip
import json
import math
import pathlib
import statistics
import time

import numpy
import torch

import deep_cama
import weights
from deep_cama import CLASSES, SIZES, DeepCama, elbo, elbo_of_x, predict

DATA = pathlib.Path(__file__).resolve().parents[2] / "data" / "mnist"


def read_idx(name):
    """The array in a gzipped IDX file of bytes."""
    with gzip.open(DATA / name) as file:
        content = file.read()
    dimensions = content[3]
    shape = numpy.frombuffer(content, ">i4", dimensions, 4)
    return numpy.frombuffer(content, numpy.uint8, offset=4 + 4 * dimensions).reshape(shape)


def mnist(split, device):
    """Images [n, 1, 28, 28] in [0, 1] and labels [n]."""
    pixels = torch.tensor(read_idx(f"{split}-images-idx3-ubyte.gz"), device=device)
    labels = torch.tensor(read_idx(f"{split}-labels-idx1-ubyte.gz"), device=device)
    return pixels.float().div_(255).unsqueeze(1), labels.long()


def adam(parameters, rate):
    return torch.optim.Adam(parameters, rate, fused=True)


def train_step(model, optimiser, x, y, manipulated):
    optimiser.zero_grad(set_to_none=True)
    loss = -elbo(model, x, y, manipulated).mean()
    loss.backward()
    optimiser.step()
    return loss.detach()


def adapt_step(model, optimiser, unlabelled, x, y, naive):
    optimiser.zero_grad(set_to_none=True)
    bound = 0.5 * elbo(model, x, y, True).mean() + 0.5 * elbo_of_x(model, unlabelled, naive).mean()
    (-bound).backward()
    optimiser.step()


def epochs(model, args, size):
    """Trains on all but the last thousand images, read within the time; and what was lost in the last epoch."""
    images, labels = mnist("train", args.device)
    images, labels = images[:-1000], labels[:-1000]
    optimiser = adam(model.parameters(), size["rate"])
    steps = -(-len(images) // args.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, size["rate"], args.epochs * steps, pct_start=0.03)
    for _ in range(args.epochs):
        losses = []
        for chosen in torch.randperm(len(images), device=args.device).split(args.batch):
            losses.append(train_step(model, optimiser, images[chosen], labels[chosen], False))
            schedule.step()
    return torch.stack(losses).mean().item()


def timed(step, repeats, warm_up, device):
    """Sorted seconds of every repeat, and the mean of all threads' processor time."""
    seconds, before = [], time.process_time()
    for i in range(warm_up + repeats):
        if i == warm_up:
            before = time.process_time()
        if device.type == "cuda":
            torch.cuda.synchronize()
        began = time.perf_counter()
        step()
        if device.type == "cuda":
            torch.cuda.synchronize()
        if i >= warm_up:
            seconds.append(time.perf_counter() - began)
    return sorted(seconds), (time.process_time() - before) / repeats


def measured(model, args, size):
    """Seconds of the work that was asked for, and what else is to be told of it."""
    if args.work == "epochs":
        began, before = time.perf_counter(), time.process_time()
        loss = epochs(model, args, size)
        return ([time.perf_counter() - began], time.process_time() - before), dict(epochs=args.epochs, batch=args.batch, loss=loss)
    if args.work == "predict":
        images, labels = (part[: args.images] for part in mnist("t10k", args.device))
        scores = []

        def once():
            scores[:] = [predict(model, images, args.samples, args.naive, args.m == "sample", args.rows)]

        seconds = timed(once, args.steps, 1, args.device)
        accuracy = (scores[0].argmax(1) == labels).float().mean().item()
        log_px = (scores[0].logsumexp(1) - math.log(CLASSES)).mean().item()
        told = dict(images=args.images, samples=args.samples, naive=args.naive, m=args.m)
        return seconds, told | dict(accuracy=accuracy, log_px=log_px if args.m == "null" else None)
    images, labels = mnist("train", args.device)
    if args.work == "train":
        x, y = images[: args.batch], labels[: args.batch]
        optimiser = adam(model.parameters(), 1e-4)
        seconds = timed(lambda: train_step(model, optimiser, x, y, args.manipulated), args.steps, 3, args.device)
        return seconds, dict(batch=args.batch, manipulated=args.manipulated)
    # NN_M, its part of the merge, and q2; and nothing else.
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name.startswith(("nn_m", "merge_m", "q2")))
    optimiser = adam([parameter for parameter in model.parameters() if parameter.requires_grad], 1e-4)
    clean_batch = args.clean_batch or args.batch
    x, y = images[:clean_batch], labels[:clean_batch]
    unlabelled = images[-args.batch :]
    seconds = timed(
        lambda: adapt_step(model, optimiser, unlabelled, x, y, args.naive), args.steps, 3, args.device
    )
    return seconds, dict(batch=args.batch, clean_batch=clean_batch, naive=args.naive)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", choices=["train", "predict", "adapt", "epochs"])
    parser.add_argument("--preset", choices=SIZES, default="fast")
    parser.add_argument("--batch", type=int, help="images a step; 64 for fast and 128 for paper unless given")
    parser.add_argument("--clean-batch", type=int, help="clean images a step of adapt; as many unless given")
    parser.add_argument("--steps", type=int, help="steps or predictions that are measured; 10 or 3 unless given")
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--samples", type=int, default=10)
    parser.add_argument("--m", choices=["null", "sample"], default="null", help="which m predictions are given")
    parser.add_argument("--rows", type=int, help="images decoded at a time; 200 for each thread or 10,000 on a GPU")
    parser.add_argument("--planes", action="store_true", help="images channel by channel in memory, not by pixel")
    parser.add_argument("--model", help="a folder that cama wrote: predictions use its weights")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--manipulated", action="store_true", help="Eq. 4 in place of Eq. 3")
    parser.add_argument("--naive", action="store_true", help="run all networks for every class and sample")
    parser.add_argument("--compile", action="store_true", help="by torch.compile")
    parser.add_argument("--bf16", action="store_true", help="autocast to bfloat16")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", type=torch.device, default="cpu", help="cpu or cuda")
    args = parser.parse_args()
    size = SIZES[args.preset]
    args.batch = args.batch or size["batch"]
    args.rows = args.rows or (200 * args.threads if args.device.type == "cpu" else 10_000)
    args.steps = args.steps or (3 if args.work == "predict" else 10)
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    # Sizes do not change: the fastest algorithms can be searched for once.
    torch.backends.cudnn.benchmark = True
    model = DeepCama(size)
    if args.model:
        weights.load(model, args.model)
    model.to(args.device, memory_format=torch.contiguous_format if args.planes else torch.channels_last)
    if args.compile:
        # The functions that the loops call, forward and backward, not only the networks.
        for name in ["elbo", "elbo_of_x"]:
            globals()[name] = torch.compile(globals()[name])
        deep_cama.scores_of = torch.compile(deep_cama.scores_of)
    precision = torch.autocast(args.device.type, torch.bfloat16, enabled=args.bf16)
    with precision:
        (seconds, processor), more = measured(model, args, size)
    told = dict(
        work=args.work,
        preset=args.preset,
        seconds=statistics.median(seconds),
        processor_seconds=processor,
        quartiles=[seconds[(len(seconds) - 1) // 4], seconds[-(-3 * (len(seconds) - 1) // 4)]],
        measured=len(seconds),
        threads=args.threads,
        compiled=args.compile,
        bf16=args.bf16,
        planes=args.planes,
        device=str(args.device),
        torch=torch.__version__,
    )
    print(json.dumps(told | more))


if __name__ == "__main__":
    main()
