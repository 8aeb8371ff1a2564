"""docs/metrics.md says what is there, and its example works."""

import dataclasses
import re
import sys
from pathlib import Path
from types import ModuleType

import jetgen
import numpy as np
import pytest
from jetgen import Clouds
from jetgen.metrics.distortions import DISTORTIONS
from jetgen.metrics.specs import METRICS

PAGE = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text(encoding="utf-8")


@pytest.fixture
def girth(monkeypatch):
    """The module that the page writes: a spec, and a class."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    module = ModuleType("girth_of_the_page")
    exec("\n".join(block for block in blocks if "girth" in block.lower()), module.__dict__)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return dataclasses.replace(module.girth, target=f"{module.__name__}:GirthDistance")


def test_the_example_of_a_metric_can_be_evaluated(girth, golden_jets, jet_spec):
    found = jetgen.evaluate(*golden_jets, metrics=[girth], spec=jet_spec, floor_splits=5)
    assert found.skipped == {}
    measured = found.metrics["girth"]
    assert measured.value > measured.floor.bands["girth"].high > 0


def test_the_example_of_a_metric_takes_weights(girth, golden_jets, jet_spec):
    real, fake = golden_jets
    heavy = np.where(np.arange(2000) < 1000, 2.0, 1.0)
    found = jetgen.evaluate(real, fake, metrics=[girth], spec=jet_spec, floor_splits=0, weights=heavy)
    twice = Clouds.concatenate([fake, fake[:1000]])
    expected = jetgen.evaluate(real, twice, metrics=[girth], spec=jet_spec, floor_splits=0)
    assert found.metrics["girth"].value == pytest.approx(expected.metrics["girth"].value, rel=1e-9)


def test_the_page_names_every_metric_that_takes_weights():
    words = PAGE.split("### Weights")[1].split("- **n_effective**")[0].split("Any other metric")[0]
    showers = {"shower_energy", "shower_profiles", "shower_sparsity"}
    assert set(re.findall(r"`(\w+)`", words)) - {"weights"} == {one.name for one in METRICS if one.weighted} - showers


@pytest.mark.parametrize("spec", METRICS, ids=lambda spec: spec.name)
def test_the_page_describes_every_metric(spec):
    if spec.tier == "paper":
        assert f"`{spec.name}` is `c2st`" in PAGE
        return
    table = PAGE.split("## All of them")[1].split("## Conventions")[0]
    (row,) = re.findall(rf"^\| `{spec.name}` \|.*$", table, re.MULTILINE)
    assert f"| {spec.tier} |" in row
    assert row.endswith(f"| {spec.paper} |" if spec.paper else "| |")


@pytest.mark.parametrize("field", [one.name for one in dataclasses.fields(jetgen.MetricSpec)])
def test_the_page_tells_every_field_of_a_spec(field):
    assert field in ("paper", "api_version") or f"`{field}`" in PAGE or f"    {field}=" in PAGE


def test_the_page_describes_every_distortion():
    table = PAGE.split("| fault | what is wrong |")[1].split("<!--")[0]
    assert re.findall(r"^\| (\w+) \|", table, re.MULTILINE) == ["none", *DISTORTIONS]
