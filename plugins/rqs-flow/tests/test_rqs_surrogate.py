"""The surrogate: jets of a trained flow as the truth, whose density everybody can be compared with."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import jetgen
import numpy as np
import pytest
from jetgen import Clouds, CloudSpec, Feature, MetricContext, RunContext
from jetgen.api.settings import resolve
from jetgen.datasets.naming import find_dataset
from jetgen.errors import DataError, UsageError
from jetgen.io.saved_model import save_model
from jetgen.metrics.likelihood import NegativeLogLikelihood
from jetgen.registry import discover
from jetgen.testing import check_dataset, summary
from jetgen_rqs_flow.generator import RQSFlow
from jetgen_rqs_flow.settings import RQSFlowSettings
from jetgen_rqs_flow.surrogate import RQSSurrogate

JETS = CloudSpec("jets", (Feature("etarel"), Feature("phirel"), Feature("ptrel", nature="positive")), 30)
TABLE = CloudSpec("table", (Feature("x"), Feature("y")), 1)


def trained(folder, clouds, spec=JETS, name="rqs-flow", steps=20, **values):
    """A flow after a few steps, in a folder with its card."""
    settings = resolve(RQSFlowSettings, "rqs-flow", "tiny", [("test", {"steps": steps, **values})]).settings
    flow = RQSFlow.create(settings, spec)
    flow.fit(clouds[: len(clouds) // 2], clouds[len(clouds) // 2 :], RunContext(seed=1))
    described = {"name": name, "distribution": "jetgen-rqs-flow", "settings": settings.model_dump(mode="json")}
    save_model(flow, folder, {"generator": described, "cloud_spec": spec.to_json()})
    return folder


@pytest.fixture(scope="module")
def jets():
    stored = np.load(Path(__file__).with_name("top30_sample.npz"))
    return Clouds.from_padded(stored["points"], stored["mask"])


@pytest.fixture(scope="module")
def model(jets, tmp_path_factory):
    return trained(tmp_path_factory.mktemp("flow") / "model", jets)


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JETGEN_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def data(model):
    return jetgen.dataset(f"rqs-surrogate@tiny,model={model}")


def test_the_splits_are_independent_streams_of_jets_of_the_flow(data):
    prints = {data.train[:100].fingerprint(), data.val[:100].fingerprint(), data.test[:100].fingerprint()}
    assert len(prints) == 3
    assert [len(split) for split in (data.train, data.val, data.test)] == [400, 100, 400]
    assert data.spec == JETS


def test_it_has_the_density_that_it_declares(model):
    results = check_dataset("rqs-surrogate", options={"model": str(model)})
    assert summary(results).startswith("ran 3 of 7 checks: 3 passed, 0 failed")


def test_the_flow_itself_has_no_excess_over_the_entropy_and_another_one_has(model, data, jets, tmp_path):
    truth, test = RQSSurrogate.create("tiny", model=str(model)), data.test[:200]
    other = RQSFlow.load(trained(tmp_path / "other", jets, steps=2), "cpu")
    same = RQSFlow.load(model, "cpu")
    metric = NegativeLogLikelihood.create(JETS)
    found = [metric.compute(test, test[:0], MetricContext(model=one, density=truth.log_prob)) for one in (same, other)]
    assert found[0].components["nll_excess"] == 0.0
    assert found[0].components["nll_entropy"] == found[0].value
    assert found[1].components["nll_excess"] > 5 * found[1].component_stderr["nll_excess"]


def test_the_recipe_follows_the_weights_and_not_the_folder(model, jets, tmp_path):
    moved = shutil.copytree(model, tmp_path / "moved")
    other = trained(tmp_path / "other", jets, learning_rate=1e-4)
    recipes = [json.dumps(dict(RQSSurrogate.create("tiny", model=str(one)).recipe())) for one in (model, moved, other)]
    assert recipes[0] == recipes[1] != recipes[2]


def test_jets_whose_density_single_precision_lost_are_drawn_anew(model, data):
    flow, test = RQSFlow.load(model, "cpu"), data.test[:400]
    rows = flow.preprocessing.rows(test, np.random.default_rng(0), training=True)
    noise = flow.trained().encode(rows["values"], rows["multiplicity"]).detach().numpy()
    squares = (noise**2).sum(1).reshape(4, -1).min(0) / (3 * test.multiplicity)
    assert squares.max() < 2  # a flow after twenty steps makes one jet in fifty for which it is 15 and more
    assert squares.mean() == pytest.approx(1, abs=0.05)


def test_jets_that_are_there_are_not_sampled_again(data, model, monkeypatch):
    assert len(data.test) == 400
    monkeypatch.setattr(RQSFlow, "load", None)
    RQSSurrogate.create("tiny", model=str(model)).prepare(RunContext())


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"name": "mdma-gan"}, "holds a mdma-gan of jets"),
        ({"design": "talk"}, "holds a rqs-flow of jets of design talk"),
        ({"spec": TABLE}, "holds a rqs-flow of table"),
    ],
)
def test_the_model_of_something_else_is_refused(jets, tmp_path, values, words):
    clouds = jets
    if "spec" in values:
        points = np.random.default_rng(0).normal(size=(200, 2))
        clouds = Clouds(points, np.arange(201))
    folder = trained(tmp_path / "model", clouds, **{"steps": 1, **values})
    for ask in (lambda: find_and_open(folder).spec, lambda: find_and_open(folder).recipe()):
        with pytest.raises(DataError, match=f"{words}.*; rqs-surrogate needs a rqs-flow of jets of design places"):
            ask()


def find_and_open(folder):
    found = find_dataset(discover(), f"rqs-surrogate@tiny,model={folder}")
    return RQSSurrogate.create(found.size, **found.spec.options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("", "rqs-surrogate needs model: write rqs-surrogate@SIZE,model=VALUE"),
        (",modl=x", r"has no option 'modl' \(did you mean model\?\); it asks for model"),
        (",model=", "the option model of the dataset rqs-surrogate is not given once as model=VALUE"),
        (",model=a,model=b", "is not given once"),
    ],
)
def test_its_option_is_needed_once_by_its_name(options, words):
    with pytest.raises(UsageError, match=words):
        find_dataset(discover(), f"rqs-surrogate@tiny{options}")


def test_other_datasets_have_no_options_and_sizes_are_checked_with_them(model):
    with pytest.raises(UsageError, match="the dataset toy-gaussians has no option 'points'; it asks for none"):
        find_dataset(discover(), "toy-gaussians@tiny,points=3")
    with pytest.raises(UsageError, match=r"rqs-surrogate has no size 'tine' \(did you mean tiny\?\)"):
        find_dataset(discover(), f"rqs-surrogate@tine,model={model}")


def test_a_relative_path_is_made_absolute_so_that_a_run_goes_on_from_anywhere(model, monkeypatch):
    monkeypatch.chdir(model.parent)
    found = find_dataset(discover(), "rqs-surrogate@tiny,model=model")
    assert found.spec.options == {"model": str(model)}
    assert found.label == "rqs-surrogate@tiny"


def test_a_run_on_it_tells_entropy_and_excess_of_a_flow(model, tmp_path):
    run = tmp_path / "run"
    command = ["run", "-g", "rqs-flow", "-d", f"rqs-surrogate@tiny,model={model}", "-m", "nll", "--preset", "tiny"]
    done = subprocess.run(
        [sys.executable, "-m", "jetgen.cli", *command, "--out", str(run)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (row,) = [json.loads(path.read_text()) for path in run.glob("cells/rqs-flow*/row.json")]
    scores = row["scores"]
    excess = scores["nll_excess"]["mean"]
    assert excess == pytest.approx(scores["nll"]["mean"] - scores["nll_entropy"]["mean"])
    assert excess > 0
    assert 0 < scores["nll_excess"]["stderr"] < scores["nll"]["stderr"]
