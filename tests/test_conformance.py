"""Every healthy generator that is installed here, and the outsider, keeps the contract: one suite for all of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from jetgen.registry import discover
from jetgen.testing import answer_toy, parametrize_with_checks

COPY = "jetgen/copy-truth"
INSTALLED = [plugin.full_name for plugin in discover().usable("generators")]
OUTSIDER = "kind_outsider.spec:KIND_GAUSSIAN"


@pytest.fixture(autouse=True)
def outsider(monkeypatch):
    """The outsider is on the path of this module's tests, and of nobody else."""
    monkeypatch.syspath_prepend(Path(__file__).parent / "outsider" / "kind-outsider" / "src")


@parametrize_with_checks([*(name for name in INSTALLED if name != COPY), OUTSIDER])
def test_the_generator_keeps_the_contract(check):
    check()


@parametrize_with_checks(
    [COPY],
    expected_failures={
        "samples-follow-their-seed": "it draws nothing",
        "samples-differ-between-draws": "it draws nothing",
    },
)
def test_the_copier_keeps_it_as_far_as_one_without_chance_can(check):
    check()


@parametrize_with_checks(["jetgen/replay", "jetgen/independence"], toy=answer_toy())
def test_the_baselines_keep_it_where_clouds_answer_true_ones_too(check):
    check()


def test_the_generators_of_core_are_among_those_that_are_checked():
    assert {COPY, "jetgen/independence", "jetgen/replay"} <= set(INSTALLED)


def test_no_generator_that_is_installed_is_left_out_because_it_is_in_trouble():
    troubles = [plugin for plugin in discover().troubles() if plugin.group == "generators"]
    assert not troubles
