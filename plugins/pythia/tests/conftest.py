"""Jets that several tests look at are simulated once."""

from __future__ import annotations

from pathlib import Path

import pytest
from jetgen.data.clouds import Clouds
from jetgen_pythia import specs
from jetgen_pythia.pool import make_shards
from jetgen_pythia.recipe import PARTONS
from jetgen_pythia.shards import Shard, home, shards


@pytest.fixture(scope="session")
def shared_cache(session_cache) -> Path:
    """A cache with 400 test jets of every parton, and the train and val jets of W that `mini` has too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JETGEN_CACHE", str(session_cache))
        wanted = [shard for parton in PARTONS for shard in shards(home(parton), parton, "test", 400)]
        wanted += shards(home("w"), "w", "train", 200) + shards(home("w"), "w", "val", 100)
        make_shards(wanted, 2, lambda: None)
    return session_cache


@pytest.fixture
def filled(shared_cache, monkeypatch) -> Path:
    """The shared cache, as the cache of this test; the test only reads it."""
    monkeypatch.setenv("JETGEN_CACHE", str(shared_cache))
    return shared_cache


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """An empty cache of this test alone."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("JETGEN_CACHE", str(folder))
    return folder


@pytest.fixture
def mini(monkeypatch) -> tuple[int, int, int]:
    """A size `mini` of 200, 100 and 100 jets, so that whole datasets are made in seconds."""
    counts = (200, 100, 100)
    monkeypatch.setitem(specs.SIZES, "mini", counts)
    return counts


@pytest.fixture
def jets_of(filled):
    """A function that reads the 400 test jets of a parton, with pt, eta and mass as conditioning."""

    def read(parton: str) -> Clouds:
        parts: list[Shard] = shards(home(parton), parton, "test", 400)
        return Clouds.concatenate([part.read() for part in parts])

    return read
