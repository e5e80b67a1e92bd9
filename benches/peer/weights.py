"""Weights of a model folder of cama for the networks of `deep_cama.py`: those that do(m = 0) uses."""

import json
import pathlib
import struct

import numpy
import torch

# Prefixes there and here.
NAMES = {
    "p.nn_y.layers.": "nn_y.layers.",
    "p.nn_z.layers.": "nn_z.layers.",
    "p.merge_y.": "merge_y.",
    "p.merge_z.": "merge_z.",
    "p.output.Image.ups.": "ups.",
    "q1.trunk.Image.convs.": "q1_trunk.convolutions.",
    "q1.trunk.Image.out.": "q1_trunk.out.",
    "q1.features.": "q1_x.",
    "q1.class.": "q1_y.",
}


def read_safetensors(path):
    """Arrays by name, of a file in which all numbers are f32."""
    content = pathlib.Path(path).read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    header.pop("__metadata__", None)
    arrays = {}
    for name, tensor in header.items():
        begin, end = (8 + length + offset for offset in tensor["data_offsets"])
        arrays[name] = numpy.frombuffer(content[begin:end], "<f4").reshape(tensor["shape"])
    return arrays


def load(model, folder):
    """Fills in the clean part of p and q1, all of them."""
    arrays = read_safetensors(pathlib.Path(folder) / "model.safetensors")
    head = "q1.head."
    for part in ["weight", "bias"]:
        # There the head's two halves are layers of their own.
        halves = [arrays.pop(f"{head}{half}.{part}") for half in ["mean", "log_var"]]
        arrays[f"{head}{part}"] = numpy.concatenate(halves, -1)
    wanted = {name: value for name, value in model.named_parameters() if name.startswith(("q1_head", *NAMES.values()))}
    with torch.no_grad():
        for theirs, ours in (NAMES | {head: "q1_head."}).items():
            for name, array in arrays.items():
                if name.startswith(theirs):
                    value = torch.tensor(array)
                    # Linear weights are [inputs, outputs] there; only those have two dimensions.
                    wanted.pop(ours + name[len(theirs) :]).copy_(value.T if value.dim() == 2 else value)
    if wanted:
        raise ValueError(f"{folder} has no {', '.join(wanted)}")
