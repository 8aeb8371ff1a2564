"""Small files in the layout of the published one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from jetgen_higgs.columns import COLUMNS


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """An empty cache of this test alone, and no folder of the user's own files."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("JETGEN_CACHE", str(folder))
    monkeypatch.delenv("JETGEN_HIGGS_DIR", raising=False)
    return folder


@pytest.fixture
def own(tmp_path, cache, monkeypatch) -> Path:
    """The folder that JETGEN_HIGGS_DIR names."""
    folder = tmp_path / "own"
    folder.mkdir()
    monkeypatch.setenv("JETGEN_HIGGS_DIR", str(folder))
    return folder


@pytest.fixture(scope="session")
def events():
    """A function that makes ``n`` rows (n, 29).

    Every third is signal; column j of row i is i + j / 100, negative in the columns that may be.
    """
    signed = [i for i, name in enumerate(COLUMNS) if name.endswith(("_eta", "_phi"))]

    def make(n: int):
        rows = np.arange(n)[:, None] + np.arange(len(COLUMNS)) / 100
        rows[:, signed] *= -1
        rows[:, 0] = np.arange(n) % 3 == 0
        return rows

    return make


@pytest.fixture(scope="session")
def text(events, tmp_path_factory) -> str:
    """3,000 such rows, written like the published ones."""
    path = tmp_path_factory.mktemp("higgs") / "rows.csv"
    np.savetxt(path, events(3_000), fmt="%.18e", delimiter=",")
    return path.read_text()
