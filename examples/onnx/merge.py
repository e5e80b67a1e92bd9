"""Puts an exported restorer before a classifier of your own, as one ONNX file.

    cama export --model adapted --onnx restorer.onnx --opset 20
    python merge.py restorer.onnx classifier.onnx repaired.onnx

The merged file takes what the classifier took, and runs wherever ONNX runs. It needs the package `onnx`.
"""

from __future__ import annotations

import argparse

import onnx
from onnx import compose


def version(model: onnx.ModelProto) -> int:
    """The version of ONNX's own operators that a file uses."""
    return max(entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx"))


def merged(restorer: onnx.ModelProto, classifier: onnx.ModelProto, *, input: str | None = None) -> onnx.ModelProto:
    """`classifier` reading what `restorer` restores; its `input`, unless it has only one."""
    if version(restorer) != version(classifier):
        raise SystemExit(
            f"the classifier uses operators of version {version(classifier)} and the restorer of version {version(restorer)}: "
            f"export it again with --opset {version(classifier)}"
        )
    if input is None:
        weights = {tensor.name for tensor in classifier.graph.initializer}
        names = [value.name for value in classifier.graph.input if value.name not in weights]
        if len(names) != 1:
            raise SystemExit(f"the classifier has several inputs, {', '.join(names)}: name one with --input")
        (input,) = names
    # Both must name the same version of the file format; the newer one reads the older.
    restorer.ir_version = classifier.ir_version = max(restorer.ir_version, classifier.ir_version)
    # Names must differ, and the input is to keep its own.
    restorer = compose.add_prefix(restorer, "restorer/", rename_inputs=False, rename_outputs=False)
    classifier = compose.add_prefix(classifier, "classifier/", rename_outputs=False)
    result = compose.merge_models(restorer, classifier, io_map=[("restored", f"classifier/{input}")])
    # What the restorer says of itself no longer holds of the whole.
    del result.metadata_props[:]
    onnx.checker.check_model(result)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("restorer", help="what `cama export` wrote")
    parser.add_argument("classifier", help="the classifier, as an ONNX file")
    parser.add_argument("out", help="the file to write")
    parser.add_argument("--input", help="the input of the classifier that takes the data, if it has several")
    args = parser.parse_args()
    onnx.save(merged(onnx.load(args.restorer), onnx.load(args.classifier), input=args.input), args.out)


if __name__ == "__main__":
    main()
