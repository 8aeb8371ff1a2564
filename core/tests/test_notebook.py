"""What a notebook shows and takes: datasets, generators, clouds, evaluations and figures."""

from importlib.metadata import version

import jetgen
import numpy as np
import pytest
from given_jets import GivenJets
from jetgen import Clouds, evaluate, generator
from jetgen.errors import DataError, UsageError
from jetgen.notebook import DatasetHandle

SPLITS = {"train": slice(1500), "val": slice(1500, 1700), "test": slice(1700, 2000)}
PAIR = Clouds([[0.1, 0.5], [0.2, 0.3], [0.0, 1.0]], [0, 2, 2, 3])


@pytest.fixture(scope="module")
def data(jet_spec, real_jets):
    return DatasetHandle("golden", GivenJets(jet_spec, real_jets, **SPLITS), (1500, 200, 300))


def test_clouds_are_gone_through_and_picked_one_by_one():
    assert [jet.tolist() for jet in PAIR] == [PAIR.points[:2].tolist(), [], PAIR.points[2:].tolist()]
    assert PAIR[0].shape == (2, 2)
    assert PAIR[-1].tolist() == PAIR[np.int64(2)].tolist() == [[0.0, 1.0]]
    with pytest.raises(IndexError):
        PAIR[3]


def test_clouds_go_to_awkward_and_back():
    ak = pytest.importorskip("awkward")
    array = PAIR.to_awkward(["eta", "pt"])
    assert ak.num(array).tolist() == [2, 0, 1]
    assert ak.sum(array.pt, axis=1).tolist() == pytest.approx([0.8, 0.0, 1.0])
    assert Clouds.from_awkward(array).fingerprint() == PAIR.fingerprint()
    assert Clouds.from_awkward(array, ["pt", "eta"]).points[:, 0].tolist() == PAIR.points[:, 1].tolist()
    apart = ak.Array({"eta": [[1.0, 2.0]], "pt": [[1.0]]})
    with pytest.raises(DataError, match="pt has 1 values in row 0 and eta has 2; one point has both"):
        Clouds.from_awkward(apart)
    with pytest.raises(DataError, match="the array has no field phi; it has eta, pt"):
        Clouds.from_awkward(array, ["phi"])
    with pytest.raises(DataError, match="2 features need as many names, not eta"):
        PAIR.to_awkward(["eta"])


def test_clouds_go_to_torch_as_padded_tensors():
    torch = pytest.importorskip("torch")
    points, mask = PAIR.to_torch(3)
    assert (points.shape, mask.sum().item(), points.dtype) == ((3, 3, 2), 3, torch.float32)


def test_everything_says_what_it_is(data, jet_spec):
    assert repr(data) == ("golden: jets of up to 30 points (etarel, phirel, ptrel); 1,500 train, 200 val, 300 test")
    model = generator("independence", preset="tiny")
    assert repr(model).endswith("not trained")
    model.fit(data)
    assert repr(model) == f"independence (jetgen {version('jetgen')}), trained on golden"
    assert "<td>1,500</td>" in data._repr_html_()
    assert "trained on golden" in model._repr_html_()
    assert "0 to 2" in PAIR._repr_html_()
    found = evaluate(data, model.sample(300), ["w1m", "novelty", "cov"], floor_splits=3, progress=False)
    text, page = str(found), found._repr_html_()
    assert repr(found) == text
    for name, result in found.metrics.items():
        assert f"{result.value:.4g}" in text
        assert f"<td>{name}</td>" in page
    assert set(found.metrics) == {"novelty", "cov"}
    assert "no w1m: 300 true clouds are too few" in text
    assert "no w1m: 300 true clouds are too few" in page


def test_html_of_names_from_outside_is_escaped(jet_spec, real_jets):
    odd = DatasetHandle("<script>alert(1)</script>", GivenJets(jet_spec, real_jets))
    assert "<script>" not in odd._repr_html_()


def test_a_model_is_trained_on_clouds_of_ones_own(data, jet_spec, real_jets):
    model = generator("replay")
    model.fit(real_jets[:100], spec=jet_spec, progress=False)
    assert len(model._model.clouds) == 90  # a tenth is held out
    model.fit(real_jets[:100], val=real_jets[100:110], spec=jet_spec)
    assert len(model._model.clouds) == 100
    assert repr(model).endswith("trained on clouds of one's own")
    with pytest.raises(UsageError, match="give spec=CloudSpec"):
        model.fit(real_jets[:100])
    with pytest.raises(UsageError, match="9 clouds are too few to hold some out"):
        model.fit(real_jets[:9], spec=jet_spec)


def test_the_number_of_threads_is_that_which_is_asked_for(data, monkeypatch):
    model = generator("replay")
    seen = []

    class Watching:
        @classmethod
        def create(cls, *_):
            return cls()

        def fit(self, train, val, ctx):
            seen.append(ctx.threads)
            return jetgen.FitReport(0, 0)

    monkeypatch.setattr("jetgen.notebook.generators.load_target", lambda _: Watching)
    model.fit(data, threads=3)
    assert seen == [3]


def test_a_dataset_by_name_is_evaluated_with_its_test_clouds_as_truth():
    pytest.importorskip("jetgen_toys")
    data = jetgen.dataset("toy-checkerboard@tiny")
    by_name = evaluate("toy-checkerboard@tiny", data.train, ["sliced"], floor_splits=0, progress=False)
    by_hand = evaluate(data.test, data.train, ["sliced"], data.spec, floor_splits=0, progress=False)
    assert by_name.to_json() == by_hand.to_json()
    with pytest.raises(UsageError, match="did you mean toy-checkerboard"):
        evaluate("toy-checkerbord@tiny", data.train, ["sliced"])


def test_the_figures_of_the_report_are_functions_of_clouds(jet_spec, real_jets, fake_jets):
    pytest.importorskip("mplhep")
    figure = jetgen.plot.observables(real_jets, {"published": fake_jets}, jet_spec, names=["mass"])
    assert figure._repr_png_().startswith(b"\x89PNG")
    with pytest.raises(UsageError, match=r"jets have no observable 'mas' \(did you mean mass\?\)"):
        jetgen.plot.observables(real_jets, fake_jets, jet_spec, names=["mas"])
    assert figure.axes[1].get_xlabel() == "jet mass [pT of the jet]"
    assert jetgen.plot.features(real_jets, fake_jets, jet_spec).legends[0].texts[1].get_text() == "model"
    assert "Every feature" in jetgen.plot.features.__doc__
    with pytest.raises(AttributeError, match="no attribute 'fetures'"):
        jetgen.plot.fetures  # noqa: B018
    for name in jetgen.plot.__all__:
        assert callable(getattr(jetgen.plot, name))
