"""Scores, floors and the evaluation of files."""

import json

import numpy as np
import pytest
from jetgen import Clouds, CloudSpec, Feature, Measurement, MetricContext, evaluate
from jetgen.api.specs import MetricSpec
from jetgen.errors import DataError, UsageError
from jetgen.evaluation.choice import inapplicable
from jetgen.evaluation.floors import band, floor_draws
from jetgen.evaluation.scorer import Scorer
from jetgen.evaluation.strata import strata
from jetgen.io.writing import write_clouds
from jetgen.metrics import specs
from jetgen.metrics.wasserstein import FeatureDistance, MassDistance


class Answering:
    """A metric with a given answer."""

    def __init__(self, answer=None):
        self.answer = answer

    @classmethod
    def create(cls, _):
        return cls()

    def compute(self, real, fake, ctx):
        return self.answer


class Overlap:
    """How many clouds real and fake have in common, and their sizes."""

    def compute(self, real, fake, ctx):
        common = np.intersect1d(real.points[:, 0], fake.points[:, 0])
        return Measurement(len(common), {"real": len(real), "fake": len(fake)})


class Order:
    """The numbers of the clouds, in the order of its last comparison."""

    def compute(self, real, fake, ctx):
        self.order = [*real.points[:, 0].tolist(), *fake.points[:, 0].tolist()]
        return Measurement(0.0)


class Raising(Answering):
    def compute(self, real, fake, ctx):
        msg = "the network is asleep"
        raise RuntimeError(msg)


def outsider(name, cls, **more):
    return MetricSpec(name=name, summary="", target=f"{__name__}:{cls.__name__}", kinds=("jets",), **more)


@pytest.fixture
def numbered():
    return Clouds(np.arange(100.0)[:, None], np.arange(101))


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ({"a": 1.0}, r"Answering returned dict; a metric returns jetgen.Measurement\(value, components\)"),
        (Measurement(float("nan")), "Answering: value is nan for 3 generated against 5 true clouds"),
        (Measurement(1.0, {"b": float("inf")}), "Answering: b is inf for 3 generated"),
        (Measurement(1.0, stderr=float("nan")), "Answering: stderr is nan for 3 generated"),
    ],
)
def test_a_score_that_is_no_number_is_refused(numbered, answer, sentence):
    with pytest.raises(DataError, match=sentence):
        Scorer(Answering(answer)).score(numbered[:5], numbered[:3], MetricContext())


def test_measurements_hold_plain_numbers_in_the_order_of_the_metric():
    found = Measurement(np.float32(0.5), {"b": 2, "a": np.int64(1)}, stderr=np.float64(0.25), component_stderr={"a": 1})
    assert list(found.named("own").items()) == [("own", 0.5), ("b", 2.0), ("a", 1.0)]
    assert found.named_stderr("own") == {"own": 0.25, "a": 1.0}
    assert all(type(value) is float for value in (*found.named("own").values(), *found.named_stderr("own").values()))
    with pytest.raises(DataError, match="component_stderr has 'c', which is not among the components b"):
        Measurement(0.5, {"b": 2}, component_stderr={"c": 1.0})


@pytest.mark.parametrize(
    ("wanted", "sizes"),
    [((20, 30), (20, 30)), ((100, 100), (50, 50)), ((100, 10), (90, 10)), ((10, 100), (10, 90)), ((70, 40), (60, 40))],
)
def test_a_floor_compares_truth_that_has_no_cloud_in_common(numbered, wanted, sizes):
    n_real, n_fake, draws = floor_draws(Scorer(Overlap()), numbered, *wanted, 4, MetricContext())
    assert (n_real, n_fake) == sizes
    assert draws == [Measurement(0.0, {"real": sizes[0], "fake": sizes[1]})] * 4


def test_the_draws_of_a_floor_differ_and_follow_the_seed(real_jets, jet_spec):
    metric = MassDistance.create(jet_spec)

    def draws(seed):
        return floor_draws(Scorer(metric), real_jets, 500, 500, 5, MetricContext(seed=seed))[2]

    assert draws(1) == draws(1) != draws(2)
    assert len({draw.value for draw in draws(1)}) == 5


def test_the_floor_is_what_statistics_expects_of_it(real_jets, jet_spec):
    _, _, draws = floor_draws(Scorer(FeatureDistance.create(jet_spec)), real_jets, 1000, 1000, 20, MetricContext())
    _, _, small = floor_draws(Scorer(FeatureDistance.create(jet_spec)), real_jets, 100, 100, 20, MetricContext())
    large = np.mean([draw.value for draw in draws])
    assert 2.0 < np.mean([draw.value for draw in small]) / large < 5.0  # about the root of ten
    halves = FeatureDistance.create(jet_spec).compute(real_jets[:1000], real_jets[1000:], MetricContext())
    assert 0.3 < halves.value / large < 3.0


def test_both_sides_of_a_floor_have_the_categories_in_the_same_shares():
    spec = CloudSpec("table", (Feature("x"),), 1, (Feature("kind", nature="categorical"),))
    kinds = np.random.default_rng(1).permutation(np.repeat([0.0, 1.0, 5.0], [500, 300, 200]))
    pool = Clouds(kinds[:, None] + 0.0, np.arange(1001), kinds[:, None])
    metric = FeatureDistance.create(spec)
    at_random, in_shares = (
        [draw.value for draw in floor_draws(Scorer(metric), pool, 400, 400, 5, MetricContext(), groups)[2]]
        for groups in (None, strata(pool, spec))
    )
    assert min(at_random) > 0.0
    assert in_shares == [0.0] * 5
    assert strata(pool, CloudSpec("table", (Feature("x"),), 1)) is None


def test_both_sides_of_a_floor_have_the_numbers_of_the_context_alike():
    spec = CloudSpec("table", (Feature("x"),), 1, (Feature("energy", nature="positive"),))
    energies = np.random.default_rng(1).uniform(1.0, 2.0, 1000)
    pool = Clouds(energies[:, None], np.arange(1001), energies[:, None])
    metric = FeatureDistance.create(spec)
    at_random, alike = (
        np.mean([draw.value for draw in floor_draws(Scorer(metric), pool, 500, 500, 5, MetricContext(), groups)[2]])
        for groups in (None, strata(pool, spec))
    )
    assert alike < 0.4 * at_random
    assert np.unique(strata(pool, spec), return_counts=True)[1].min() > 20


def test_both_sides_of_a_floor_answer_the_same_events():
    spec = CloudSpec("tracks", (Feature("x"),), 1, given=CloudSpec("tracks", (Feature("x"),), 1))
    events = np.arange(300) % 30
    given = Clouds(np.arange(30.0)[:, None], np.arange(31))
    pool = Clouds(events[:, None].astype(float), np.arange(301), None, given, events)
    draws = floor_draws(Scorer(FeatureDistance.create(spec)), pool, 150, 150, 5, MetricContext(), strata(pool, spec))[2]
    assert [draw.value for draw in draws] == [0.0] * 5


def test_the_splits_of_categories_are_random_within_each(numbered):
    kinds = np.arange(len(numbered)) % 4
    seen_by = [Order() for _ in range(2)]
    for metric, seed in zip(seen_by, (1, 2), strict=True):
        floor_draws(Scorer(metric), numbered, 50, 50, 1, MetricContext(seed=seed), kinds)
    assert [sorted(metric.order) for metric in seen_by] == [list(range(100))] * 2
    assert seen_by[0].order != seen_by[1].order


def test_a_floor_needs_truth_to_split(numbered):
    with pytest.raises(DataError, match="a floor needs two clouds or more to compare; there are 1"):
        floor_draws(Scorer(Overlap()), numbered[:1], 1, 1, 3, MetricContext())


def test_a_band_holds_nine_tenths_of_the_draws():
    values = band(list(np.linspace(0.0, 1.0, 101)))
    assert (values.mean, values.low, values.high, values.draws) == (pytest.approx(0.5), 0.05, 0.95, 101)


def test_why_a_metric_does_not_apply_is_said(jet_spec):
    table = CloudSpec("table", (Feature("x"),), 1)
    assert inapplicable(specs.w1m, jet_spec) is None
    assert inapplicable(specs.w1m, table) == "w1m judges jets, these are tables"
    jets = CloudSpec("jets", (Feature("etarel"), Feature("pt")), 3)
    assert inapplicable(specs.w1m, jets) == "w1m needs the features phirel, ptrel; the clouds have etarel, pt"


def test_an_evaluation_gives_the_golden_values_and_says_their_floor(golden_jets, golden_values, jet_spec):
    real, fake = golden_jets
    result = evaluate(real, fake, [specs.w1m, specs.w1p], jet_spec, floor_splits=8)
    w1m = result.metrics["w1m"]
    assert w1m.value == pytest.approx(golden_values["w1m_full_sample"], rel=1e-9)
    assert (w1m.n_real, w1m.n_fake, w1m.unit, w1m.direction, w1m.clipped) == (2000, 2000, "", "lower", 0)
    assert (w1m.floor.n_real, w1m.floor.n_fake) == (1000, 1000)
    low = w1m.floor.bands["w1m"]
    assert 0 < low.low <= low.mean <= low.high < w1m.value
    assert set(result.metrics["w1p"].floor.bands) == {"w1p", "w1p_etarel", "w1p_phirel", "w1p_ptrel"}
    assert json.loads(json.dumps(result.to_json(), allow_nan=False))["metrics"]["w1m"]["value"] == w1m.value


def test_what_does_not_apply_or_fails_is_listed_and_the_others_run(golden_jets, jet_spec):
    real, fake = golden_jets
    metrics = [
        specs.w1m,
        specs.novelty,
        specs.w1p,
        outsider("other", Answering, features=("charge",)),
        MetricSpec(name="lost", summary="", target="nowhere.at.all:Metric", kinds=("jets",)),
    ]
    result = evaluate(real, fake[:400], metrics, jet_spec, floor_splits=0)
    assert list(result.metrics) == ["w1p"]
    assert result.metrics["w1p"].floor is None
    assert result.skipped["w1m"] == "400 generated clouds are too few: w1m says something from 1000 on"
    assert result.skipped["novelty"] == "novelty looks at the training clouds too; none were given"
    assert result.skipped["other"] == "other needs the features charge; the clouds have etarel, phirel, ptrel"
    assert "PluginError" in result.skipped["lost"]


def test_a_metric_that_raises_is_named(monkeypatch, golden_jets, jet_spec):
    monkeypatch.setattr("jetgen.evaluation.evaluate.load_target", lambda _: Raising)
    result = evaluate(*golden_jets, [specs.w1p], jet_spec)
    assert result.skipped == {"w1p": "RuntimeError: the network is asleep"}


def test_files_are_compared_by_the_names_of_their_features(tmp_path, golden_jets, jet_spec):
    real, fake = golden_jets
    swapped = CloudSpec("jets", tuple(jet_spec.features[i] for i in (2, 0, 1)), 30)
    write_clouds(tmp_path / "real.h5", real, jet_spec)
    write_clouds(tmp_path / "fake.h5", Clouds(fake.points[:, [2, 0, 1]], fake.offsets), swapped)
    from_files = evaluate(tmp_path / "real.h5", tmp_path / "fake.h5", [specs.w1p], floor_splits=0)
    assert from_files == evaluate(real, fake, [specs.w1p], jet_spec, floor_splits=0)


def test_files_without_names_need_them(tmp_path, golden_jets):
    paths = [tmp_path / "real.npz", tmp_path / "fake.npz"]
    for path, jets in zip(paths, golden_jets, strict=True):
        np.savez(path, points=jets.points, offsets=jets.offsets)
    with pytest.raises(DataError, match="have no names"):
        evaluate(*paths, [specs.w1m])
    result = evaluate(*paths, [specs.w1m], features=("etarel", "phirel", "ptrel"), floor_splits=0)
    assert result.metrics["w1m"].value == pytest.approx(0.0038385738)


def test_a_file_in_another_order_is_compared_by_the_spec(tmp_path, golden_jets, jet_spec):
    real, fake = golden_jets
    np.savez(tmp_path / "fake.npz", points=fake.points[:, [2, 0, 1]], offsets=fake.offsets)
    order = ("ptrel", "etarel", "phirel")
    result = evaluate(real, tmp_path / "fake.npz", [specs.w1m], jet_spec, features=order, floor_splits=0)
    assert result == evaluate(real, fake, [specs.w1m], jet_spec, floor_splits=0)
    with pytest.raises(DataError, match=r"fake.npz: there is no feature phirel; it has ptrel, etarel, x"):
        evaluate(real, tmp_path / "fake.npz", [specs.w1m], jet_spec, features=("ptrel", "etarel", "x"))
    with pytest.raises(DataError, match="have no names"):
        evaluate(real, tmp_path / "fake.npz", [specs.w1m], jet_spec)


def test_the_training_file_lets_novelty_speak(tmp_path, golden_jets, jet_spec):
    real, fake = golden_jets
    write_clouds(tmp_path / "train.h5", fake, jet_spec)
    result = evaluate(real, fake, [specs.novelty], jet_spec, train=tmp_path / "train.h5", floor_splits=2)
    assert result.metrics["novelty"].components["novelty_copies"] == 1.0
    assert result.metrics["novelty"].floor.bands["novelty"].mean == pytest.approx(1.0, abs=0.05)


def test_clipped_momenta_are_counted(real_jets, jet_spec):
    points = real_jets.points.copy()
    points[:7, 2] = -0.1
    fake = Clouds(points, real_jets.offsets)
    assert evaluate(real_jets, fake, [specs.w1m], jet_spec, floor_splits=0).metrics["w1m"].clipped == 7


def test_clouds_that_do_not_say_what_they_are_need_a_spec(golden_jets, jet_spec):
    with pytest.raises(UsageError, match="nothing says what the columns of the clouds mean"):
        evaluate(*golden_jets, [specs.w1m])
    with pytest.raises(DataError, match="the clouds have 3 features, not the 1: x"):
        evaluate(*golden_jets, [specs.w1m], CloudSpec("jets", (Feature("x"),), 30))


def test_metrics_are_found_by_name(golden_jets, jet_spec):
    result = evaluate(*golden_jets, ["w1m"], jet_spec, floor_splits=0)
    assert list(result.metrics) == ["w1m"]
    with pytest.raises(UsageError, match="there is no metric 'w1n'"):
        evaluate(*golden_jets, ["w1n"], jet_spec)


def test_without_names_every_standard_metric_is_tried(golden_jets, jet_spec):
    real, fake = (side[:500] for side in golden_jets)
    result = evaluate(real, fake, spec=jet_spec, train=real, floor_splits=0)
    assert {"c2st_fast", "w1m", "w1p", "w1mult", "novelty"} <= {*result.metrics, *result.skipped}


class Wiping(Answering):
    """Writes into the clouds that it is given."""

    def compute(self, real, fake, ctx):
        real.points[:], fake.points[:] = 0, 1
        ctx.train.points[:] = 0
        return Measurement(0.0)


def test_a_metric_that_writes_into_the_clouds_spoils_nothing_for_others(golden_jets, jet_spec):
    real, fake = golden_jets
    asked = [specs.w1m, specs.novelty]
    alone = evaluate(real, fake, asked, jet_spec, train=fake[:500], floor_splits=2)
    beside = evaluate(real, fake, [outsider("wiping", Wiping), *asked], jet_spec, train=fake[:500], floor_splits=2)
    assert list(beside.metrics) == ["wiping", "w1m", "novelty"]
    assert [beside.metrics[one.name] for one in asked] == [alone.metrics[one.name] for one in asked]
    assert real.points.any()
