from functools import partial

import numpy as np
import pytest
import torch
from jetgen import Clouds, CloudSpec, Conditions, Feature, RunContext
from jetgen.api.settings import resolve
from jetgen.data.jets import jet_spec
from jetgen.errors import DataError, TrainingError
from jetgen.evaluation.validation import Validation
from jetgen.torch.clouds import generator
from jetgen_mdma_gan.generator import MDMAGAN
from jetgen_mdma_gan.settings import MDMAGANSettings
from jetgen_toys.showers.dataset import ToyShowers

JETS = jet_spec(30)
HARD = Feature("hard", nature="categorical", categories=("no", "yes"))
WITH_TYPE = CloudSpec("jets", JETS.features, 30, (HARD,))
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")


def settings(preset="tiny", **values):
    return resolve(MDMAGANSettings, "mdma-gan", preset, [("test", values)]).settings


def fitted(clouds, spec=JETS, ctx=None, **values):
    model = MDMAGAN.create(settings(**values), spec)
    n = len(clouds) * 4 // 5
    report = model.fit(clouds[:n], clouds[n:], ctx or RunContext(seed=1))
    return model, report


@pytest.fixture(scope="module")
def typed_jets(jets):
    """Jets of two types: of one only the hard particles are kept, some jets have none."""
    points, mask = jets[:600].padded()
    hard = np.arange(600) % 2 == 1
    mask &= ~hard[:, None] | (points[..., 2] > 0.03)
    mask[5] = False
    return Clouds.from_padded(points, mask, hard[:, None].astype(float))


@pytest.fixture(scope="module")
def trained(jets):
    """A model of jets after a training of a second, and its report."""
    return fitted(jets, steps=60, warmup=20, validate_every=20)


@pytest.fixture(scope="module")
def of_types(typed_jets):
    return fitted(typed_jets, WITH_TYPE)[0]


def same(a, b):
    return np.array_equal(a.points, b.points) and np.array_equal(a.offsets, b.offsets)


class LearntError(Exception):
    """The score that a test waits for was reached."""


def test_a_training_improves_the_score_of_an_untrained_network(jets):
    """How soon depends on the processor: it trains until then, and the limit is generous."""
    _, untrained = fitted(jets, steps=1, warmup=0, validation_clouds=300)
    wanted = 0.75 * untrained.history["gan/validation"][0]

    def listen(event):
        if event["kind"] == "validation" and event["score"] < wanted:
            raise LearntError

    context = RunContext(seed=1, listener=listen)
    with pytest.raises(LearntError):
        fitted(jets, ctx=context, steps=3000, warmup=20, validate_every=25, validation_clouds=300)


def test_the_weights_with_the_best_score_are_kept(jets, monkeypatch):
    judged, score = [], Validation.score

    def remembered(judge, generator):
        judged.append((judge, generator.initial_seed()))
        return score(judge, generator)

    monkeypatch.setattr(Validation, "score", remembered)
    scores = fitted(jets[:400], steps=30, validate_every=5)[1].history["gan/validation"]
    judge, seed = judged[-1]
    assert len(scores) == 6
    assert score(judge, torch.Generator().manual_seed(seed)) == min(scores)


def test_the_report_counts_parameters_and_steps_and_has_both_losses(trained):
    model, report = trained
    assert (report.steps, report.stop_reason) == (60 + model.settings.summary_steps, "finished")
    assert report.parameters > 10_000
    assert {"gan/loss/critic", "gan/loss/generator", "kept/mass", "kept/efps"} <= report.history.keys()


def test_a_hopeless_training_ends_with_a_sentence(jets):
    with pytest.raises(TrainingError, match=r"collapsed: the best validated clouds are .* floors from true ones"):
        fitted(jets[:300], steps=1, collapse_ratio=1e-3)


@pytest.mark.parametrize(
    "values",
    [
        {"loss": "wgan-gp", "critic_steps": 2, "r1": 0.0, "r2": 0.0, "summary": False},
        {"loss": "lsgan", "critic_norm": "rows", "matching": 1.0, "r1": 0.0, "r2": 0.0},
        {"critic_norm": "spectral", "ema": 0.0, "buckets": False},
    ],
    ids=["wgan-gp", "published", "spectral"],
)
def test_each_way_to_train_ends_with_clouds(jets, values):
    model, report = fitted(jets[:400], steps=10, **values)
    assert np.isfinite(report.history["gan/validation"]).all()
    assert len(model.sample(Conditions(10), RunContext()).points)


def test_the_multiplicities_asked_for_come_in_their_order(trained):
    model, counts = trained[0], np.array([3, 0, 30, 1, 0, 17, 30, 2])
    found = model.sample(Conditions(8, multiplicity=counts), RunContext())
    assert found.multiplicity.tolist() == counts.tolist()
    assert (found.points[:, 2] >= 0).all()


def test_no_clouds_and_clouds_without_points_can_be_asked_for(trained):
    assert len(trained[0].sample(Conditions(0), RunContext())) == 0
    empty = trained[0].sample(Conditions(3, multiplicity=np.zeros(3, np.int64)), RunContext())
    assert (len(empty), len(empty.points)) == (3, 0)


def with_batches(model, points):
    """The same model, which computes so many points at once."""
    other = MDMAGAN.create(model.settings.model_copy(update={"batch_points": points}), model.spec)
    other.preprocessing, other._trained = model.preprocessing, model._trained
    return other


def test_the_same_seed_gives_the_same_clouds_whatever_is_computed_together(of_types, typed_jets):
    conditions = Conditions.like(typed_jets[:24])
    expected = of_types.sample(conditions, RunContext(seed=3))
    assert same(of_types.sample(conditions, RunContext(seed=3)), expected)
    assert not same(of_types.sample(conditions, RunContext(seed=4)), expected)
    for points in (1, 70, 10**6):
        found = with_batches(of_types, points).sample(conditions, RunContext(seed=3))
        np.testing.assert_array_equal(found.multiplicity, expected.multiplicity)
        np.testing.assert_allclose(found.points, expected.points, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("asked", [False, True], ids=["drawn", "asked"])
def test_a_cloud_is_the_same_whatever_batches_are_computed_and_however_many_clouds(of_types, typed_jets, asked):
    some = typed_jets[:60]

    def sampled(n, batch_points):
        conditions = Conditions(n, some.conditioning[:n], multiplicity=some.multiplicity[:n] if asked else None)
        return with_batches(of_types, batch_points).sample(conditions, RunContext(seed=3))

    expected = sampled(60, 100)
    for n, batch_points in ((60, 1), (60, 10**6), (7, 100), (7, 10**6), (1, 100)):
        found = sampled(n, batch_points)
        np.testing.assert_array_equal(found.multiplicity, expected[:n].multiplicity)
        np.testing.assert_allclose(found.points, expected[:n].points, rtol=1e-5, atol=1e-5)


def test_rows_beyond_the_first_chunk_of_noise_are_different(of_types, monkeypatch):
    monkeypatch.setattr("jetgen.torch.clouds.noise._CLOUDS", 4)
    conditions = Conditions(8, conditioning=np.ones((8, 1), np.float32), multiplicity=np.full(8, 5))
    assert len(np.unique(of_types.sample(conditions, RunContext()).points[:, 0])) == 40


def test_each_row_answers_its_conditioning(of_types, typed_jets):
    hard = np.random.default_rng(1).integers(0, 2, (200, 1)).astype(np.float32)
    found = of_types.sample(Conditions(200, conditioning=hard), RunContext())
    np.testing.assert_array_equal(found.conditioning, hard)
    real = typed_jets.multiplicity[typed_jets.conditioning[:, 0] == 1]
    assert found.multiplicity[hard[:, 0] == 1].max() <= real.max() < 30
    assert found.multiplicity[hard[:, 0] == 0].min() > 25


def test_a_conditioning_of_other_columns_is_refused_with_one_sentence(of_types, trained):
    with pytest.raises(DataError, match="has 0 columns; the model was trained for hard"):
        of_types.sample(Conditions(2), RunContext())
    with pytest.raises(DataError, match="has 1 columns; the model was trained for nothing"):
        trained[0].sample(Conditions(2, conditioning=np.ones((2, 1), np.float32)), RunContext())


def test_generated_jets_are_as_often_mirrored_as_not(trained):
    found = trained[0].sample(Conditions(4000), RunContext())
    means = np.bincount(found.rows, found.points[:, 0], 4000) / np.maximum(found.multiplicity, 1)
    assert abs(means.mean()) < 4 * means.std() / 4000**0.5


def test_a_killed_training_goes_on_to_the_same_weights(jets, tmp_path, monkeypatch):
    monkeypatch.setattr(generator, "fit", partial(generator.fit, checkpoint_seconds=0.0))
    whole, report = fitted(jets[:400], steps=20, validate_every=5)
    validations = 0

    def kill(event):
        nonlocal validations
        validations += event["kind"] == "validation"
        if validations == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fitted(jets[:400], ctx=RunContext(seed=1, out=tmp_path, listener=kill), steps=20, validate_every=5)
    steps = []
    context = RunContext(seed=1, out=tmp_path, listener=lambda event: steps.append(event.get("done")))
    cut, resumed = fitted(jets[:400], ctx=context, steps=20, validate_every=5)
    mine, theirs = (each.trained().state_dict() for each in (whole, cut))
    assert all(torch.equal(mine[name], theirs[name]) for name in mine)
    assert resumed.history == report.history
    assert min(step for step in steps if step) > 10


def test_a_saved_model_samples_the_same(of_types, typed_jets, tmp_path):
    of_types.save(tmp_path)
    loaded = MDMAGAN.load(tmp_path, "cpu")
    conditions = Conditions.like(typed_jets[:50])
    assert same(of_types.sample(conditions, RunContext()), loaded.sample(conditions, RunContext()))


def test_a_saved_model_is_taken_instead_of_a_training(of_types, typed_jets, jets, tmp_path):
    of_types.save(tmp_path)
    adopted, report = fitted(typed_jets, WITH_TYPE, weights=str(tmp_path), batch_points=100)
    conditions = Conditions.like(typed_jets[:20])
    assert report.steps == 0
    expected, found = (model.sample(conditions, RunContext()) for model in (of_types, adopted))
    np.testing.assert_allclose(found.points, expected.points, rtol=1e-3, atol=1e-5)
    with pytest.raises(DataError, match=r"are for jets of up to 30 points .* given hard, not for jets"):
        fitted(jets, weights=str(tmp_path))


def test_an_untrained_model_neither_samples_nor_saves(tmp_path):
    model = MDMAGAN.create(settings(), JETS)
    for use in (lambda: model.sample(Conditions(1), RunContext()), lambda: model.save(tmp_path)):
        with pytest.raises(TrainingError, match="the model has not been trained; fit it first, or load a saved one"):
            use()


def test_clouds_without_points_teach_nothing():
    empty = Clouds(np.empty((0, 3)), np.zeros(6, np.int64))
    with pytest.raises(DataError, match="the 4 training clouds hold no points: there is nothing to learn"):
        fitted(empty)


def test_a_single_jet_and_no_validation_are_enough(jets):
    for val in (jets[1:2], jets[:0]):
        model = MDMAGAN.create(settings(steps=2), JETS)
        model.fit(jets[:1], val, RunContext())
        assert len(model.sample(Conditions(3), RunContext())) == 3


@pytest.fixture(scope="module")
def showers():
    """The small ones among simulated showers, and what they mean."""
    dataset = ToyShowers.create("tiny")
    found = dataset.simulate(400, seed=1)
    return found[found.multiplicity < 400], dataset.spec


def test_showers_are_generated_for_their_conditioning_with_each_hit_in_a_cell_of_its_own(showers):
    clouds, spec = showers
    model, report = fitted(clouds, spec, steps=30)
    assert {"kept/energy", "kept/features", "kept/size"} <= report.history.keys()
    conditions = Conditions.like(clouds[:50])
    found = model.sample(conditions, RunContext())
    np.testing.assert_array_equal(found.conditioning, clouds.conditioning[:50])
    cells = found.points[:, 1:]
    assert (cells >= 0).all()
    assert (cells < [45, 16, 9]).all()
    assert len(np.unique(np.column_stack([found.rows, cells]), axis=0)) == len(cells)


@needs_gpu
def test_a_model_trained_on_a_gpu_samples_there_and_on_the_processor(jets, tmp_path):
    model = MDMAGAN.create(settings(steps=20), JETS)
    model.fit(jets[:500], jets[500:600], RunContext(device="cuda"))
    model.save(tmp_path)
    for device in ("cuda", "cpu"):
        found = MDMAGAN.load(tmp_path, device).sample(Conditions(100), RunContext(device=device))
        assert found.multiplicity.sum() > 0
