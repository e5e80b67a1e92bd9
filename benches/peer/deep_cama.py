"""Deep CAMA's networks, bounds and predictions in PyTorch, with the mechanism `latent`; `torch_cama.py` times them."""

import math

import torch
from torch import nn
from torch.nn import functional as F

CLASSES, DIM_Z, DIM_M = 10, 64, 32
SIZES = {
    "fast": dict(channels=32, hidden=256, kernel_m=5, pooling=False, slope=0.2, batch=64, rate=3e-3),
    "paper": dict(channels=64, hidden=500, kernel_m=3, pooling=True, slope=0.0, batch=128, rate=5e-5),
}


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
def predict(model, images, samples, naive, infers_m, rows):
    """log p(x|y) of Eq. 6, [n, CLASSES], with do(m = 0) or a sample of m for each image; decodes `rows` at a time."""
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
