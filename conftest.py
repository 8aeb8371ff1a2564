"""What every test of the workspace may use, and the order of the files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

LONGEST = (
    "test_run_evils.py",
    "test_conformance.py",
    "test_run_kills.py",
    "test_conformance_zoo.py",
    "test_mdma_flowmatch.py",
    "test_mdma_gan.py",
    "test_run_again.py",
    "test_run.py",
    "test_tf_gan_run.py",
    "test_c2st_power.py",
    "test_run_on_a_file.py",
    "test_pythia_cache.py",
    "test_registry.py",
    "test_run_metrics.py",
    "test_run_with_context.py",
    "test_rqs_flow.py",
    "test_evaluate_command.py",
    "test_training_resume.py",
)
"""Processes share the tests file by file: they begin with these, so that none waits for another at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, the others as they were found."""
    place = {name: i for i, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.name, len(place)))


@pytest.fixture(scope="session")
def session_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder for the whole session, the same for all its processes: jets are simulated once."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "jetgen-cache"
    folder.mkdir(exist_ok=True)
    return folder
