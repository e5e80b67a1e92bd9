"""Simulates a small table, fits scikit-learn's classifiers to it and exports them with skl2onnx, with reference outputs."""

import json
from pathlib import Path

import numpy as np
from skl2onnx import to_onnx
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Binarizer, Normalizer, StandardScaler

FILES = Path(__file__).resolve().parent.parent / "files"
COLUMNS = ["pressure", "smoker", "weight", "ward"]
ROWS = 20


def simulate():
    """Columns in the order of the file; the class depends on all of them, and causes pressure and weight."""
    rng = np.random.default_rng(1)
    n = 300
    smoker = rng.integers(0, 2, n)
    ward = rng.integers(1, 5, n)
    y = (rng.random(n) * 1.5 + smoker * 0.6 + (ward > 2) * 0.8).astype(int)
    pressure = np.round(120 + 12 * y + 6 * smoker + rng.normal(0, 8, n), 2)
    weight = np.round(0.07 + 0.01 * y * (ward - 2) + rng.normal(0, 0.01, n), 4)
    names = np.array(["well", "ill", "grave"])[y]
    table = np.column_stack([pressure, smoker, weight, ward]).astype(np.float64)
    with open(FILES / "table.csv", "w") as file:
        file.write("pressure,smoker,state,weight,ward\n")
        for (p, s, w, d), name in zip(table, names):
            file.write(f"{p:g},{'yes' if s else 'no'},{name},{w:g},{d:g}\n")
    return table.astype(np.float32), names


def main():
    x, y = simulate()
    binary = np.where(y == "well", "well", "not")
    wide = [("x", FloatTensorType([None, 4]))]
    double = [("x", DoubleTensorType([None, 4]))]
    each = [(name, FloatTensorType([None, 1])) for name in COLUMNS]
    mlp = make_pipeline(StandardScaler(), MLPClassifier((8,), max_iter=300, random_state=1))
    logistic = make_pipeline(StandardScaler(), LogisticRegression())
    forest = RandomForestClassifier(6, max_depth=4, random_state=1)
    boosted = GradientBoostingClassifier(n_estimators=5, max_depth=2, random_state=1)
    columns = [
        ("scaled", StandardScaler(), [2, 0]),
        ("rest", "passthrough", [1, 3]),
    ]
    prepared = make_pipeline(ColumnTransformer(columns), Normalizer("l2"), LogisticRegression())
    parted = make_pipeline(SimpleImputer(), Normalizer("max"), Binarizer(threshold=0.02), LogisticRegression())
    flat = {"zipmap": False}
    # Name, classifier, labels, inputs, options of the converter.
    models = [
        ("mlp", mlp, y, wide, flat),
        ("mlp-zipmap", mlp, y, wide, {}),
        ("logistic", logistic, y, wide, flat),
        ("logistic-double", logistic, y, double, flat),
        ("logistic-columns", logistic, y, each, flat),
        ("logistic-scores", LogisticRegression(max_iter=2000), y, wide, {"zipmap": False, "raw_scores": True}),
        ("logistic-binary", logistic, binary, wide, flat),
        ("forest", forest, y, wide, flat),
        ("forest-binary", forest, binary, wide, flat),
        ("boosted", boosted, y, wide, flat),
        ("boosted-binary", boosted, binary, wide, flat),
        ("prepared", prepared, y, wide, flat),
        ("parted", parted, y, wide, flat),
    ]
    reference = {}
    for name, model, labels, inputs, options in models:
        model.fit(x, labels)
        onnx = to_onnx(model, initial_types=inputs, options={id(model): options} if options else None)
        (FILES / f"table-{name}.onnx").write_bytes(onnx.SerializeToString())
        probabilities = model.predict_proba(x[:ROWS])
        reference[name] = {
            "classes": list(model.classes_),
            "accuracy": model.score(x, labels),
            "probabilities": [[round(v, 7) for v in row] for row in probabilities.tolist()],
        }
        print(name, round(reference[name]["accuracy"], 3), [n.op_type for n in onnx.graph.node])
    (FILES / "table.json").write_text(json.dumps(reference))


main()
