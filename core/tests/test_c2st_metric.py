"""The classifier test as a metric: names, seeds, sizes, and distances that are known exactly."""

import dataclasses

import numpy as np
import pytest
from jetgen import Clouds, CloudSpec, Feature, MetricContext
from jetgen.errors import DataError
from quick_judge import PROFILE

torch = pytest.importorskip("torch")

from jetgen.metrics.c2st.metric import ClassifierTest, FastClassifierTest, PaperClassifierTest  # noqa: E402 (after the check for torch)
from jetgen.metrics.c2st.profiles import Perceptron, Recipe  # noqa: E402

NAMES = ["c2st", "c2st_jsd", "c2st_hl", "c2st_hl_jsd"]
PLANE = CloudSpec("table", (Feature("x"), Feature("y")), 1)
POINTS = CloudSpec("tracks", PLANE.features, 2)


class Quick(ClassifierTest):
    """The same in seconds."""

    profile = PROFILE


def rows(n, shift, seed):
    points = np.random.default_rng(seed).normal([shift, 0.0], 1.0, (n, 2))
    return Clouds(points, np.arange(n + 1))


@pytest.mark.parametrize(("spec", "names"), [(PLANE, ["c2st"]), (POINTS, ["c2st", "c2st_hl"])], ids=["rows", "clouds"])
@pytest.mark.parametrize(
    ("shift", "optimum", "error"),
    [(1.0, 0.7602, 0.012), (0.0, 0.5, np.sqrt((2 * 600 + 1) / 12) / 600)],
    ids=["another distribution", "the same"],
)
def test_two_gaussians_are_told_apart_as_well_as_their_likelihood_ratio_can(spec, names, shift, optimum, error):
    found = Quick.create(spec).compute(rows(1_500, shift, 0), rows(1_500, 0.0, 1), MetricContext()).named("c2st")
    assert [name for name in found if not name.endswith("jsd")] == names
    for name in names:
        assert abs(found[name] - optimum) < 3 * error  # 600 clouds of each kind are reported on


def test_a_wrong_ratio_of_two_columns_is_found_in_a_table():
    spec = CloudSpec("table", (Feature("mass", nature="positive"), Feature("energy", nature="positive")), 1)
    rng = np.random.default_rng(0)

    def events(width):
        energy = np.exp(rng.normal(size=2_000))
        return Clouds(np.stack([energy * np.exp(rng.normal(0.0, width, 2_000)), energy], axis=1), np.arange(2_001))

    # The columns alone differ by less than one part in a thousand.
    found = Quick.create(spec).compute(events(0.010), events(0.015), MetricContext()).named("c2st")
    assert list(found) == ["c2st", "c2st_jsd"]
    assert found["c2st"] > 0.55  # 0.59 from the density ratio


def test_the_values_have_names_and_standard_errors_and_the_trainings_are_reported(real_jets, fake_jets, jet_spec):
    events = []
    ctx = MetricContext(listener=events.append)
    found = Quick.create(jet_spec).compute(real_jets[:300], fake_jets[:200], ctx)
    for values in (found.named("c2st"), found.named_stderr("c2st")):
        assert list(values) == NAMES
        assert np.isfinite(list(values.values())).all()
    assert [(event["done"], event["total"], event["unit"]) for event in events] == [
        (i, 4, "trainings") for i in range(1, 5)
    ]


def test_the_same_context_gives_the_same_values_and_leaves_torch_as_it_was(real_jets, fake_jets, jet_spec):
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    metric = Quick.create(jet_spec)
    first, second = (metric.compute(real_jets[:150], fake_jets[:150], MetricContext(seed=5)) for _ in range(2))
    other = metric.compute(real_jets[:150], fake_jets[:150], MetricContext(seed=6))
    assert first == second != other
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == threads


def test_clouds_of_any_kind_are_judged_even_empty_ones():
    features = (
        Feature("layer", nature="categorical"),
        Feature("energy", "MeV", "positive"),
        Feature("phi", "rad", "periodic"),
    )
    spec = CloudSpec("showers", features, 9, (Feature("incident", "MeV", "positive"),))

    def showers(scale, seed):
        rng = np.random.default_rng(seed)
        counts = rng.integers(0, 9, 200)
        n = counts.sum()
        points = np.stack([rng.integers(0, 4, n), scale * rng.exponential(size=n), rng.uniform(-3, 3, n)], axis=1)
        return Clouds.from_multiplicities(points, counts, rng.exponential(size=(200, 1)))

    values = Quick.create(spec).compute(showers(1.0, 0), showers(3.0, 1), MetricContext()).named("c2st")
    assert values["c2st"] > 0.7
    assert values["c2st_hl"] > 0.7


def test_too_few_clouds_are_refused_with_one_sentence():
    with pytest.raises(DataError, match="c2st splits each side in five and needs 50 clouds or more there, not 49"):
        ClassifierTest.create(PLANE).compute(rows(60, 0, 0), rows(49, 0, 1), MetricContext())


@pytest.mark.parametrize("most", [1, 2])
def test_clouds_of_categories_alone_have_one_judge(most):
    kinds = CloudSpec("tracks", (Feature("kind", nature="categorical"),), most)
    rng = np.random.default_rng(0)

    def draw(share):
        return Clouds((rng.random((400, 1)) < share).astype(float), np.arange(401))

    found = Quick.create(kinds).compute(draw(0.5), draw(0.9), MetricContext()).named("c2st")
    assert list(found) == (["c2st", "c2st_jsd"] if most == 1 else NAMES)
    assert found["c2st"] == pytest.approx(0.7, abs=0.1)


def test_a_verdict_says_which_clouds_it_is_about(real_jets, fake_jets, jet_spec):
    real, fake = real_jets[:150], fake_jets[:120]
    found = list(Quick.create(jet_spec).verdicts(real, fake, MetricContext()))
    assert [name for name, _ in found] == ["c2st", "c2st_hl"] * 2
    for _, one in found:
        assert len(one.probabilities) == len(one.labels) == len(one.rows)
        assert one.labels.sum() == (~one.labels).sum() == 24
        assert one.rows[one.labels].max() < 150
        assert one.rows[~one.labels].max() < 120
    first, second = (one.rows[one.labels] for _, one in found[::2])
    assert not set(first) & set(second)


def test_the_areas_against_halves_of_the_truth_are_those_of_the_clouds_in_them(real_jets, fake_jets, jet_spec):
    real, fake = real_jets[:300], fake_jets[:300]
    halves = (np.arange(150), np.arange(150, 300))
    judge, ctx = Quick.create(jet_spec), MetricContext()
    found = judge.compute(real, fake, dataclasses.replace(ctx, halves=halves))
    assert found == dataclasses.replace(judge.compute(real, fake, ctx), halves=found.halves)
    assert set(found.halves) == {"c2st", "c2st_hl"}
    areas = [[], []]
    for name, one in judge.verdicts(real, fake, ctx):
        if name == "c2st":
            for side, half in zip(areas, halves, strict=True):
                true, made = one.probabilities[one.labels], one.probabilities[~one.labels]
                mine = true[np.isin(one.rows[one.labels], half)]
                side.append(np.mean(np.where(mine == made[:, None], 0.5, mine > made[:, None])))
    assert found.halves["c2st"] == pytest.approx(np.mean(areas, axis=1), rel=1e-12)
    # A half that a training reports on nothing of has no area, and then no half has.
    assert judge.compute(real, fake, dataclasses.replace(ctx, halves=(*halves, np.array([], int)))).halves == {}


def test_the_fast_profile_has_a_standard_error_from_its_one_training(real_jets, fake_jets, jet_spec):
    class Brief(FastClassifierTest):
        profile = dataclasses.replace(Quick.profile, trainings=FastClassifierTest.profile.trainings)

    found = Brief.create(jet_spec).compute(real_jets[:300], fake_jets[:300], MetricContext())
    assert list(found.named("c2st_fast")) == [name.replace("c2st", "c2st_fast") for name in NAMES]
    assert 0 < found.stderr < 0.1


def test_the_profile_of_the_papers_has_names_of_its_own():
    with pytest.raises(DataError, match="c2st_paper splits"):
        PaperClassifierTest.create(PLANE).compute(rows(9, 0, 0), rows(9, 0, 1), MetricContext())
    recipe = Recipe(epochs=50, batch=1_000, rate=2e-4, cycle=False, average=0.0)
    assert PaperClassifierTest.profile.high_level == Perceptron(2_048, recipe)


def test_the_network_of_the_papers_judges_high_level_features(real_jets, fake_jets, jet_spec):
    class Brief(PaperClassifierTest):
        profile = dataclasses.replace(PROFILE, high_level=Perceptron(32, Recipe(epochs=4, batch=50, rate=2e-3)))

    found = Brief.create(jet_spec).compute(real_jets[:300], fake_jets[:300], MetricContext()).named("c2st_paper")
    assert found["c2st_paper_hl"] > 0.5
