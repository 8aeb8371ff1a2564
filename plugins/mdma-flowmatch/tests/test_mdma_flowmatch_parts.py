import itertools
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from jetgen import Clouds, CloudSpec, Conditions, Feature
from jetgen.api.pretrained import find_weights
from jetgen.api.settings import resolve
from jetgen.data.jets import jet_spec
from jetgen.errors import UsageError
from jetgen.torch import Batch
from jetgen.torch.clouds import CloudPreprocessing
from jetgen.torch.clouds.preprocessing import mirrored_columns
from jetgen.torch.clouds.summaries import summary_loss
from jetgen.torch.nn import size_numbers
from jetgen.torch.training import mask_of, seeded
from jetgen_mdma_flowmatch import matching
from jetgen_mdma_flowmatch.coupling import couple
from jetgen_mdma_flowmatch.generator import MDMAFlowMatch
from jetgen_mdma_flowmatch.matching import point_loss
from jetgen_mdma_flowmatch.settings import MDMAFlowMatchSettings

JETS = jet_spec(30)
PACKAGE = "jetgen_mdma_flowmatch"


def settings(preset="tiny", **values):
    return resolve(MDMAFlowMatchSettings, "mdma-flowmatch", preset, [("test", values)]).settings


def rng():
    return np.random.default_rng(0)


def normal(*shape, seed=1, dtype=torch.float64):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def generator(seed=1):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def pairs():
    """Noise and points of clouds of several sizes; empty places of the noise hold what nobody may touch."""
    counts = torch.tensor([6, 1, 0, 4, 6, 3])
    points = normal(6, 6, 3, seed=2) * mask_of(counts, 6).unsqueeze(-1)
    return normal(6, 6, 3), points, counts


def cost(noise, points, counts):
    mask = mask_of(counts, points.shape[1]).unsqueeze(-1)
    return ((noise - points).square() * mask).sum((1, 2))


def test_coupling_permutes_the_noise_of_each_cloud_and_leaves_empty_places_alone(pairs):
    noise, points, counts = pairs
    coupled = couple(noise, points, counts, torch.arange(len(noise)))
    for row, count in enumerate(counts.tolist()):
        before, after = (sorted(each[row, :count].tolist()) for each in (noise, coupled))
        assert before == after
        assert torch.equal(coupled[row, count:], noise[row, count:])
    assert not torch.equal(coupled, noise)


def test_coupling_finds_the_least_cost(pairs):
    noise, points, counts = pairs
    coupled = couple(noise, points, counts, torch.arange(len(noise)))
    assert (cost(coupled, points, counts) <= cost(noise, points, counts) + 1e-12).all()
    orders = [noise[3, [*order, 4, 5]] for order in itertools.permutations(range(4))]
    least = min(cost(each[None], points[3:4], counts[3:4]).item() for each in orders)
    assert cost(coupled, points, counts)[3].item() == pytest.approx(least)


def test_only_the_clouds_that_are_named_are_coupled(pairs):
    noise, points, counts = pairs
    assert torch.equal(couple(noise, points, counts, torch.tensor([], dtype=torch.int64)), noise)
    some, whole = (couple(noise, points, counts, rows) for rows in (torch.tensor([5, 1]), torch.arange(6)))
    assert torch.equal(some[[1, 5]], whole[[1, 5]])
    assert torch.equal(some[[0, 2, 3, 4]], noise[[0, 2, 3, 4]])


class FieldOfZeros(SimpleNamespace):
    def __call__(self, time, points, *_):
        return torch.zeros_like(points)


def still(**values):
    return FieldOfZeros(settings=settings(**values), summary=None)


@pytest.fixture
def same_noise(monkeypatch):
    """Noise that is a function of cloud, place and feature, whatever the shape of the batch."""
    table = normal(8, 64, 3, seed=3, dtype=torch.float32)

    def fixed(shape, _generator):
        rows = torch.arange(shape[0]) % 4
        return table[rows][tuple(slice(end) for end in (shape[0], *shape[1:]))]

    monkeypatch.setattr(matching, "normal", fixed)


def batch_of(points, counts):
    return Batch({"points": points, "multiplicity": counts, "conditioning": torch.empty(len(points), 0)})


def test_the_loss_is_a_mean_over_points_that_are_there(same_noise):
    counts = torch.tensor([3, 0, 5, 1])
    points = normal(4, 5, 3, dtype=torch.float32) * mask_of(counts, 5).unsqueeze(-1)
    expected = point_loss(still(), batch_of(points, counts), generator()).item()
    noise = matching.normal(torch.Size([4, 5, 3]), generator())
    by_hand = np.mean((points - noise)[mask_of(counts, 5)].square().numpy())
    assert expected == pytest.approx(by_hand, rel=1e-5)
    padded = torch.cat([points, torch.zeros(4, 7, 3)], 1)
    assert point_loss(still(), batch_of(padded, counts), generator()).item() == pytest.approx(expected, rel=1e-5)
    twice = batch_of(torch.cat([points, points]), torch.cat([counts, counts]))
    assert point_loss(still(), twice, generator()).item() == pytest.approx(expected, rel=1e-5)


def test_the_loss_of_clouds_without_points_is_0():
    for places in (0, 2):
        empty = batch_of(torch.zeros(2, places, 3), torch.zeros(2, dtype=torch.int64))
        assert point_loss(still(), empty, generator()).item() == 0


def test_a_network_is_asked_between_noise_and_points():
    seen = {}

    class Listening(FieldOfZeros):
        def __call__(self, time, points, *_):
            seen.update(time=time, points=points)
            return torch.zeros_like(points)

    points = torch.full((500, 1, 1), 7.0)
    batch = batch_of(points, torch.ones(500, dtype=torch.int64))
    point_loss(Listening(settings=settings(), summary=None), batch, generator())
    late = seen["time"] > 0.95
    assert seen["points"][late].flatten().tolist() == pytest.approx([7] * int(late.sum()), abs=0.6)
    early = seen["points"][seen["time"] < 0.05]
    assert early.mean().item() == pytest.approx(0, abs=0.8)
    assert early.std().item() == pytest.approx(1, abs=0.4)


def test_times_cover_the_interval_evenly():
    times = matching._times(64, "uniform", generator())
    cells = (times * 64).floor().sort().values
    assert torch.equal(cells, torch.arange(64.0))
    assert not torch.equal(times, times.sort().values)
    assert not torch.equal(times, matching._times(64, "uniform", generator(2)))


def test_late_times_are_late_and_logit_normal_ones_in_the_middle():
    uniform, late, middle = (matching._times(4000, where, generator()) for where in ("uniform", "late", "logit-normal"))
    assert all(times.min() >= 0 and times.max() <= 1 for times in (uniform, late, middle))
    assert late.mean() > uniform.mean() + 0.05
    assert middle.std() < 0.8 * uniform.std()


def built(chosen, spec, clouds, mean_multiplicity):
    """An untrained model, as the generator builds it, and its preprocessing."""
    generator = MDMAFlowMatch.create(chosen, spec)
    generator.preprocessing = preprocessing = CloudPreprocessing.fit(chosen, spec, clouds, rng())
    with seeded(1):
        return generator.build(preprocessing.features, preprocessing.conditioning.width, mean_multiplicity), generator


def test_preprocessed_numbers_are_standard_and_come_back(hard_jets):
    preprocessing = CloudPreprocessing.fit(settings(), JETS, hard_jets, rng())
    values = preprocessing.points.features.forward(hard_jets.points)
    assert values.std(0).tolist() == pytest.approx([1, 1, 1], abs=1e-3)
    back = preprocessing.decode(
        values.astype(np.float32), Conditions(len(hard_jets), multiplicity=hard_jets.multiplicity)
    )
    np.testing.assert_allclose(back.points, hard_jets.points, rtol=1e-3, atol=1e-6)
    again = CloudPreprocessing.from_json(JETS, preprocessing.to_json())
    assert again.to_json() == preprocessing.to_json()


def test_a_reflection_is_a_change_of_sign_of_what_the_networks_see(hard_jets):
    preprocessing = CloudPreprocessing.fit(settings(), JETS, hard_jets, rng())
    image = hard_jets.points * np.array([-1, 1, 1], np.float32)
    here, there = (preprocessing.points.features.forward(points) for points in (hard_jets.points, image))
    np.testing.assert_allclose(there, here * [-1, 1, 1], atol=1e-6)


def test_a_training_batch_is_mirrored_cloud_by_cloud_and_nothing_else_changes(hard_jets):
    def augmented(**values):
        owner = MDMAFlowMatch.create(settings(**values), JETS)
        return owner.augment(batch, generator())

    rows = CloudPreprocessing.fit(settings(), JETS, hard_jets, rng()).rows(hard_jets, rng())
    batch = Batch({name: each[torch.arange(400)] for name, each in rows.items()})
    found, kept = augmented(), augmented(mirroring=False)
    assert torch.equal(kept.points, batch.points)
    assert torch.equal(found.points.abs(), batch.points.abs())
    assert torch.equal(found.points[..., 2], batch.points[..., 2])
    assert torch.equal(found.multiplicity, batch.multiplicity)
    signs = (found.points * batch.points).sum(1)[:, :2].sign()
    assert abs(signs.mean(0)).max() < 0.2
    assert abs((signs[:, 0] * signs[:, 1]).mean()) < 0.2


def test_only_jets_about_their_axis_are_mirrored():
    assert mirrored_columns(settings(), JETS) == [0, 1]
    assert mirrored_columns(settings(mirroring=False), JETS) == []
    assert mirrored_columns(settings(), CloudSpec("tracks", JETS.features, 30)) == []


def test_sizes_are_finite_numbers():
    numbers = size_numbers(torch.tensor([0, 1, 30]), 30)
    assert numbers.isfinite().all()
    assert numbers[2].tolist() == [1, 0]


@pytest.mark.parametrize("preset", MDMAFlowMatchSettings.presets)
@pytest.mark.parametrize("kind", ["jets", "table"])
def test_every_preset_builds_and_its_velocity_is_0_at_first(preset, kind, hard_jets):
    chosen, spec = settings(preset), CloudSpec(kind, JETS.features, 30)
    assert chosen.incompatibility(spec) is None
    model, _ = built(chosen, spec, hard_jets, 30.0)
    assert (model.summary is None) is (kind == "table" or not chosen.summary)
    mask = mask_of(torch.tensor([3, 0]), 3)
    target = None if model.summary is None else torch.zeros(2, 4)
    velocity = model.points(torch.tensor([0.1, 0.9]), torch.ones(2, 3, 3), mask, torch.empty(2, 0), target)
    assert velocity.shape == (2, 3, 3)
    assert not velocity.any()


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"condition_on_size": False},
        {"feedback": False},
        {"summary": False},
        {"conditioning_width": 0},
        {"neighbours": 0},
    ],
)
@pytest.mark.parametrize("backbone", ["mdma", "epic", "transformer"])
def test_losses_of_every_form_of_the_network_have_gradients(backbone, values, hard_jets):
    chosen = settings(backbone=backbone, coupling=0.5, **values)
    model, owner = built(chosen, JETS, hard_jets, 10.0)
    rows = owner.preprocessing.rows(hard_jets[:16], rng())
    batch = Batch({name: each[torch.arange(16)] for name, each in rows.items()})
    loss = owner.loss(model, owner.augment(batch, generator()), generator())
    if model.summary is not None:
        known = {**batch.rows, "summary": model.points.summary(batch.points, batch.mask)}
        loss = loss + summary_loss(model.summary, known, generator(), [2, 3])
    loss.backward()
    assert loss.item() > 0
    assert model.points.network.out.weight.grad.any()


def test_particles_and_hits_hear_their_neighbours_and_rows_of_a_table_have_none(hard_jets):
    hits = (Feature("energy", nature="positive"), Feature("z", bins=45), Feature("alpha", nature="periodic", bins=16))
    showers = Clouds(np.full((100, 3), 5.0), np.arange(0, 101, 10))
    rows = CloudSpec("table", JETS.features, 1), hard_jets[hard_jets.multiplicity == 1]
    heard = [built(settings(), *known, 10.0)[0].points.network.neighbours for known in ((JETS, hard_jets), rows)]
    assert heard[0].positions == (JETS.index("etarel"), JETS.index("phirel"))
    assert heard[1] is None
    # An angle is seen as its cosine and its sine.
    assert built(settings(), CloudSpec("showers", hits, 100), showers, 10.0)[0].points.network.neighbours.positions == (
        1,
        2,
        3,
    )
    assert built(settings(neighbours=0), JETS, hard_jets, 10.0)[0].points.network.neighbours is None


def test_clouds_that_it_cannot_learn_are_refused_in_a_few_words():
    kinds = CloudSpec("table", (Feature("type", nature="categorical"),), 1)
    given = CloudSpec("jets", JETS.features, 30, given=JETS)
    assert settings().incompatibility(JETS) is None
    assert "conditioning cloud" in settings().incompatibility(given)
    assert "categorical" in settings().incompatibility(kinds)
    assert "heads" in settings(heads=5).incompatibility(JETS)


def test_a_transformer_whose_width_the_heads_cannot_share_is_refused_in_a_few_words():
    assert "width = 18" in settings(width=18, backbone="transformer").incompatibility(JETS)
    assert settings(width=18).incompatibility(JETS) is None


def test_weights_that_are_not_there_are_refused_with_one_sentence(tmp_path):
    with pytest.raises(UsageError, match="there are no weights 'pythia-to30'"):
        find_weights(PACKAGE, "pythia-to30")
    with pytest.raises(UsageError, match="or name the folder of a saved model"):
        find_weights(PACKAGE, str(tmp_path))
