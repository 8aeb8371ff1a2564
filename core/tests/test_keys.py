"""Keys: which edits make a finished stage stale, and which do not."""

import sys

import pytest
from jetgen.api.specs import MetricSpec
from jetgen.harness.store import sources
from jetgen.harness.store.keys import changed_modules, loaded_modules, metric_modules
from jetgen.harness.store.plan import MetricPlan

SOURCE = '''"""What it is."""

WIDTH = 1.0
"""What a width is."""


def area(height):
    """The area."""
    # a comment
    return WIDTH * height
'''


@pytest.fixture
def outsider(tmp_path, monkeypatch):
    """Imports packages from a folder of its own, and forgets them."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("JETGEN_CACHE", str(tmp_path / "cache"))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith("keys_outsider"):
            del sys.modules[name]


def recorded(*names):
    for name in names:
        __import__(name)
    return {name: digest for name, digest in loaded_modules({"keys_outsider"}).items() if name.startswith("keys_")}


def module(outsider, layout):
    """The file of a module with the source above, and the name that imports it."""
    if layout == "single file":
        path, name = outsider / "keys_outsider.py", "keys_outsider"
    else:
        path, name = outsider / "keys_outsider" / "part.py", "keys_outsider.part"
        path.parent.mkdir()
        if layout == "package":
            (path.parent / "__init__.py").touch()
    path.write_text(SOURCE)
    return path, name


LAYOUTS = ["package", "namespace package", "single file"]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    "edit",
    [
        ('"""What it is."""', '"""What it really is."""'),
        ('"""What a width is."""\n', ""),
        ('    """The area."""\n', '    """The area\n\n    of a rectangle."""\n'),
        ("# a comment", "# another comment"),
        ("WIDTH * height", "(WIDTH  *  height)"),
    ],
    ids=["module", "attribute", "function", "comment", "layout"],
)
def test_edited_prose_is_not_stale(outsider, layout, edit):
    path, name = module(outsider, layout)
    before = recorded(name)
    assert name in before
    path.write_text(SOURCE.replace(*edit))
    assert path.read_text() != SOURCE
    assert changed_modules(before) == []


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("edit", [("WIDTH = 1.0", "WIDTH = 2.0"), ("* height", "+ height"), ("return ", "return (")])
def test_edited_code_is_stale(outsider, layout, edit):
    path, name = module(outsider, layout)
    before = recorded(name)
    path.write_text(SOURCE.replace(*edit))  # the last edit does not even parse
    assert changed_modules(before) == [name]
    path.unlink()
    assert changed_modules(before) == [name]
    path.write_text(SOURCE)
    assert changed_modules(before) == []


def test_a_text_that_is_used_is_code(outsider):
    path = outsider / "keys_outsider.py"
    path.write_text('NAME = "one"\n')
    before = recorded("keys_outsider")
    path.write_text('NAME = "two"\n')
    assert changed_modules(before) == ["keys_outsider"]


@pytest.mark.parametrize("stage", ["fit", "metric", "prepare", "sample", "timing"])
def test_an_edited_stage_is_stale(stage):
    name = f"jetgen.harness.run.stages.{stage}"
    __import__(name)
    found = loaded_modules({"jetgen"})
    assert changed_modules({name: found[name]}) == []
    assert changed_modules({name: "what it was before the edit"}) == [name]


def test_orchestration_is_never_stale():
    __import__("jetgen.harness.run.driver")
    __import__("jetgen.registry")
    found = set(loaded_modules({"jetgen"}))
    ours = {name for name in found if name.startswith(("jetgen.harness.", "jetgen.registry"))}
    assert not {name for name in ours if not name.startswith("jetgen.harness.run.stages")}
    assert "jetgen.errors" in found


def test_digests_are_remembered_between_processes_and_a_damaged_cache_is_no_error(outsider):
    _, name = module(outsider, "single file")
    before = recorded(name)
    (cache,) = (outsider / "cache").glob("syntax-*.json")
    assert before[name] in cache.read_text()
    cache.write_text("[")
    sources._read.cache_clear()
    assert changed_modules(before) == []


def judged_by(target, *modules, needs=()):
    spec = MetricSpec(name="it", summary="", target=target, kinds=("jets",), needs=needs)
    plan = MetricPlan(name="it", distribution="some", version="1", spec=spec)
    return set(metric_modules(plan, dict.fromkeys(modules, "digest")))


def test_the_version_of_a_metric_is_its_code_and_not_that_of_data_models_or_the_run():
    counted = ("jetgen.metrics.sliced", "jetgen.evaluation.floors", "jetgen.harness.run.stages.metric")
    shared = ("jetgen.data.jets", "jetgen.torch.nn.attention")
    others = ("jetgen", "jetgen.io.reading", "jetgen.harness.run.stages.fit", "jetgen_pythia.pool", "jetgen_mdma.model")
    target = "jetgen.metrics.sliced:SlicedDistance"
    assert judged_by(target, *counted, *shared, *others) == {*counted, *shared}
    # A metric that asks the model has loaded that model's layers too: its version must not depend on the model.
    assert judged_by(target, *counted, *shared, *others, needs=("model",)) == set(counted)


def test_a_metric_of_another_package_has_the_code_of_that_package():
    own = ("lab_metrics", "lab_metrics.girth", "lab_metrics.tools")
    assert judged_by("lab_metrics.girth:Girth", *own, "lab_metrics2", "lab_models") == set(own)
    assert judged_by("lab_metrics.girth:Girth", *own, needs=("model",)) == {"lab_metrics.girth"}
    assert judged_by("girth:Girth", "girth", "girths") == {"girth"}
