"""The checks of datasets: the right ones pass, and each check catches wrong ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from jetgen import CloudSpec, Feature
from jetgen.testing import TruthSession, check_dataset, dataset_checks, run_check, summary
from jetgen_toys.showers.specs import TOY_SHOWERS
from jetgen_toys.tables.dataset import DENSITIES, ToyTable
from jetgen_toys.tables.specs import TOY_GAUSSIANS
from jetgen_tracks.dataset import Tracks
from jetgen_tracks.specs import TRACKS

CHECKS = {check.id: check for check in dataset_checks()}


class Alone(ToyTable):
    """It gives the density of one cloud only."""

    def log_prob(self, clouds):
        return super().log_prob(clouds)[0]


class Unsure(ToyTable):
    """It does not know one of its own points."""

    def log_prob(self, clouds):
        return np.where(np.arange(len(clouds)) == 3, -np.inf, super().log_prob(clouds))


class Wider(ToyTable):
    """Its density is that of points 5 % further out; a normalised density, but not that of its points."""

    def log_prob(self, clouds):
        return super().log_prob(clouds.with_points(clouds.points / np.float32(1.05))) - 2 * np.log(1.05)


class Unnormalised(ToyTable):
    """A constant is missing."""

    def log_prob(self, clouds):
        return super().log_prob(clouds) + 0.3


class OtherUnits(ToyTable):
    """Positive numbers, and the density of their logarithms: the change of variables is forgotten."""

    @property
    def spec(self):
        return CloudSpec("table", (Feature("x", nature="positive"), Feature("y", nature="positive")), 1)

    def load(self, split):
        clouds = super().load(split)
        return clouds.with_points(np.exp(clouds.points))

    def log_prob(self, clouds):
        return super().log_prob(clouds.with_points(np.log(clouds.points)))


class BrightBoard(ToyTable):
    """A density with hard edges that is too high by a quarter."""

    def log_prob(self, clouds):
        return super().log_prob(clouds) + np.log(1.25)


class OtherDetector(Tracks):
    """Its response is that of the other efficiency."""

    def response(self, given):
        return Tracks("tiny", efficiency="random").response(given)


class Unlikely(Tracks):
    """A probability of it is above one."""

    def response(self, given):
        found = super().response(given)
        return replace(found, found=1.01 * found.found)


class Replayed(Tracks):
    """It answers with the clouds that it has, whatever the seed."""

    def answer(self, given, event, seed):
        return super().answer(given, event, 0)


def tracks(cls):
    return replace(TRACKS, name=cls.__name__.lower(), target=f"{__name__}:{cls.__name__}")


def spec(cls, **changes):
    return replace(TOY_GAUSSIANS, name=cls.__name__.lower(), target=f"{__name__}:{cls.__name__}", **changes)


LARGER = {"sizes": {"small": TOY_GAUSSIANS.sizes["small"]}, "default_size": "small"}


WRONG = [
    ("capabilities-of-data-are-implemented", spec(ToyTable, capabilities=("SupportsDensiti",)), "SupportsDensity"),
    (
        "capabilities-of-data-are-implemented",
        replace(TOY_SHOWERS, capabilities=("SupportsDensity",)),
        "ToyShowers has no method log_prob, which SupportsDensity needs",
    ),
    ("density-is-one-number-per-cloud", spec(Alone), "it is a float64"),
    ("density-is-one-number-per-cloud", spec(Unsure), "log_prob of the own cloud 3 is not finite"),
    ("density-follows-its-clouds", spec(Wider), "they are not drawn from that density"),
    ("density-follows-its-clouds", spec(OtherUnits, **LARGER), "for q with x stretched, not 1"),
    ("density-integrates-to-one", spec(Unnormalised), "for a smooth estimate q, not 1"),
    ("density-integrates-to-one", spec(BrightBoard, options={"toy": "toy-checkerboard"}), "for a smooth estimate q"),
    ("response-is-one-row-per-particle", tracks(Unlikely), "found holds a number that is no probability"),
    ("response-follows-its-clouds", tracks(OtherDetector), "that is not the response that made them"),
    ("answers-are-made-anew", tracks(Replayed), "answer gives the same clouds for another seed"),
]


@pytest.mark.parametrize(("check", "wrong", "words"), WRONG, ids=[f"{check}-{one.name}" for check, one, _ in WRONG])
def test_each_check_catches_its_wrong_datasets_for_the_right_reason(check, wrong, words):
    result = run_check(CHECKS[check], TruthSession(wrong))
    assert result.outcome == "failed"
    assert words in result.reason


def test_every_check_catches_somebody():
    assert {check for check, _, _ in WRONG} == set(CHECKS)


@pytest.mark.parametrize("toy", DENSITIES)
def test_a_dataset_that_knows_its_density_passes_at_each_of_its_sizes(toy):
    for size in (None, "small"):
        assert summary(check_dataset(toy, size)).startswith("ran 4 of 7 checks: 4 passed, 0 failed; skipped: response-")


@pytest.mark.parametrize("name", ["tracks", "tracks-stochastic"])
def test_a_dataset_that_knows_its_detector_passes_at_each_of_its_sizes(name):
    for size in (None, "small"):
        outcomes = {result.id: result.outcome for result in check_dataset(name, size)}
        passed = {check for check, outcome in outcomes.items() if outcome == "passed"}
        assert {"response-is-one-row-per-particle", "response-follows-its-clouds", "answers-are-made-anew"} < passed
        assert "failed" not in outcomes.values()


def test_a_dataset_that_declares_no_density_is_asked_for_none():
    outcomes = {result.id: result.outcome for result in check_dataset("toy-showers")}
    assert set(outcomes.values()) == {"passed", "skipped"}
    assert outcomes["density-follows-its-clouds"] == "skipped"
