"""The README's Python lines run as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import cama

README = Path(__file__).resolve().parents[1] / "README.md"


def test_the_readme_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), flags=re.DOTALL)
    assert len(blocks) == 8
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), names)
    said = capsys.readouterr().out.split()
    before, outcome, after, restored, clean, forest, repaired = said
    assert outcome == "adapted"
    assert float(after) > float(before) + 0.2 and float(repaired) > float(forest) + 0.2, said
    assert abs(float(restored) - float(clean)) < 0.5, said


def test_the_docstrings_run():
    import doctest

    for module in (cama._classifier, cama._prediction, cama._engines, cama._restorer, cama):
        failed, tried = doctest.testmod(module)
        assert failed == 0, module
    assert tried >= 0


def test_the_version_is_that_of_the_crates():
    text = (README.parents[2] / "Cargo.toml").read_text()
    assert cama.__version__ == re.search(r'^version = "(.*)"', text, flags=re.MULTILINE).group(1)
