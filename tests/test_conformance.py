"""Every healthy generator that is installed here, and the outsider, keeps the contract: one suite for all of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from jetgen.registry import discover
from jetgen.testing import parametrize_with_checks

INSTALLED = [plugin.full_name for plugin in discover().usable("generators")]
OUTSIDER = "kind_outsider.spec:KIND_GAUSSIAN"


@pytest.fixture(autouse=True)
def outsider(monkeypatch):
    """The outsider is on the path of this module's tests, and of nobody else."""
    monkeypatch.syspath_prepend(Path(__file__).parent / "outsider" / "kind-outsider" / "src")


@parametrize_with_checks([*INSTALLED, OUTSIDER])
def test_the_generator_keeps_the_contract(check):
    check()


def test_the_generators_of_core_are_among_those_that_are_checked():
    assert {"jetgen/independence", "jetgen/replay"} <= set(INSTALLED)


def test_no_generator_that_is_installed_is_left_out_because_it_is_in_trouble():
    troubles = [plugin for plugin in discover().troubles() if plugin.group == "generators"]
    assert not troubles
