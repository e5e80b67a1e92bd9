"""Trains a small convolutional network on MNIST for a moment and exports it from PyTorch, with reference outputs."""

import gzip
import json
from pathlib import Path

import numpy as np
import torch
from torch import nn

HERE = Path(__file__).resolve().parent
FILES = HERE.parent / "files"
MNIST = HERE.parents[3] / "data" / "mnist"


def read(name, header):
    with gzip.open(MNIST / name) as file:
        return np.frombuffer(file.read(), np.uint8, offset=header)


def images(kind):
    pixels = read(f"{kind}-images-idx3-ubyte.gz", 16).reshape(-1, 1, 28, 28)
    return torch.tensor(pixels.astype(np.float32) / 255)


def labels(kind):
    return torch.tensor(read(f"{kind}-labels-idx1-ubyte.gz", 8).astype(np.int64))


def main():
    torch.manual_seed(1)
    torch.set_num_threads(2)
    network = nn.Sequential(
        nn.Conv2d(1, 6, 5, stride=2, padding=2),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.Conv2d(6, 12, 3, padding=1),
        nn.BatchNorm2d(12),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(12 * 7 * 7, 10),
    )
    x, y = images("train")[:20000], labels("train")[:20000]
    optimiser = torch.optim.Adam(network.parameters(), 2e-3)
    for _ in range(2):
        for at in torch.randperm(len(x)).split(100):
            optimiser.zero_grad()
            nn.functional.cross_entropy(network(x[at]), y[at]).backward()
            optimiser.step()
    network.eval()
    test, test_y = images("t10k"), labels("t10k")
    with torch.no_grad():
        print("accuracy", (network(test).argmax(1) == test_y).float().mean().item())
        reference = network(test[:20]).log_softmax(1)
    options = dict(input_names=["image"], output_names=["logits"], external_data=False, dynamo=True)
    batch = torch.export.Dim("batch", min=1)
    torch.onnx.export(network, (test[:2],), FILES / "mnist-cnn.onnx", dynamic_shapes=({0: batch},), **options)
    torch.onnx.export(network, (test[:1],), FILES / "mnist-cnn-one.onnx", **options)
    (FILES / "mnist-cnn.json").write_text(json.dumps([[round(v, 6) for v in row] for row in reference.tolist()]))


main()
