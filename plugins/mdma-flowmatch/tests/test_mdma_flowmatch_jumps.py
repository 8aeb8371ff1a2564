"""The flow in a few jumps: what the network is taught after the velocity, and sampling by it."""

import json

import numpy as np
import pytest
import torch
from jetgen import Clouds, CloudSpec, Conditions, Feature, RunContext
from jetgen.api.settings import resolve
from jetgen.data.jets import jet_spec
from jetgen.errors import UsageError
from jetgen.torch import Batch
from jetgen.torch.clouds import CloudPreprocessing, JetSummary
from jetgen.torch.nn.flow_map import Jumps
from jetgen.torch.nn.odes import Solver
from jetgen.torch.training import seeded
from jetgen_mdma_flowmatch.generator import MDMAFlowMatch
from jetgen_mdma_flowmatch.matching import jump_loss, point_loss
from jetgen_mdma_flowmatch.model import Model
from jetgen_mdma_flowmatch.settings import MDMAFlowMatchSettings
from jetgen_mdma_flowmatch.ways import taught_path, travelled

JETS = jet_spec(30)
KINDS = ("alpha", "mean", "shortcut", "reflow", "distilled")


def settings(**values):
    return MDMAFlowMatchSettings(**{**MDMAFlowMatchSettings.presets["tiny"], "map_steps": 20, **values})


def untrained(jets, **values):
    """A model whose network says something, and a batch of jets in its coordinates."""
    chosen = settings(**values)
    preprocessing = CloudPreprocessing.fit(chosen, JETS, jets, np.random.default_rng(0))
    with seeded(1):
        summary = JetSummary.of(JETS, preprocessing)
        model = Model(chosen, 3, 0, 30, 30.0, summary, preprocessing.points.positions)
        torch.nn.init.normal_(model.points.network.out.weight, std=0.1)
    rows = preprocessing.rows(jets, np.random.default_rng(0))
    return model, Batch({name: each[torch.arange(64)] for name, each in rows.items()})


def generator():
    return torch.Generator().manual_seed(5)


def gradient(model, loss):
    """Of all weights of the points."""
    model.zero_grad()
    loss.backward()
    return torch.cat([p.grad.flatten() for n, p in model.points.named_parameters() if p.grad is not None])


@pytest.mark.parametrize("share", [0.3, 1.0])
def test_alpha_of_one_is_flow_matching_bit_for_bit(hard_jets, share):
    model, batch = untrained(hard_jets, flow_map="alpha", map_alpha=(1.0, 1.0), map_share=share)
    assert torch.equal(jump_loss(model.points, batch, generator(), 0.5), point_loss(model.points, batch, generator()))


@pytest.fixture
def in_double():
    """A difference of nearly equal networks needs more digits than float32 has."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.usefixtures("in_double")
def test_a_small_alpha_has_the_gradient_of_mean_flow_within_a_per_cent(jets):
    found = {}
    for kind, alpha in (("alpha", 3e-3), ("mean", 1.0)):
        model, batch = untrained(jets, flow_map=kind, map_alpha=(alpha, alpha), map_share=1.0)
        torch.nn.init.normal_(model.points.jump.weight, generator=generator(), std=0.1)
        double = {name: each.double() if each.is_floating_point() else each for name, each in batch.rows.items()}
        found[kind] = gradient(model, jump_loss(model.points, Batch(double), generator(), 0.0))
    assert (found["alpha"] - found["mean"]).norm() < 0.01 * found["mean"].norm()


@pytest.fixture
def ways(hard_jets):
    """A model, and a batch of jets with two ways of each."""
    model, _ = untrained(hard_jets, flow_map="distilled", neighbours=0)
    preprocessing = CloudPreprocessing.fit(model.settings, JETS, hard_jets, np.random.default_rng(0))
    rows = preprocessing.rows(hard_jets, np.random.default_rng(0))
    found = travelled(model.points, rows, 2, batch_points=300, seed=3)
    return model, Batch({name: each[torch.arange(64)] for name, each in found.items()})


def test_a_way_ends_where_the_solver_does(ways):
    model, batch = ways
    first = batch["ways"].chunk(2, 2)[0]
    target = batch["summaries"].chunk(2, 1)[0]
    noise, end = first[..., :3], first[..., -3:]
    assert noise[batch.mask].std().item() == pytest.approx(1, abs=0.05)
    found = model._moved(Solver("midpoint", 16), noise, batch.mask, batch.conditioning, target)
    torch.testing.assert_close(found, end, rtol=1e-4, atol=1e-4)
    assert not torch.equal(*batch["ways"].chunk(2, 2))


def test_a_part_of_a_way_leads_from_stop_to_stop_and_a_straight_one_to_the_end(ways):
    _, batch = ways
    for straight in (False, True):
        path, target = taught_path(batch, 3, generator(), straight=straight)
        ends = torch.cat([way[..., -3:] for way in batch["ways"].chunk(2, 2)]).view(2, 64, -1, 3)
        remaining = (1 - path.start).view(-1, 1, 1)
        whole = (path.end == 1) | straight
        reached = path.state + remaining * path.velocity
        off = (reached - ends).square().sum((2, 3)).min(0).values
        assert whole.any()
        assert off[whole].max() < 1e-6
        assert target.shape == (64, 4)
        assert (path.end >= path.start).all()


def test_ways_of_clouds_without_a_summary_have_none(tmp_path):
    spec = CloudSpec("tracks", (Feature("x"),), 4)
    clouds = Clouds(np.random.default_rng(0).normal(size=(40, 1)), np.arange(0, 41, 2))
    model = MDMAFlowMatch.create(settings(flow_map="distilled", summary=False), spec)
    known = MDMAFlowMatch.create(settings(), spec)
    known.fit(clouds, clouds[:5], RunContext(seed=1))
    known.save(tmp_path)
    model.fit(clouds, clouds[:5], RunContext(seed=1, upstream={"velocity": tmp_path}))
    assert len(model.sample(Conditions(3), RunContext(seed=1))) == 3


def test_before_jumps_are_learnt_they_are_the_steps_of_euler(hard_jets):
    model, batch = untrained(hard_jets, flow_map="alpha")
    assert not model.points.jump.weight.any()
    start = torch.randn(batch.points.shape, generator=generator()) * batch.mask.unsqueeze(-1)
    target = model.points.summary(batch.points, batch.mask)
    found = [model._moved(one, start, batch.mask, batch.conditioning, target) for one in (Jumps(3), Solver("euler", 3))]
    torch.testing.assert_close(*found, rtol=1e-4, atol=1e-5)


@pytest.fixture(scope="module")
def velocity(jets, tmp_path_factory):
    """The folder of a trained model, and the model."""
    folder = tmp_path_factory.mktemp("velocity")
    model = MDMAFlowMatch.create(settings(), JETS)
    model.fit(jets[:1000], jets[1000:1200], RunContext(seed=1))
    model.save(folder)
    return folder, model


@pytest.fixture(scope="module", params=KINDS)
def trained(request, jets, velocity):
    model = MDMAFlowMatch.create(settings(flow_map=request.param, solver="jumps", nfe=2), JETS)
    context = RunContext(seed=1, upstream={"velocity": velocity[0]})
    report = model.fit(jets[1000:], jets[:200], context)
    return model, report


def test_jumps_are_learnt_by_a_network_that_knows_the_velocity(trained, velocity):
    (model, report), (_, known) = trained, velocity
    assert report.steps == 20
    assert model.trained().points.jump.weight.any()
    assert all(np.isfinite(report.history["jumps/loss/points"]))
    here, there = model.trained(), known.trained()
    assert here.points.mean_multiplicity == there.points.mean_multiplicity
    assert torch.equal(here.summary.scores.quantiles, there.summary.scores.quantiles)
    assert model.preprocessing.to_json() == known.preprocessing.to_json()


def test_jumps_without_a_model_that_knows_the_velocity_are_refused(jets):
    model = MDMAFlowMatch.create(settings(flow_map="alpha"), JETS)
    with pytest.raises(UsageError, match="the model called velocity: nobody has given one"):
        model.fit(jets[:100], jets[100:200], RunContext(seed=1))


def test_the_velocity_is_that_of_the_preset_so_that_a_run_trains_it_once():
    def need(preset, **values):
        chosen = resolve(MDMAFlowMatchSettings, "mdma-flowmatch", preset, [("test", values)]).settings
        one = chosen.needs()["velocity"]
        return one.generator, one.preset, one.overrides, one.seed

    assert need("alpha-flow") == need("mean-flow", nfe=1) == ("mdma-flowmatch", "quick", {}, None)
    assert need("standard", flow_map="alpha", map_steps=3) == ("mdma-flowmatch", "standard", {}, None)
    assert need("shortcut", width=32) == ("mdma-flowmatch", "quick", {"width": 32}, None)
    told = need("alpha-flow", velocity_weights="pythia-top30", width=32)
    assert told == ("mdma-flowmatch", "quick", {"weights": "pythia-top30"}, None)
    assert not MDMAFlowMatchSettings().needs()


def test_a_model_with_jumps_is_saved_and_samples_the_same(trained, tmp_path):
    model, _ = trained
    model.save(tmp_path)
    assert json.loads((tmp_path / "model.json").read_text())["settings"]["solver"] == "jumps"
    here, there = (m.sample(Conditions(50), RunContext(seed=3)) for m in (model, MDMAFlowMatch.load(tmp_path, "cpu")))
    np.testing.assert_array_equal(here.points, there.points)
    assert np.isfinite(here.points).all()


def test_jumps_of_a_network_that_learns_none_are_refused():
    reason = MDMAFlowMatchSettings(solver="jumps").incompatibility(JETS)
    assert reason == "solver = jumps needs a network that learns them: set flow_map, too"
    reason = settings(flow_map="alpha", map_alpha=(0.5, 0.0)).incompatibility(JETS)
    assert "map_alpha" in reason


def test_weights_without_jumps_refuse_them_with_one_sentence():
    model = MDMAFlowMatch.pretrained(MDMAFlowMatchSettings(weights="pythia-top30", solver="jumps"))
    with pytest.raises(UsageError, match="has not learnt jumps; take another solver, or train it with a flow_map"):
        model.sample(Conditions(2), RunContext(seed=1))
