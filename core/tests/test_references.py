"""The reference generators: replay copies, independence forgets every correlation."""

import dataclasses

import numpy as np
import pytest
from jetgen import Clouds, CloudSpec, Conditions, Feature, MetricContext, RunContext
from jetgen.api.settings import resolve
from jetgen.data.jets import relative_mass
from jetgen.data.ordering import ordered
from jetgen.errors import UsageError
from jetgen.metrics.novelty import Novelty
from jetgen.metrics.wasserstein import FeatureDistance, MassDistance
from jetgen.references import specs
from jetgen.references.copying import CopyTruth
from jetgen.references.generators import Independence, Replay
from jetgen.references.settings import CopySettings, ReferenceSettings
from jetgen.registry import load_target

BOTH = pytest.mark.parametrize("cls", [Replay, Independence])


@pytest.fixture(scope="module")
def train(real_jets):
    return real_jets[:1000]


def trained(cls, train, jet_spec):
    model = cls.create(ReferenceSettings(), jet_spec)
    report = model.fit(train, train[:0], RunContext())
    assert (report.parameters, report.steps, report.stop_reason) == (0, 0, "finished")
    return model


def rows_of(clouds):
    return {clouds[i : i + 1].points.tobytes() for i in range(len(clouds))}


def test_replay_hands_every_training_jet_back_once(train, jet_spec):
    sampled = trained(Replay, train, jet_spec).sample(Conditions(1000), RunContext())
    assert rows_of(sampled) == rows_of(ordered(train, jet_spec))


def test_replay_repeats_only_when_there_are_not_enough(train, jet_spec):
    model = trained(Replay, train[:50], jet_spec)
    assert len(rows_of(model.sample(Conditions(40), RunContext()))) == 40
    assert len(model.sample(Conditions(200), RunContext())) == 200


def test_replay_is_a_memoriser_and_independence_is_not(train, real_jets, jet_spec):
    ctx, metric = MetricContext(train=train), Novelty.create(jet_spec)
    copies = [
        metric.compute(real_jets[1000:], trained(cls, train, jet_spec).sample(Conditions(500), RunContext()), ctx)
        for cls in (Replay, Independence)
    ]
    assert [found.components["novelty_copies"] for found in copies] == [1.0, 0.0]
    assert copies[0].value == 0.0


def test_independence_has_the_marginals_and_not_the_masses(train, real_jets, jet_spec):
    sampled = trained(Independence, train, jet_spec).sample(Conditions(1000), RunContext())
    truth, ctx = real_jets[1000:], MetricContext()
    for metric, ratio in ((FeatureDistance, 2.0), (MassDistance, 1e9)):
        floor = metric.create(jet_spec).compute(truth, train, ctx).value
        assert metric.create(jet_spec).compute(truth, sampled, ctx).value < ratio * floor
    assert MassDistance.create(jet_spec).compute(truth, sampled, ctx).value > 0.01


def test_independence_keeps_each_feature_at_its_rank(train, jet_spec):
    sampled = trained(Independence, train, jet_spec).sample(Conditions(300), RunContext())
    known = ordered(train, jet_spec)
    for rank in (0, 7, 29):
        for column in range(3):
            made = sampled.points[sampled.ranks == rank, column]
            assert len(made) > 0
            assert np.isin(made, known.points[known.ranks == rank, column]).all()
    leading = sampled.points[sampled.ranks == 0]
    assert abs(np.corrcoef(leading[:, 0] ** 2, leading[:, 2])[0, 1]) < 0.2


def test_independence_makes_the_multiplicities_that_are_asked_for(train, jet_spec):
    model = trained(Independence, train, jet_spec)
    counts = np.array([3, 0, 30, 1])
    assert model.sample(Conditions(4, multiplicity=counts), RunContext()).multiplicity.tolist() == counts.tolist()
    with pytest.raises(UsageError, match="31 points are asked for; training clouds have up to 30"):
        model.sample(Conditions(2, multiplicity=np.array([1, 31])), RunContext())
    with pytest.raises(UsageError, match="cannot choose their multiplicity"):
        trained(Replay, train, jet_spec).sample(Conditions(4, multiplicity=counts), RunContext())


@BOTH
def test_the_same_seed_gives_the_same_clouds_after_saving_too(cls, train, jet_spec, tmp_path):
    model = trained(cls, train, jet_spec)
    model.save(tmp_path)
    loaded = cls.load(tmp_path, "cpu")
    assert loaded.cloud_spec == jet_spec
    draws = [one.sample(Conditions(70), RunContext(seed=5)).fingerprint() for one in (model, model, loaded)]
    assert len(set(draws)) == 1
    assert model.sample(Conditions(70), RunContext(seed=6)).fingerprint() not in draws
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.json", "train.h5"]


@pytest.fixture(scope="module")
def heavy_or_light(train, jet_spec):
    """Jets with the half of the masses that they belong to as conditioning."""
    mass = relative_mass(train, jet_spec)
    spec = CloudSpec("jets", jet_spec.features, 30, (Feature("heavy", nature="categorical"),))
    return Clouds(train.points, train.offsets, (mass > np.median(mass))[:, None].astype(float)), spec


@BOTH
def test_of_a_category_its_own_training_clouds_are_resampled(cls, heavy_or_light):
    train, spec = heavy_or_light
    model = trained(cls, train, spec)
    asked = np.random.default_rng(1).integers(2, size=(800, 1)).astype(np.float32)
    sampled = model.sample(Conditions(800, conditioning=asked), RunContext())
    assert sampled.conditioning.tolist() == asked.tolist()
    known = ordered(train, spec)
    for value in (0, 1):
        ours, theirs = (clouds[np.flatnonzero(clouds.conditioning[:, 0] == value)] for clouds in (sampled, known))
        for rank in (0, 9):
            leading = theirs.points[theirs.ranks == rank, 2]
            assert np.isin(ours.points[ours.ranks == rank, 2], leading).all()
    heavy = asked[:, 0] == 1
    mass = relative_mass(sampled, spec)
    assert np.median(mass[heavy]) > np.median(mass[~heavy])


def test_replay_repeats_no_cloud_of_a_category_that_has_enough(heavy_or_light):
    train, spec = heavy_or_light
    sampled = trained(Replay, train, spec).sample(Conditions.like(train), RunContext())
    assert rows_of(sampled) == rows_of(ordered(train, spec))


@BOTH
def test_conditions_that_no_training_cloud_answers_are_refused(cls, heavy_or_light):
    train, spec = heavy_or_light
    model = trained(cls, train, spec)
    with pytest.raises(UsageError, match=r"no training cloud with the conditioning \[7.0\]"):
        model.sample(Conditions(2, conditioning=np.array([[1.0], [7.0]])), RunContext())
    with pytest.raises(UsageError, match=r"which have conditioning of shape \(2, 1\)"):
        model.sample(Conditions(2), RunContext())
    assert model.sample(Conditions(0, conditioning=np.empty((0, 1))), RunContext()).conditioning.shape == (0, 1)


def test_multiplicities_are_those_asked_for_row_by_row_among_categories(heavy_or_light):
    train, spec = heavy_or_light
    counts, asked = np.array([3, 0, 30, 1]), np.array([[1.0], [0.0], [1.0], [0.0]])
    sampled = trained(Independence, train, spec).sample(
        Conditions(4, conditioning=asked, multiplicity=counts), RunContext()
    )
    assert sampled.multiplicity.tolist() == counts.tolist()


@pytest.fixture(scope="module")
def with_mass(train, jet_spec):
    """Jets with their mass as conditioning, and half of the time of one of two kinds."""
    conditioning = np.stack([relative_mass(train, jet_spec), np.arange(1000) % 2], axis=1)
    columns = (Feature("mass", nature="positive"), Feature("kind", nature="categorical"))
    return Clouds(train.points, train.offsets, conditioning), CloudSpec("jets", jet_spec.features, 30, columns)


def test_replay_answers_a_number_with_the_nearest_training_cloud_of_the_category(with_mass):
    train, spec = with_mass
    asked = np.array([[0.1, 0.0], [0.17, 1.0], [9.0, 1.0]], np.float32)
    sampled = trained(Replay, train, spec).sample(Conditions(3, conditioning=asked), RunContext())
    assert sampled.conditioning.tolist() == asked.tolist()
    known = ordered(train, spec)
    for row, (mass, kind) in enumerate(asked):
        there = np.flatnonzero(known.conditioning[:, 1] == kind)
        nearest = there[np.abs(np.log(known.conditioning[there, 0] / mass)).argmin()]
        assert sampled[row : row + 1].points.tolist() == known[nearest : nearest + 1].points.tolist()


def test_independence_draws_each_feature_from_training_clouds_of_like_numbers(with_mass):
    train, spec = with_mass
    asked = np.tile(np.array([[0.05, 0.0], [0.2, 0.0]], np.float32), (200, 1))
    sampled = trained(Independence, train, spec).sample(Conditions(400, conditioning=asked), RunContext())
    known = ordered(train, spec)[::2]
    for row, mass in enumerate(asked[:2, 0]):
        near = known[np.sort(np.abs(np.log(known.conditioning[:, 0] / mass)).argsort(kind="stable")[:10])]
        ours = sampled[row::2]
        assert set(ours.multiplicity.tolist()) <= set(near.multiplicity.tolist())
        for rank in (0, 9, 29):
            for column in range(3):
                made = ours.points[ours.ranks == rank, column]
                assert set(made.tolist()) == set(near.points[near.ranks == rank, column].tolist())
    few = Conditions(2, conditioning=asked[:2], multiplicity=np.array([3, 0]))
    assert trained(Independence, train, spec).sample(few, RunContext()).multiplicity.tolist() == [3, 0]
    with pytest.raises(UsageError, match="40 points are asked for; training clouds have up to 30"):
        trained(Independence, train, spec).sample(
            Conditions(2, conditioning=asked[:2], multiplicity=np.array([1, 40])), RunContext()
        )


@BOTH
def test_no_clouds_are_made_when_none_are_asked_for(cls, train, jet_spec):
    assert len(trained(cls, train, jet_spec).sample(Conditions(0), RunContext())) == 0


@BOTH
def test_empty_training_clouds_are_clouds(cls):
    spec = CloudSpec("showers", (Feature("x"),), 2)
    model = trained(cls, Clouds([[1.0], [2.0]], [0, 0, 2, 2]), spec)
    assert set(model.sample(Conditions(50), RunContext()).multiplicity.tolist()) == {0, 2}


@BOTH
def test_what_cannot_be_answered_is_refused(cls, train, jet_spec):
    spec = CloudSpec("jets", jet_spec.features, 30, (Feature("energy"),), given=jet_spec)
    with pytest.raises(UsageError, match="by their conditioning or by their true events, not by both"):
        cls.create(ReferenceSettings(), spec)
    with pytest.raises(UsageError, match="which have no conditioning and no conditioning clouds"):
        trained(cls, train, jet_spec).sample(Conditions(1, conditioning=np.zeros((1, 1))), RunContext())
    with pytest.raises(UsageError, match="call fit before sample"):
        cls.create(ReferenceSettings(), jet_spec).sample(Conditions(1), RunContext())


@pytest.fixture
def answers():
    """A spec, and 60 clouds that answer six true events of 1, 2 or 4 particles; a point is 100 times its event."""
    particles = CloudSpec("tracks", (Feature("class", nature="categorical"), Feature("pt", nature="positive")), 4)
    spec = CloudSpec("tracks", (Feature("pt", nature="positive"),), 4, given=particles)
    given = Clouds.from_multiplicities(np.arange(28.0).reshape(14, 2), [1, 2, 4, 1, 2, 4])
    event = np.arange(60) % 6
    counts = given.multiplicity[event] - (np.arange(60) // 6) % 2
    points = np.repeat(100.0 * (1 + event), counts)[:, None]
    return spec, Clouds(points, np.concatenate([[0], np.cumsum(counts)]), None, given, event)


def asked(counts):
    given = Clouds(np.zeros((sum(counts), 2)), np.concatenate([[0], np.cumsum(counts)]))
    return Conditions(len(counts), given=given, event=np.arange(len(counts)))


@BOTH
def test_true_events_are_answered_by_clouds_of_events_of_the_same_size(cls, answers, tmp_path):
    spec, clouds = answers
    trained(cls, clouds, spec).save(tmp_path)
    model = cls.load(tmp_path, "cpu")
    sizes = np.repeat([4, 1, 2, 3, 9], 50)
    made = model.sample(asked(sizes.tolist()), RunContext())
    assert len(made) == 250
    assert (made.given, made.event) == (None, None)
    assert (made.multiplicity <= sizes).all()
    for size, events in ((4, {3, 6}), (1, {1, 4}), (2, {2, 5}), (3, {2, 5}), (9, {3, 6})):
        of_size = made[np.flatnonzero(sizes == size)]
        assert set((of_size.points[:, 0] / 100).tolist()) == events


@BOTH
def test_true_events_that_nobody_asked_about_or_that_are_missing_are_refused(cls, answers, train, jet_spec):
    with pytest.raises(UsageError, match="which have no conditioning and no conditioning clouds"):
        trained(cls, train, jet_spec).sample(asked([1]), RunContext())
    spec, clouds = answers
    with pytest.raises(UsageError, match="which have no conditioning and conditioning clouds"):
        trained(cls, clouds, spec).sample(Conditions(1), RunContext())


def test_copy_truth_hands_the_features_of_true_events_back(answers, tmp_path):
    spec, clouds = answers
    model = CopyTruth.create(CopySettings(), spec)
    model.fit(clouds, clouds[:0], RunContext())
    model.save(tmp_path)
    made = CopyTruth.load(tmp_path, "cpu").sample(Conditions.like(clouds), RunContext())
    assert made.multiplicity.tolist() == clouds.given.multiplicity[clouds.event].tolist()
    assert made[2:3].points[:, 0].tolist() == [7.0, 9.0, 11.0, 13.0]


def test_copy_truth_is_refused_where_there_is_nothing_to_copy(answers, jet_spec):
    spec, _ = answers
    assert "these clouds answer none" in CopySettings().incompatibility(jet_spec)
    wider = CloudSpec("tracks", (*spec.features, Feature("eta")), 4, given=spec.given)
    assert CopySettings().incompatibility(wider) == "it copies true events, which have no eta"
    fewer = CloudSpec("tracks", spec.features, 3, given=spec.given)
    assert "up to 4 points, and clouds have 3" in CopySettings().incompatibility(fewer)
    with pytest.raises(UsageError, match="copy-truth does not fit these clouds: it copies true events"):
        CopyTruth.create(CopySettings(), jet_spec)
    with pytest.raises(UsageError, match="ask for some"):
        CopyTruth(spec).sample(Conditions(2), RunContext())
    with pytest.raises(UsageError, match="cannot choose their multiplicity"):
        CopyTruth(spec).sample(dataclasses.replace(asked([1]), multiplicity=np.ones(1, int)), RunContext())


@pytest.mark.parametrize("spec", [specs.replay, specs.independence], ids=lambda spec: spec.name)
def test_they_are_reference_rows_with_every_preset(spec):
    assert spec.baseline
    settings = load_target(spec.settings)
    assert list(settings.presets) == ["tiny", "quick", "standard", "gpu", "full"]
    assert resolve(settings, spec.name, "quick").values == {}
    assert load_target(spec.target).__name__.lower() == spec.name
