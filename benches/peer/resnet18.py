"""The time of a forward pass of ResNet-18 in onnxruntime: what a restoration is compared with.

    pip install numpy onnx onnxruntime
    python3 benches/peer/resnet18.py --size 224 --batch 8 --threads 2

The weights are random, as only time is measured, and batch normalisation is folded into the convolutions, as exporters do for
inference. Prints one JSON object, as `work` does: seconds, and seconds of processor time, for all of --images.
"""

import argparse
import json
import statistics
import time

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper


class Builder:
    """Collects nodes and weights."""

    def __init__(self):
        self.nodes, self.weights, self.random = [], [], np.random.default_rng(0)

    def weight(self, shape, fan_in):
        name = f"w{len(self.weights)}"
        values = self.random.normal(0, (2 / fan_in) ** 0.5, shape).astype(np.float32)
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def add(self, kind, inputs, **attributes):
        name = f"{kind.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def conv(self, x, channels, kernel, stride):
        before, after = channels
        fan_in = before * kernel * kernel
        inputs = [x, self.weight((after, before, kernel, kernel), fan_in), self.weight((after,), 1e6)]
        pads = [kernel // 2] * 4
        return self.add("Conv", inputs, kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=pads)

    def block(self, x, channels, stride):
        before, after = channels
        h = self.add("Relu", [self.conv(x, channels, 3, stride)])
        h = self.conv(h, (after, after), 3, 1)
        skip = x if before == after else self.conv(x, channels, 1, stride)
        return self.add("Relu", [self.add("Add", [h, skip])])


def resnet18(size, classes=1000):
    """He et al., CVPR 2016, Table 1: 11.7 million weights, 1.8 billion products for 224×224."""
    build = Builder()
    h = build.add("Relu", [build.conv("x", (3, 64), 7, 2)])
    h = build.add("MaxPool", [h], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    before = 64
    for stage, channels in enumerate([64, 128, 256, 512]):
        for block in range(2):
            h = build.block(h, (before, channels), 2 if stage > 0 and block == 0 else 1)
            before = channels
    h = build.add("Flatten", [build.add("GlobalAveragePool", [h])])
    out = build.add("Gemm", [h, build.weight((512, classes), 512), build.weight((classes,), 1e6)])
    graph = helper.make_graph(
        build.nodes,
        "resnet18",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, size, size])],
        [helper.make_tensor_value_info(out, TensorProto.FLOAT, ["n", classes])],
        build.weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--images", type=int, default=64)
    parser.add_argument("--batch", type=int, default=8, help="images of one pass")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    flags = parser.parse_args()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = flags.threads
    # Threads that wait for work would count as processor time.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    model = resnet18(flags.size).SerializeToString()
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    x = np.random.default_rng(1).random((flags.batch, 3, flags.size, flags.size), dtype=np.float32)
    passes = -(-flags.images // flags.batch)
    for _ in range(2):
        session.run(None, {"x": x})
    walls, cpus = [], []
    for _ in range(flags.repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(passes):
            session.run(None, {"x": x})
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    told = dict(
        work="resnet18",
        seconds=statistics.median(walls),
        processor_seconds=statistics.mean(cpus),
        images=passes * flags.batch,
        size=flags.size,
        batch=flags.batch,
        threads=flags.threads,
        runtime=f"onnxruntime {onnxruntime.__version__}",
    )
    print(json.dumps(told))


if __name__ == "__main__":
    main()
