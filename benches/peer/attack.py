"""Compares this project's projected gradient ascent with foolbox's on the same convolutional baseline.

The network is rebuilt in PyTorch from the file that `cama baseline` wrote; first its log-probabilities of test images must
agree to 1e-4 with those of this program, then both attack the same images in the maximum norm with 40 steps of 0.01 from a
random start. To run it, from the root of the project:

    pip install --target /tmp/peer torch foolbox eagerpy GitPython requests safetensors
    cargo build --release && cargo build --release -p cama-eval --example baseline_answers
    target/release/cama baseline --kind cnn --data mnist:train --out /tmp/cnn
    PYTHONPATH=/tmp/peer python3 benches/peer/attack.py /tmp/cnn [TARGET_FOLDER]

It prints a line for each radius, and ends with an error if this program's attack is weaker than foolbox's beyond noise.
"""

import json
import math
import subprocess
import sys

import foolbox
import torch
from safetensors.torch import load_file

EXAMPLES = 500
RADII = [0.1, 0.2, 0.3]
STEPS = 40
STEP = 0.01


class Cnn(torch.nn.Module):
    """Strided convolutions with padding by half the kernel, a hidden layer and one for the classes."""

    def __init__(self, weights, image):
        super().__init__()
        self.weights = weights
        self.image = image
        self.convolutions = sum(1 for name in weights if ".convs." in name and name.endswith(".weight"))

    def parameter(self, name):
        [found] = [value for key, value in self.weights.items() if key.endswith(name)]
        return found

    def forward(self, x):
        x = x.reshape(-1, *self.image)
        for i in range(self.convolutions):
            kernel = self.parameter(f".convs.{i}.weight")
            bias = self.parameter(f".convs.{i}.bias")
            x = torch.relu(torch.conv2d(x, kernel, bias, stride=2, padding=kernel.shape[-1] // 2))
        x = x.flatten(1)
        x = torch.relu(self.linear(x, "hidden"))
        return self.linear(x, "out")

    def linear(self, x, name):
        """This program keeps a linear layer's weight as [inputs, outputs]."""
        return x @ self.parameter(f".{name}.weight") + self.parameter(f".{name}.bias")


def ours(target, folder):
    """Accuracy at each radius by this program."""
    spec = f"pgd:{','.join(map(str, RADII))}:steps={STEPS}:step={STEP}"
    data = f"mnist:test[..{EXAMPLES}]"
    command = [f"{target}/release/cama", "evaluate", "--baseline", folder, "--data", data, "--attack", spec]
    out = subprocess.run([*command, "--no-clean", "--json"], check=True, capture_output=True, text=True).stdout
    return [json.loads(line)["accuracy"] for line in out.splitlines()]


def main():
    folder, target = sys.argv[1], (sys.argv[2:] or ["target"])[0]
    program = f"{target}/release/examples/baseline_answers"
    answers = subprocess.run(
        [program, folder, f"mnist:test[..{EXAMPLES}]"], check=True, capture_output=True, text=True
    ).stdout
    rows = [json.loads(line) for line in answers.splitlines()]
    with open(f"{folder}/baseline.json") as file:
        image = json.load(file)["image"]
    model = Cnn(load_file(f"{folder}/baseline.safetensors"), image).eval()
    x = torch.tensor([row["x"] for row in rows]).reshape(-1, *image)
    y = torch.tensor([row["label"] for row in rows])
    with torch.no_grad():
        far = (torch.log_softmax(model(x), 1) - torch.tensor([row["log_p"] for row in rows])).abs().max().item()
    print(f"log p(y|x) of {len(rows)} images differ by {far:.1e} nats at most")
    if far > 1e-4:
        sys.exit("the two networks are not the same")

    torch.manual_seed(0)
    attack = foolbox.attacks.LinfPGD(abs_stepsize=STEP, steps=STEPS, random_start=True)
    peer = foolbox.PyTorchModel(model, bounds=(0, 1))
    weaker = []
    print("radius  cama    foolbox")
    for radius, accuracy in zip(RADII, ours(target, folder)):
        _, _, misled = attack(peer, x, y, epsilons=radius)
        theirs = 1 - misled.float().mean().item()
        print(f"{radius:<7} {accuracy:.4f}  {theirs:.4f}")
        spread = math.sqrt((accuracy * (1 - accuracy) + theirs * (1 - theirs)) / len(rows))
        if accuracy - theirs > 1.96 * spread + 1e-9:
            weaker.append(radius)
    if weaker:
        sys.exit(f"weaker than foolbox beyond noise at {weaker}")


if __name__ == "__main__":
    main()
