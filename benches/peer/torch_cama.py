#!/usr/bin/env python3
"""Deep CAMA in PyTorch: what `work` measures, done as one would do it there. Prints one line of JSON.

    torch_cama.py train   [--preset fast|paper] [--batch N] [--steps N] [--manipulated]   a step of Eq. 3, or of Eq. 4
    torch_cama.py predict [--preset ...] [--images N] [--samples K] [--naive]             Eq. 6 over N images
    torch_cama.py adapt   [--preset ...] [--batch N] [--clean-batch N] [--naive]          a step of Eq. 8, alpha = 1/2
    torch_cama.py epochs  [--preset ...] [--epochs N]                                     whole epochs of Eq. 3

The networks are those of the presets with the mechanism `latent`; images are MNIST's, from the files in `data/mnist`.
What depends on the image alone is computed once an image, what depends on the class alone once a class, and the first
layer of the merge is a sum of projections. `--naive` follows the formulas to the letter instead: every class and every
sample runs the networks anew. Adam is PyTorch's fused one, and does without the bound on the gradient that cama has.

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
from torch import nn
from torch.nn import functional as F

import weights

CLASSES, DIM_Z, DIM_M = 10, 64, 32
SIZES = {
    "fast": dict(channels=32, hidden=256, kernel_m=5, pooling=False, slope=0.2, batch=64, rate=3e-3),
    "paper": dict(channels=64, hidden=500, kernel_m=3, pooling=True, slope=0.0, batch=128, rate=5e-5),
}
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


class Perceptron(nn.Module):
    """Linear layers of one width, each with an activation."""

    def __init__(self, inputs, width, layers, slope):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(width if i else inputs, width) for i in range(layers))
        self.slope = slope

    def forward(self, x):
        for layer in self.layers:
            x = F.leaky_relu(layer(x), self.slope)
        return x


class ImageFeatures(nn.Module):
    """Three convolutions that halve the image, and a linear layer."""

    def __init__(self, kernel, size):
        super().__init__()
        channels, self.pooling, self.slope = size["channels"], size["pooling"], size["slope"]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(channels if i else 1, channels, kernel, 1 if self.pooling else 2, kernel // 2) for i in range(3)
        )
        self.out = nn.Linear(channels * 16, size["hidden"])

    def forward(self, x):
        for convolution in self.convolutions:
            x = F.leaky_relu(convolution(x), self.slope)
            if self.pooling:
                x = F.max_pool2d(x, 2, padding=x.shape[-1] % 2)
        return F.leaky_relu(self.out(x.flatten(1)), self.slope)


class DeepCama(nn.Module):
    """p(x|y,z,m), q1(z|x,y,m) and q2(m|x)."""

    def __init__(self, size):
        super().__init__()
        hidden, self.slope, self.channels = size["hidden"], size["slope"], size["channels"]
        self.nn_y = Perceptron(CLASSES, hidden, 2, self.slope)
        self.nn_z = Perceptron(DIM_Z, hidden, 2, self.slope)
        self.nn_m = Perceptron(DIM_M, hidden, 4, self.slope)
        merged = 16 * self.channels
        self.merge_y = nn.Linear(hidden, merged, bias=False)
        self.merge_z = nn.Linear(hidden, merged)
        self.merge_m = nn.Linear(hidden, merged, bias=False)
        self.ups = nn.ModuleList(
            nn.ConvTranspose2d(self.channels, to, 3, 2, 1, extra)
            for to, extra in [(self.channels, 0), (self.channels, 1), (1, 1)]
        )
        self.q1_trunk = ImageFeatures(5, size)
        self.q1_x = nn.Linear(hidden, hidden)
        self.q1_y = nn.Linear(CLASSES, hidden, bias=False)
        self.q1_m = nn.Linear(DIM_M, hidden, bias=False)
        self.q1_head = nn.Linear(hidden, 2 * DIM_Z)
        self.q2_trunk = ImageFeatures(size["kernel_m"], size)
        self.q2_head = nn.Linear(hidden, 2 * DIM_M)

    def q2(self, x):
        """Mean and log-variance of m, each [n, DIM_M]."""
        return self.q2_head(self.q2_trunk(x)).chunk(2, -1)

    def of_m(self, m):
        """What m adds to q1's hidden layer and to the merge; nothing for do(m = 0)."""
        if m is None:
            return 0.0, 0.0
        nothing = self.nn_m(torch.zeros(1, DIM_M, device=m.device))
        return self.q1_m(m), self.merge_m(self.nn_m(m) - nothing)

    def q1(self, of_x, of_y):
        """Mean and log-variance of z, from what x and m, and what y gives to the hidden layer."""
        return self.q1_head(F.leaky_relu(of_x + of_y, self.slope)).chunk(2, -1)

    def logits(self, merged):
        """[..., merged] to the pixels' logits [rows, 1, 28, 28]."""
        x = F.leaky_relu(merged, self.slope).reshape(-1, self.channels, 4, 4)
        for up in self.ups[:-1]:
            x = F.leaky_relu(up(x), self.slope)
        return self.ups[-1](x)


def sample(mean, log_var):
    return mean + torch.exp(0.5 * log_var) * torch.randn_like(mean)


def divergence(mean, log_var):
    """From the standard normal, over the last dimension."""
    return 0.5 * (mean.square() + log_var.exp() - log_var - 1).sum(-1)


def log_bernoulli(logits, x):
    """Of whole images; `x` [n, 1, 28, 28] is of the same shape as `logits` or repeats over its second dimension."""
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="none").flatten(-3).sum(-1)


def infer_m(model, x):
    mean, log_var = model.q2(x)
    return sample(mean, log_var), divergence(mean, log_var)


def elbo(model, x, y, manipulated):
    """ELBO(x, y) (Eq. 4), or ELBO(x, y, do(m=0)) (Eq. 3), [n]."""
    m, kl_m = infer_m(model, x) if manipulated else (None, 0.0)
    to_q1, to_merge = model.of_m(m)
    one_hot = F.one_hot(y, CLASSES).float()
    mean, log_var = model.q1(model.q1_x(model.q1_trunk(x)) + to_q1, model.q1_y(one_hot))
    merged = model.merge_y(model.nn_y(one_hot)) + model.merge_z(model.nn_z(sample(mean, log_var))) + to_merge
    return log_bernoulli(model.logits(merged), x) - divergence(mean, log_var) - kl_m


def elbo_of_x(model, x, naive):
    """ELBO(x) = log sum over y of exp ELBO(x, y) (Eq. 7), with one m for all classes, [n]."""
    if naive:
        m, kl_m = infer_m(model, x)
        bounds = [bound_to_the_letter(model, x, m, y) for y in range(CLASSES)]
        return torch.stack(bounds, 1).logsumexp(1) - kl_m
    m, kl_m = infer_m(model, x)
    to_q1, to_merge = model.of_m(m)
    classes = torch.eye(CLASSES, device=x.device)
    of_x = (model.q1_x(model.q1_trunk(x)) + to_q1).unsqueeze(1)
    mean, log_var = model.q1(of_x, model.q1_y(classes))
    merged = model.merge_z(model.nn_z(sample(mean, log_var))) + model.merge_y(model.nn_y(classes))
    logits = model.logits(merged + to_merge.unsqueeze(1)).view(len(x), CLASSES, *x.shape[1:])
    bounds = log_bernoulli(logits, x.unsqueeze(1).expand_as(logits)) - divergence(mean, log_var)
    return bounds.logsumexp(1) - kl_m


def explained(model, x, m, y):
    """q1's mean and log-variance, z, and log p(x|y,z,m), with every network run for these images and this class."""
    one_hot = F.one_hot(torch.full((len(x),), y, device=x.device), CLASSES).float()
    to_q1, to_merge = model.of_m(m)
    mean, log_var = model.q1(model.q1_x(model.q1_trunk(x)) + to_q1, model.q1_y(one_hot))
    z = sample(mean, log_var)
    merged = model.merge_y(model.nn_y(one_hot)) + model.merge_z(model.nn_z(z)) + to_merge
    return mean, log_var, z, log_bernoulli(model.logits(merged), x)


def bound_to_the_letter(model, x, m, y):
    mean, log_var, _, log_px = explained(model, x, m, y)
    return log_px - divergence(mean, log_var)


def log_ratio(mean, log_var, z):
    """log p(z) - log q1(z|x,y,m)."""
    return 0.5 * ((z - mean).square() * torch.exp(-log_var) + log_var - z.square()).sum(-1)


@torch.inference_mode()
def predict(model, images, samples, naive, infers_m, rows=1000):
    """log p(x|y) of Eq. 6, [n, CLASSES], with do(m = 0) or a sample of m for each image; `rows` are decoded at a time."""
    all_scores = []
    for x in images.split(max(1, rows // CLASSES)):
        m = sample(*model.q2(x)) if infers_m else None
        if naive:
            scores = [[score_to_the_letter(model, x, m, y) for y in range(CLASSES)] for _ in range(samples)]
            scores = torch.stack([torch.stack(of_classes, 1) for of_classes in scores], 2)
        else:
            scores = scores_of(model, x, m, samples)
        all_scores.append(scores.logsumexp(2) - math.log(samples))
    return torch.cat(all_scores)


def scores_of(model, x, m, samples):
    """The terms of Eq. 6's sums, [n, CLASSES, samples]."""
    to_q1, to_merge = model.of_m(m)
    classes = torch.eye(CLASSES, device=x.device)
    of_x = (model.q1_x(model.q1_trunk(x)) + to_q1).unsqueeze(1)
    mean, log_var = model.q1(of_x, model.q1_y(classes))
    given = model.merge_y(model.nn_y(classes)) + (0.0 if m is None else to_merge.unsqueeze(1))
    scores = []
    for _ in range(samples):
        z = sample(mean, log_var)
        logits = model.logits(model.merge_z(model.nn_z(z)) + given).view(len(x), CLASSES, *x.shape[1:])
        log_px = log_bernoulli(logits, x.unsqueeze(1).expand_as(logits))
        scores.append(log_px + log_ratio(mean, log_var, z))
    return torch.stack(scores, 2)


def score_to_the_letter(model, x, m, y):
    mean, log_var, z, log_px = explained(model, x, m, y)
    return log_px + log_ratio(mean, log_var, z)


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
    """Sorted seconds of every repeat."""
    seconds = []
    for i in range(warm_up + repeats):
        if device.type == "cuda":
            torch.cuda.synchronize()
        began = time.perf_counter()
        step()
        if device.type == "cuda":
            torch.cuda.synchronize()
        if i >= warm_up:
            seconds.append(time.perf_counter() - began)
    return sorted(seconds)


def measured(model, args, size):
    """Seconds of the work that was asked for, and what else is to be told of it."""
    if args.work == "epochs":
        began = time.perf_counter()
        loss = epochs(model, args, size)
        return [time.perf_counter() - began], dict(epochs=args.epochs, batch=args.batch, loss=loss)
    if args.work == "predict":
        images, labels = (part[: args.images] for part in mnist("t10k", args.device))
        scores = []

        def once():
            scores[:] = [predict(model, images, args.samples, args.naive, args.m == "sample")]

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
    parser.add_argument("--model", help="a folder that cama wrote: predictions use its weights")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--manipulated", action="store_true", help="Eq. 4 in place of Eq. 3")
    parser.add_argument("--naive", action="store_true", help="run all networks for every class and sample")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", type=torch.device, default="cpu", help="cpu or cuda")
    args = parser.parse_args()
    size = SIZES[args.preset]
    args.batch = args.batch or size["batch"]
    args.steps = args.steps or (3 if args.work == "predict" else 10)
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    # Sizes do not change: the fastest algorithms can be searched for once.
    torch.backends.cudnn.benchmark = True
    model = DeepCama(size)
    if args.model:
        weights.load(model, args.model)
    model.to(args.device)
    seconds, more = measured(model, args, size)
    told = dict(
        work=args.work,
        preset=args.preset,
        seconds=statistics.median(seconds),
        quartiles=[seconds[(len(seconds) - 1) // 4], seconds[-(-3 * (len(seconds) - 1) // 4)]],
        measured=len(seconds),
        threads=args.threads,
        device=str(args.device),
        torch=torch.__version__,
    )
    print(json.dumps(told | more))


if __name__ == "__main__":
    main()
