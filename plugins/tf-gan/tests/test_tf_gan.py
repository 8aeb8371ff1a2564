"""The generator as its users see it, on real jets."""

import numpy as np
import pytest
import torch
from jetgen import CloudSpec, Conditions, Feature, RunContext
from jetgen.api.settings import Need, resolve
from jetgen.data.jets import jet_spec, relative_mass, relative_pt
from jetgen.errors import DataError, TrainingError, UsageError
from jetgen.io.saved_model import save_model
from jetgen.torch import TrainingData
from jetgen.torch.training import seeded
from jetgen_rqs_flow.generator import RQSFlow
from jetgen_rqs_flow.settings import RQSFlowSettings
from jetgen_tf_gan.generator import TFGAN
from jetgen_tf_gan.settings import TFGANSettings
from scipy.stats import spearmanr, wasserstein_distance

SPEC = jet_spec(30)
CARD = {"generator": {"name": "rqs-flow", "distribution": "jetgen-rqs-flow"}, "cloud_spec": SPEC.to_json()}


def settings(preset="tiny", **values):
    return resolve(TFGANSettings, "tf-gan", preset, [("test", values)]).settings


@pytest.fixture(scope="module")
def flow(jets, tmp_path_factory):
    """The folder of a flow after a training of a second."""
    model = RQSFlow.create(resolve(RQSFlowSettings, "rqs-flow", "tiny").settings, SPEC)
    model.fit(jets[:800], jets[800:1000], RunContext(seed=1))
    folder = tmp_path_factory.mktemp("flow") / "model"
    save_model(model, folder, CARD)
    return folder


@pytest.fixture(scope="module")
def fitted(jets, flow):
    """A function of settings: a refiner of the flow after a short training."""

    def trained(**values):
        model = TFGAN.create(settings(**{"steps": 12, "validate_every": 6, **values}), SPEC)
        report = model.fit(jets[:800], jets[800:1000], RunContext(seed=1, upstream={"base": flow}))
        return model, report

    return trained


@pytest.fixture(scope="module")
def trained(fitted):
    return fitted()[0]


def same(one, other):
    return np.array_equal(one.points, other.points) and np.array_equal(one.offsets, other.offsets)


def test_the_score_of_the_kept_weights_is_in_the_history(fitted):
    _, report = fitted()
    assert len(report.history["gan/validation"]) == 2
    assert {"kept/mass", "kept/efps", "kept/score", "kept/variety"} <= report.history.keys()


def test_refined_jets_are_those_of_the_base_moved_particle_by_particle(fitted, trained):
    asked = Conditions(300, multiplicity=np.full(300, 12))
    seed = RunContext(seed=3).torch_seed("sampling")
    base = trained.base.clouds_of_sizes(asked, RunContext(seed=seed))
    plain, curved = (model.sample(asked, RunContext(seed=3)) for model in (fitted(true_marginals=False)[0], trained))
    for refined in (plain, curved):
        moved = np.abs(refined.points - base.points)
        assert 0 < np.median(moved[:, 0]) < 0.1
        assert spearmanr(refined.points[:, 2], base.points[:, 2]).statistic > 0.9
    # The curves bend momenta, and keep their order.
    correlation = np.corrcoef(np.log(plain.points[:, 2] + 1e-6), np.log(base.points[:, 2] + 1e-6))[0, 1]
    assert correlation > 0.9


def test_refined_jets_keep_mass_and_momentum_of_their_draft_if_they_shall(fitted):
    asked, ctx = Conditions(300, multiplicity=np.full(300, 20)), RunContext(seed=3)
    far = []
    for keep in (True, False):
        model, _ = fitted(keep_summary=keep, steps=1, validate_every=1)
        with seeded(1):  # moves that no luck of a training makes too small
            torch.nn.init.normal_(model._trained.model.refiner.maps[-1].weight, std=0.3)
        draft = model.base.clouds_of_sizes(asked, RunContext(seed=ctx.torch_seed("sampling")))
        refined = model.sample(asked, ctx)
        far.append([np.abs(np.log(of(refined, SPEC) / of(draft, SPEC))) for of in (relative_mass, relative_pt)])
    (kept_mass, kept_pt), (free_mass, _) = far
    assert np.quantile(kept_pt, 0.9) < 0.01
    assert np.quantile(kept_mass, 0.9) < 0.02
    assert np.median(kept_mass) < 0.2 * np.median(free_mass)


def away(model, jets):
    """W1 of each feature of sampled jets, in units of its spread."""
    made, spread = model.sample(Conditions(800), RunContext(seed=3)).points, jets.points.std(0)
    return [wasserstein_distance(made[:, i], jets.points[:, i]) / spread[i] for i in range(3)]


def test_refined_features_have_the_true_distributions_if_they_shall(fitted, jets):
    mended, plain = (max(away(fitted(true_marginals=shall, steps=1)[0], jets)) for shall in (True, False))
    assert mended < 0.05
    assert plain > 2 * mended


def test_the_curves_are_fitted_to_jets_as_they_are_sampled(fitted, jets):
    model, _ = fitted(keep_summary=False, steps=1)
    module, train = model._trained.model, jets[:800]
    with torch.no_grad():  # a refiner that prefers a side; jets are mirrored, so that samples do not
        module.refiner.maps[-1].bias += 1.5
    bent = max(away(model, jets))
    rows = model.preprocessing.rows(train, np.random.default_rng(1), training=True)
    model._fit_marginals(module, TrainingData(train, jets[:0], rows, {}, RunContext(seed=1), 25.0))
    assert max(away(model, jets)) < 0.05
    assert bent > 0.3


def test_no_side_is_preferred(fitted):
    asked, ctx, biases = Conditions(1000, multiplicity=np.full(1000, 10)), RunContext(seed=3), []
    for mirroring in (True, False):
        model, _ = fitted(keep_summary=False, steps=1, validate_every=1, mirroring=mirroring)
        with seeded(1):  # moves that no luck of a training makes too small
            torch.nn.init.normal_(model._trained.model.refiner.maps[-1].bias, std=0.3)
        draft = model.base.clouds_of_sizes(asked, RunContext(seed=ctx.torch_seed("sampling")))
        moves = (model.sample(asked, ctx).points - draft.points)[:, :2].reshape(1000, 10, 2).mean(1)
        biases.append(np.abs(moves.mean(0)) / (moves.std(0) / np.sqrt(1000)))
    assert (biases[0] < 5).all()
    assert (biases[1] > 20).all()


def test_a_jet_depends_on_its_row_alone(fitted, trained):
    noisy, _ = fitted(dropout=0.2, dropout_in_generation=True)
    for model in (trained, noisy):
        many, few = (model.sample(Conditions(n), RunContext(seed=5)) for n in (400, 30))
        np.testing.assert_allclose(many[:30].points, few.points, rtol=2e-3, atol=2e-5)


def test_a_saved_model_makes_the_same_jets_and_holds_its_base(trained, tmp_path):
    save_model(trained, tmp_path / "model", {"generator": {"name": "tf-gan"}, "cloud_spec": SPEC.to_json()})
    assert (tmp_path / "model" / "base" / "weights.safetensors").is_file()
    again = TFGAN.load(tmp_path / "model", "cpu")
    assert same(again.sample(Conditions(50), RunContext(seed=2)), trained.sample(Conditions(50), RunContext(seed=2)))


def test_a_finished_refiner_is_taken_as_weights_and_needs_no_base(trained, jets, tmp_path):
    save_model(trained, tmp_path / "model", {"generator": {"name": "tf-gan"}, "cloud_spec": SPEC.to_json()})
    one = settings(weights=str(tmp_path / "model"))
    assert one.needs() == {}
    model = TFGAN.create(one, SPEC)
    assert model.fit(jets[:10], jets[:10], RunContext(seed=9)).steps == 0
    assert same(model.sample(Conditions(50), RunContext(seed=2)), trained.sample(Conditions(50), RunContext(seed=2)))


def test_plain_noise_is_a_base_that_needs_no_training(jets):
    one = settings(base="gaussian", steps=4, validate_every=4)
    assert one.needs() == {}
    model = TFGAN.create(one, SPEC)
    model.fit(jets[:400], jets[400:500], RunContext(seed=1))
    sample = model.sample(Conditions(200), RunContext(seed=1))
    assert len(sample) == 200
    assert np.isfinite(sample.points).all()


def test_the_mean_field_refines_as_well(fitted):
    model, _ = fitted(backbone="mdma")
    assert len(model.sample(Conditions(20), RunContext(seed=1))) == 20


def test_the_settings_name_the_base_that_is_needed():
    assert settings("quick").needs() == {"base": Need("rqs-flow", "quick", {}, 0)}
    one = settings("standard", base="mdma-flowmatch", base_weights="pythia-top30", base_seed=None)
    assert one.needs() == {"base": Need("mdma-flowmatch", "quick", {"weights": "pythia-top30"}, None)}


def test_only_jets_are_refined():
    table = CloudSpec("table", (Feature("x"),), 1)
    assert settings().incompatibility(table) == "it refines jets of particles with etarel, phirel, ptrel alone"
    assert settings().incompatibility(SPEC) is None
    assert settings(heads=3).incompatibility(SPEC) == "width = 16 is not a multiple of heads = 3"
    wide = settings(backbone="mdma", critic_heads=5)
    assert wide.incompatibility(SPEC) == "critic_hidden = 32 is not a multiple of critic_heads = 5"


def test_a_missing_base_is_said(jets):
    with pytest.raises(UsageError, match="the refiner needs a trained rqs-flow, the model called base: nobody has"):
        TFGAN.create(settings(), SPEC).fit(jets[:100], jets[100:200], RunContext())


def test_a_base_of_other_clouds_is_refused(jets, flow):
    other = jet_spec(40)
    with pytest.raises(DataError, match="the weights of the base rqs-flow are for jets of up to 30 points"):
        TFGAN.create(settings(), other).fit(jets[:100], jets[100:200], RunContext(upstream={"base": flow}))


def test_a_base_that_makes_other_multiplicities_is_refused(trained):
    class Stubborn:
        def sample(self, conditions, ctx):
            return trained.sample(Conditions(conditions.n, multiplicity=np.full(conditions.n, 3)), ctx)

    base = type(trained.base)(Stubborn(), CARD)
    with pytest.raises(DataError, match="the base rqs-flow does not make clouds of the multiplicities"):
        base.clouds_of_sizes(Conditions(5, multiplicity=np.full(5, 4)), RunContext())


def test_a_collapse_is_an_error_that_says_so(fitted):
    with pytest.raises(TrainingError, match=r"collapsed: the best validated clouds are .* floors from true ones"):
        fitted(steps=1, collapse_ratio=1e-3)
