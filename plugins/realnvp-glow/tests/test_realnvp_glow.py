import numpy as np
import pytest
from jetgen import Clouds, CloudSpec, Conditions, Feature, RunContext
from jetgen.api.settings import resolve
from jetgen.data.jets import jet_spec
from jetgen.errors import DataError, TrainingError
from jetgen_realnvp_glow.autoregressive import RQSAutoregressive
from jetgen_realnvp_glow.glow import RealNVPGlow
from jetgen_realnvp_glow.settings import RealNVPGlowSettings, RQSAutoregressiveSettings

PLANE = CloudSpec("table", (Feature("x"), Feature("y", nature="positive")), 1)
MODELS = {
    "realnvp-glow": (RealNVPGlow, RealNVPGlowSettings),
    "rqs-autoregressive": (RQSAutoregressive, RQSAutoregressiveSettings),
}


def untrained(name="realnvp-glow", spec=PLANE, preset="tiny", **values):
    cls, settings = MODELS[name]
    return cls.create(resolve(settings, name, preset, [("test", values)]).settings, spec)


def table(n=2000, seed=1):
    """Points on a bow, with a sharp lower edge in y."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    return Clouds(np.stack([x, 1 + (0.5 * x**2 + rng.exponential(0.3, n))], 1), np.arange(n + 1))


def fitted(model, clouds=None, **context):
    clouds = table() if clouds is None else clouds
    cut = len(clouds) * 4 // 5
    model.fit(clouds[:cut], clouds[cut:], RunContext(seed=1, **context))
    return model


FLOWS = [
    ("realnvp-glow", {"scaling": "logit", "transformer": "affine", "normalisation": "batch"}),
    ("realnvp-glow", {"permutation": "checkerboard"}),
    ("rqs-autoregressive", {}),
]


@pytest.fixture(scope="module", params=FLOWS, ids=lambda each: f"{each[0]}-{'-'.join(each[1].values())}")
def trained(request):
    name, values = request.param
    return fitted(untrained(name, **values))


def test_the_density_integrates_to_1_in_the_units_of_the_data(trained):
    x = np.linspace(-14, 14, 281)
    y = np.concatenate([np.linspace(-8, 0.8, 50), np.linspace(0.81, 4, 800), np.linspace(4.1, 30, 100)])
    grid = np.stack([each.ravel() for each in np.meshgrid(x, y, indexing="ij")], 1)
    density = np.exp(trained.log_prob(Clouds(grid, np.arange(len(grid) + 1)), RunContext()))
    total = np.trapezoid(np.trapezoid(density.reshape(len(x), len(y)), y, axis=1), x)
    assert total == pytest.approx(1, abs=0.02)


def test_the_density_is_that_of_its_own_samples(trained):
    """The mean of 1 / density over samples inside a box is the area of the box over the part of them inside."""
    made = trained.sample(Conditions(20_000), RunContext(seed=2)).points
    inside = (np.abs(made[:, 0]) < 0.5) & (made[:, 1] > 1.2) & (made[:, 1] < 1.5)
    clouds = Clouds(made[inside], np.arange(inside.sum() + 1))
    weights = np.exp(-trained.log_prob(clouds, RunContext()))
    area = weights.sum() / len(made)
    error = np.sqrt((weights**2).sum()) / len(made)
    assert area == pytest.approx(0.3, abs=5 * error)


def test_statistics_of_batches_are_right_after_loading(trained, tmp_path):
    trained.save(tmp_path)
    again = type(trained).load(tmp_path, "cpu")
    assert np.array_equal(again.log_prob(table(50, 7), RunContext()), trained.log_prob(table(50, 7), RunContext()))
    twins = [model.sample(Conditions(50), RunContext(seed=3)).points for model in (trained, again)]
    assert np.array_equal(*twins)


def test_training_raises_the_likelihood():
    few, many = (fitted(untrained(steps=steps)).log_prob(table(500, 9), RunContext()).mean() for steps in (1, 150))
    assert many > few + 0.3


def test_a_flow_that_has_not_been_trained_refuses_to_sample():
    with pytest.raises(TrainingError, match="has not been trained"):
        untrained().sample(Conditions(3), RunContext())


def test_the_conditioning_steers_what_is_generated():
    spec = CloudSpec("table", PLANE.features, 1, conditioning=(Feature("signal", nature="categorical"),))
    label = np.arange(2000) % 2
    plain = table()
    clouds = Clouds(plain.points + 10 * label[:, None], plain.offsets, label[:, None])
    model = fitted(untrained(spec=spec, steps=150), clouds)
    made = model.sample(Conditions(200, conditioning=label[:200, None].astype(np.float32)), RunContext(seed=1)).points
    assert made[label[:200] == 1, 0].mean() > made[label[:200] == 0, 0].mean() + 5


def test_values_outside_the_range_of_a_logit_have_no_density():
    model = fitted(untrained(scaling="logit"))
    strange = Clouds([[0.0, 1.5], [0.0, 1e6]], np.arange(3))
    found = model.log_prob(strange, RunContext())
    assert np.isfinite(found[0])
    assert found[1] == -np.inf


def test_discrete_columns_and_peaks_at_an_edge_are_generated_as_they_are():
    rng = np.random.default_rng(1)
    met = np.where(rng.random(2000) < 0.3, 0.0, rng.exponential(1.0, 2000))
    points = np.stack([met, rng.integers(0, 3, 2000)], 1)
    spec = CloudSpec("table", (Feature("met", nature="positive"), Feature("btags", nature="categorical")), 1)
    clouds = Clouds(points, np.arange(2001))
    model = fitted(untrained(spec=spec, steps=150), clouds)
    made = model.sample(Conditions(2000), RunContext(seed=1)).points
    assert set(np.unique(made[:, 1])) == {0, 1, 2}
    assert (made[:, 0] == 0).mean() == pytest.approx(0.3, abs=0.15)
    assert made[:, 0].min() == 0
    assert np.isfinite(model.log_prob(clouds[:100], RunContext())).all()


def test_jets_of_all_sizes_are_flattened():
    rng = np.random.default_rng(1)
    sizes = rng.integers(1, 5, 400)
    points = np.stack([*rng.normal(0, 0.1, (2, sizes.sum())), rng.exponential(0.1, sizes.sum())], 1)
    jets = Clouds.from_multiplicities(points.astype(np.float32), sizes)
    model = fitted(untrained(spec=jet_spec(4)), jets)
    made = model.sample(Conditions(100), RunContext(seed=1))
    assert set(made.multiplicity) <= {1, 2, 3, 4}
    assert (made.points[:, 2] >= 0).all()
    assert np.isfinite(model.log_prob(jets[:50], RunContext())).all()


@pytest.mark.parametrize(
    ("name", "spec", "why"),
    [
        ("realnvp-glow", CloudSpec("table", PLANE.features[:1], 1), "at least two numbers"),
        ("rqs-autoregressive", jet_spec(4), "clouds of one point"),
        ("realnvp-glow", CloudSpec("table", (Feature("x"), Feature("phi", nature="periodic")), 1), "periodic"),
    ],
)
def test_what_a_flow_cannot_learn_is_said(name, spec, why):
    assert why in MODELS[name][1]().incompatibility(spec)


def test_a_column_that_a_flow_cannot_learn_is_refused_by_its_name():
    points = table().points.copy()
    points[::5, 1] = 1.7
    with pytest.raises(DataError, match=r"the column y is 1\.7 in 20% of the rows"):
        fitted(untrained(), Clouds(points, np.arange(2001)))
