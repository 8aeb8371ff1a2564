"""Tracks of Pythia jets: charged particles about the axis, hardest first, and what the detector makes of them."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
from jetgen.api.context import RunContext
from jetgen.data.angles import wrapped
from jetgen.data.checks import check_truth
from jetgen.errors import DataError, UsageError
from jetgen.testing import check_dataset
from jetgen_pythia.events import Particles
from jetgen_pythia.recipe import JETS
from jetgen_pythia.tracks.dataset import PythiaTracks
from jetgen_pythia.tracks.simulator import charged_in_jets
from jetgen_tracks import specs

SPLITS = ("train", "val", "test")


@pytest.fixture(scope="module")
def tracks(tmp_path_factory):
    """The size `tiny`, prepared once, in a cache of its own: one shard for each split."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JETGEN_CACHE", str(tmp_path_factory.mktemp("cache")))
        data = PythiaTracks.create("tiny")
        data.prepare(RunContext(threads=1))
        yield data


def momenta(pt, eta, phi):
    return np.stack([pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta), pt * np.cosh(eta)], -1)


def test_charged_particles_about_the_axis_are_kept_hardest_first():
    pid = np.array([22, 211, -11, 13, 2112, 211, -321, 12, 211])
    pt = np.array([600.0, 100.0, 200.0, 3.0, 50.0, 0.9, 20.0, 700.0, 40.0])
    eta = np.array([0.0, 0.01, -0.01, 0.3, 0.0, 0.0, 1.5, 0.0, 0.0])
    phi = np.array([3.1, 3.1, -3.12, 3.0, 3.1, 3.1, 3.1, 3.1, 3.1])
    found = charged_in_jets(2, Particles(np.zeros(9, int), pid, momenta(pt, eta, phi)))
    assert found.multiplicity.tolist() == [4]  # the second event has no jet
    assert found.points[:, 0] == pytest.approx([200, 100, 40, 3], rel=1e-5)
    assert found.points[:, 3].tolist() == [1, 0, 0, 2]
    assert found.points[:, 2] == pytest.approx([-3.12, 3.1, 3.1, 3.0], abs=1e-5)


def test_of_many_charged_particles_the_hardest_thirty_are_kept():
    pt = np.linspace(15, 45, 40)
    found = charged_in_jets(1, Particles(np.zeros(40, int), np.full(40, 211), momenta(pt, 0 * pt, 0 * pt)))
    assert found.points[:, 0] == pytest.approx(np.sort(pt)[::-1][:30], rel=1e-5)


@pytest.mark.parametrize("split", SPLITS)
def test_every_event_has_its_replicas_and_no_track_too_many(tracks, split):
    clouds = tracks.load(split)
    check_truth(clouds, tracks.spec, split)
    events, replicas = specs.EVENTS["tiny"][SPLITS.index(split)], specs.REPLICAS[SPLITS.index(split)]
    assert clouds.event.tolist() == np.repeat(np.arange(events), replicas).tolist()
    assert len(clouds.given) == events
    assert (clouds.multiplicity <= clouds.given.multiplicity[clouds.event]).all()
    assert clouds.given.multiplicity.mean() > 20  # gluons of 1 TeV


def test_true_particles_lie_about_one_axis(tracks):
    given = tracks.load("test").given
    hardest = given.points[given.offsets[:-1][given.rows]]
    apart = np.hypot(given.points[:, 1] - hardest[:, 1], wrapped(given.points[:, 2] - hardest[:, 2]))
    assert apart.max() < 0.8
    assert given.points[:, 0].min() > 1


def test_a_particle_that_a_harder_one_hides_is_never_found(tracks):
    clouds = tracks.load("test")
    response = tracks.response(clouds.given)
    assert 0.02 < (response.found == 0).mean() < 0.9  # a jet is dense
    expected = np.bincount(clouds.given.rows, response.found)
    spread = np.sqrt(np.bincount(clouds.given.rows, response.found * (1 - response.found)) / 50)
    found = clouds.multiplicity.reshape(-1, 50).mean(1)
    assert (np.abs(found - expected) < 5 * spread + 1e-9).all()


def test_splits_share_no_event_and_a_larger_size_begins_with_a_smaller_one(tracks, monkeypatch):
    splits = [tracks.load(split) for split in SPLITS]
    assert len(np.unique(np.concatenate([one.given.points[:, 0] for one in splits]))) > 500
    monkeypatch.setitem(specs.EVENTS, "mini", (30, 4, 8))
    larger = PythiaTracks.create("mini").load("train")
    smaller = splits[0]
    assert np.array_equal(larger[: len(smaller)].points, smaller.points)
    assert np.array_equal(larger.given[:16].points, smaller.given.points)


def test_new_answers_are_to_the_events_that_are_asked(tracks):
    given, event = tracks.load("test").given, np.array([3, 0, 3])
    made = tracks.answer(given, event, seed=1)
    assert made.event.tolist() == [3, 0, 3]
    assert not np.array_equal(made[:1].points, made[2:].points)
    assert np.array_equal(made.points, tracks.answer(given, event, seed=1).points)
    with pytest.raises(DataError, match="true events have the features pt, eta, phi, class"):
        tracks.response(tracks.load("test")[:2])


def test_the_dataset_keeps_the_contract(tracks):
    outcomes = {result.id: result.outcome for result in check_dataset("pythia-tracks", "tiny")}
    passed = {check for check, outcome in outcomes.items() if outcome == "passed"}
    assert {"response-is-one-row-per-particle", "response-follows-its-clouds", "answers-are-made-anew"} < passed
    assert "failed" not in outcomes.values()


def test_new_events_are_simulated_and_reconstructed_once(tracks):
    made = tracks.simulate(3, seed=1)
    assert made.event.tolist() == [0, 1, 2]
    assert not np.array_equal(made.given.points[:3], tracks.simulate(1, seed=2).given.points[:3])


def test_the_cuts_of_the_jets_are_part_of_what_determines_the_events(tracks):
    """They select the leading jet: a cache that did not know them would give the events of other cuts."""
    assert tracks.recipe()["jets"] == asdict(JETS)


def test_an_unknown_size_and_what_was_not_prepared_are_one_sentence(tmp_path, monkeypatch):
    with pytest.raises(UsageError, match="have no size 'smal'"):
        PythiaTracks.create("smal")
    monkeypatch.setenv("JETGEN_CACHE", str(tmp_path))
    with pytest.raises(DataError, match="prepare"):
        PythiaTracks.create("tiny").load("val")
