import numpy as np
import pytest
import torch
from jetgen import Clouds, CloudSpec, Conditions, Feature, RunContext
from jetgen.api.settings import resolve
from jetgen.data.jets import jet_spec, relative_mass
from jetgen.errors import DataError, TrainingError
from jetgen_mdma_flowmatch.generator import MDMAFlowMatch
from jetgen_mdma_flowmatch.settings import MDMAFlowMatchSettings
from scipy.stats import wasserstein_distance

JETS = jet_spec(30)
HARD = Feature("hard", nature="categorical", categories=("no", "yes"))
WITH_TYPE = CloudSpec("jets", JETS.features, 30, (HARD,))
NUMBERS = CloudSpec("table", (Feature("x"),), 1)
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")


def settings(preset="tiny", **values):
    return resolve(MDMAFlowMatchSettings, "mdma-flowmatch", preset, [("test", values)]).settings


def fitted(clouds, spec, **values):
    model = MDMAFlowMatch.create(settings(**values), spec)
    n = len(clouds) * 4 // 5
    report = model.fit(clouds[:n], clouds[n:], RunContext(seed=1))
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
    """A model of jets after a training of some seconds, and its report."""
    return fitted(jets, JETS, steps=300, warmup=20, summary_steps=200, learning_rate=4e-3)


@pytest.fixture(scope="module")
def of_types(typed_jets):
    return fitted(typed_jets, WITH_TYPE)[0]


@pytest.fixture(scope="module")
def numbers():
    """One number per cloud, of two kinds."""
    rng = np.random.default_rng(1)
    values = np.where(rng.random(2000) < 0.3, rng.normal(-2, 0.4, 2000), rng.normal(1, 0.8, 2000))
    return Clouds(values[:, None], np.arange(2001))


@pytest.fixture(scope="module")
def of_numbers(numbers):
    return fitted(numbers, NUMBERS, steps=150, learning_rate=4e-3, density_nfe=32)[0]


def same(a, b):
    return np.array_equal(a.points, b.points) and np.array_equal(a.offsets, b.offsets)


def distances(fake, real):
    return [
        wasserstein_distance(relative_mass(fake, JETS), relative_mass(real, JETS)),
        wasserstein_distance(fake.points[:, 2], real.points[:, 2]),
    ]


def test_it_learns_the_jets(trained, jets):
    model, report = trained
    history = report.history
    assert history["points/validation"][-1] < 0.9 * np.mean(history["points/loss/points"][:5])
    noise, _ = fitted(jets[:500], JETS, steps=1, warmup=0, summary_steps=1)
    learnt, drawn = (distances(each.sample(Conditions(2000), RunContext(seed=2)), jets) for each in (model, noise))
    # The quantiles of the masses are right from the beginning, to a few hundredths of their spread.
    spread = relative_mass(jets, JETS).std()
    assert max(learnt[0], drawn[0]) < 0.25 * spread
    assert learnt[1] < 0.85 * drawn[1]


def test_the_report_counts_parameters_and_steps(trained):
    model, report = trained
    assert report.parameters == sum(parameter.numel() for parameter in model.trained().parameters())
    assert (report.steps, report.stop_reason) == (500, "finished")


def test_the_multiplicities_asked_for_come_in_their_order(trained):
    model, counts = trained[0], np.array([3, 0, 30, 1, 0, 17, 30, 2])
    found = model.sample(Conditions(8, multiplicity=counts), RunContext())
    assert found.multiplicity.tolist() == counts.tolist()
    assert (found.points[:, 2] >= 0).all()


def test_no_clouds_and_clouds_without_points_can_be_asked_for(trained):
    assert len(trained[0].sample(Conditions(0), RunContext())) == 0
    empty = trained[0].sample(Conditions(3, multiplicity=np.zeros(3, np.int64)), RunContext())
    assert (len(empty), len(empty.points)) == (3, 0)


def test_multiplicities_beyond_the_largest_are_refused(trained):
    with pytest.raises(DataError, match="multiplicities between 0 and 30 can be asked for, not up to 31"):
        trained[0].sample(Conditions(2, multiplicity=np.array([3, 31])), RunContext())


def with_settings(model, **values):
    """The same model, other settings of sampling."""
    other = MDMAFlowMatch.create(model.settings.model_copy(update=values), model.spec)
    other.preprocessing, other._trained = model.preprocessing, model._trained
    return other


def test_the_same_seed_gives_the_same_clouds_whatever_is_computed_together(of_types, typed_jets):
    conditions = Conditions.like(typed_jets[:24])
    expected = of_types.sample(conditions, RunContext(seed=3))
    assert same(of_types.sample(conditions, RunContext(seed=3)), expected)
    assert not same(of_types.sample(conditions, RunContext(seed=4)), expected)
    for points in (1, 70, 10**6):
        found = with_settings(of_types, batch_points=points).sample(conditions, RunContext(seed=3))
        np.testing.assert_array_equal(found.multiplicity, expected.multiplicity)
        np.testing.assert_allclose(found.points, expected.points, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("asked", [False, True], ids=["drawn", "asked"])
def test_a_cloud_is_the_same_whatever_batches_are_computed_and_however_many_clouds(of_types, typed_jets, asked):
    some = typed_jets[:60]

    def sampled(n, batch_points):
        conditions = Conditions(n, some.conditioning[:n], multiplicity=some.multiplicity[:n] if asked else None)
        return with_settings(of_types, batch_points=batch_points).sample(conditions, RunContext(seed=3))

    expected = sampled(60, 100)
    for n, batch_points in ((60, 1), (60, 10**6), (7, 100), (7, 10**6), (1, 100)):
        found = sampled(n, batch_points)
        np.testing.assert_array_equal(found.multiplicity, expected[:n].multiplicity)
        np.testing.assert_allclose(found.points, expected[:n].points, rtol=1e-5, atol=1e-5)


def test_rows_beyond_the_first_chunk_of_noise_are_different(of_types, monkeypatch):
    monkeypatch.setattr("jetgen.torch.clouds.noise._CLOUDS", 4)
    conditions = Conditions(8, conditioning=np.ones((8, 1), np.float32), multiplicity=np.full(8, 5))
    found = of_types.sample(conditions, RunContext())
    assert len(np.unique(found.points[:, 0])) == 40


def test_each_row_answers_its_conditioning(of_types, typed_jets):
    hard = np.random.default_rng(1).integers(0, 2, (200, 1)).astype(np.float32)
    found = of_types.sample(Conditions(200, conditioning=hard), RunContext())
    np.testing.assert_array_equal(found.conditioning, hard)
    real = typed_jets.multiplicity[typed_jets.conditioning[:, 0] == 1]
    assert found.multiplicity[hard[:, 0] == 1].max() <= real.max() < 30
    assert found.multiplicity[hard[:, 0] == 0].min() > 25
    soft, few = (found[hard[:, 0] == kind].points[:, 2] for kind in (0, 1))
    assert np.median(few) > 1.5 * np.median(soft)


def test_a_category_that_was_not_seen_is_refused_with_one_sentence(of_types):
    with pytest.raises(DataError, match="the conditioning hard is 2 at row 1; the model was trained on 0, 1"):
        of_types.sample(Conditions(2, conditioning=np.array([[0], [2]], np.float32)), RunContext())


def test_a_conditioning_of_other_columns_is_refused_with_one_sentence(of_types, trained):
    with pytest.raises(DataError, match="has 0 columns; the model was trained for hard"):
        of_types.sample(Conditions(2), RunContext())
    with pytest.raises(DataError, match="has 1 columns; the model was trained for nothing"):
        trained[0].sample(Conditions(2, conditioning=np.ones((2, 1), np.float32)), RunContext())


@pytest.mark.parametrize("solver", ["euler", "heun", "rk4", "dopri5"])
def test_every_solver_samples_about_the_same_jets(trained, solver):
    conditions = Conditions(100, multiplicity=np.full(100, 20))
    mass, other = (
        relative_mass(model.sample(conditions, RunContext(seed=1)), JETS)
        for model in (with_settings(trained[0], nfe=32), with_settings(trained[0], nfe=32, solver=solver))
    )
    assert np.corrcoef(mass, other)[0, 1] > 0.9


def test_a_saved_model_samples_the_same(of_types, typed_jets, tmp_path):
    of_types.save(tmp_path)
    loaded = MDMAFlowMatch.load(tmp_path, "cpu")
    conditions = Conditions.like(typed_jets[:50])
    assert same(of_types.sample(conditions, RunContext()), loaded.sample(conditions, RunContext()))
    clouds = typed_jets[:50]
    assert np.array_equal(of_types.log_prob(clouds, RunContext()), loaded.log_prob(clouds, RunContext()))


def test_a_saved_model_is_taken_instead_of_a_training_with_other_sampling(of_types, typed_jets, jets, tmp_path):
    of_types.save(tmp_path)
    adopted, report = fitted(typed_jets, WITH_TYPE, weights=str(tmp_path), nfe=2, solver="euler")
    conditions = Conditions.like(typed_jets[:20])
    assert report.steps == 0
    expected = with_settings(of_types, nfe=2, solver="euler", batch_points=16_384).sample(conditions, RunContext())
    assert same(adopted.sample(conditions, RunContext()), expected)
    with pytest.raises(DataError, match=r"are for jets of up to 30 points .* given hard, not for jets"):
        fitted(jets, JETS, weights=str(tmp_path))


def test_an_untrained_model_neither_samples_nor_saves_nor_judges(tmp_path, jets):
    model = MDMAFlowMatch.create(settings(), JETS)
    for use in (
        lambda: model.sample(Conditions(1), RunContext()),
        lambda: model.save(tmp_path),
        lambda: model.log_prob(jets[:1], RunContext()),
    ):
        with pytest.raises(TrainingError, match="the model has not been trained; fit it first, or load a saved one"):
            use()


def test_clouds_without_points_teach_nothing():
    empty = Clouds(np.empty((0, 3)), np.zeros(6, np.int64))
    with pytest.raises(DataError, match="the 4 training clouds hold no points: there is nothing to learn"):
        fitted(empty, JETS)


def test_a_single_jet_can_be_learnt(jets):
    model = MDMAFlowMatch.create(settings(steps=2, summary_steps=2), JETS)
    model.fit(jets[:1], jets[1:2], RunContext())
    assert len(model.sample(Conditions(3), RunContext())) == 3


def test_without_clouds_to_validate_on_the_last_weights_are_kept(jets):
    def weights(**values):
        model = MDMAFlowMatch.create(settings(steps=6, summary_steps=1, **values), JETS)
        model.fit(jets[:100], jets[:0], RunContext(seed=1))
        return model.trained().points.network.out.weight

    assert torch.equal(weights(validate_every=1), weights(validate_every=100))


def test_the_density_of_one_number_is_normalised_and_follows_the_clouds(of_numbers, numbers):
    grid = np.linspace(-8, 8, 801)
    density = np.exp(of_numbers.log_prob(Clouds(grid[:, None], np.arange(802)), RunContext()))
    assert np.sum(density) * (grid[1] - grid[0]) == pytest.approx(1, abs=0.02)
    counts, _ = np.histogram(of_numbers.sample(Conditions(4000), RunContext()).points, bins=grid[::40])
    expected = [np.sum(density[start : start + 40]) * (grid[1] - grid[0]) for start in range(0, 800, 40)]
    np.testing.assert_allclose(counts / 4000, expected, atol=0.035)


def test_a_density_counts_the_units_of_the_features(numbers):
    def densities(factor):
        scaled = Clouds(factor * numbers.points, numbers.offsets)
        model = fitted(scaled, NUMBERS, steps=20)[0]
        return model.log_prob(scaled[:50], RunContext(seed=1))

    np.testing.assert_allclose(densities(8) + np.log(8), densities(1), atol=1e-3)


def test_true_jets_are_likelier_than_shifted_ones(trained, jets):
    model = with_settings(trained[0], density_nfe=16)
    some = jets[:40]
    shifted = some.with_points(some.points + np.array([0.2, 0, 0], np.float32))
    true, wrong = (model.log_prob(each, RunContext()) for each in (some, shifted))
    assert np.median(true - wrong) > 5


def test_the_density_of_a_multiplicity_that_was_never_seen_is_0_and_empty_clouds_have_one(of_types, typed_jets):
    few = typed_jets[:10]
    empty = few.multiplicity == 0
    assert empty.any()
    found = of_types.log_prob(few, RunContext())
    assert np.isfinite(found).all()
    table = of_types.preprocessing.multiplicity
    np.testing.assert_allclose(found[empty], table.log_prob(few.multiplicity, few.conditioning)[empty])
    cut = Clouds.from_padded(few[:1].padded()[0][:, :7], np.ones((1, 7), bool), few[:1].conditioning)
    assert of_types.log_prob(cut, RunContext()) == -np.inf


def test_more_draws_of_a_density_have_less_noise(trained, jets):
    def noise(draws):
        model = with_settings(trained[0], density_draws=draws, density_nfe=4)
        both = [model.log_prob(jets[:30], RunContext(seed=seed)) for seed in (1, 2)]
        return np.median(abs(both[0] - both[1]))

    assert noise(16) < noise(1)


@needs_gpu
def test_a_model_trained_on_a_gpu_samples_there_and_on_the_processor(jets, tmp_path):
    model = MDMAFlowMatch.create(settings(steps=20, summary_steps=20), JETS)
    model.fit(jets[:500], jets[500:600], RunContext(device="cuda"))
    model.save(tmp_path)
    for device in ("cuda", "cpu"):
        found = MDMAFlowMatch.load(tmp_path, device).sample(Conditions(100), RunContext(device=device))
        assert found.multiplicity.sum() > 0
