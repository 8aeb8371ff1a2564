"""Sources: slices of ranges, of shards and of interleaved parts are those of the whole."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jetgen import Clouds
from jetgen.data.sources import SlicedSource
from jetgen.errors import DataError
from jetgen.io.shards import ShardedSource, ShardFile

WHOLE = Clouds.from_multiplicities(np.arange(19.0)[:, None], np.arange(20) % 3)
SHARD = 6
KEYS = st.builds(
    slice,
    st.none() | st.integers(-25, 25),
    st.none() | st.integers(-25, 25),
    st.none() | st.integers(-7, 7).filter(bool),
)


class Ranges(SlicedSource):
    """The clouds above, and the ranges of them that were read."""

    def __init__(self):
        self.ranges = []

    def __len__(self):
        return len(WHOLE)

    def read(self, start, stop):
        self.ranges.append((start, stop))
        return WHOLE[start:stop]


@dataclass(frozen=True)
class Shard(ShardFile):
    home: Path
    split: str
    index: int

    @property
    def size(self):
        return SHARD


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    """Four shards; the last one has clouds beyond those above."""
    home = tmp_path_factory.mktemp("shards")
    clouds = Clouds.concatenate([WHOLE, WHOLE])
    made = [Shard(home, "train", index) for index in range(4)]
    for index, shard in enumerate(made):
        shard.write(clouds[SHARD * index : SHARD * (index + 1)])
    return made


@given(KEYS)
def test_a_slice_is_that_of_the_whole_and_reads_one_range(key):
    source = Ranges()
    assert source[key].fingerprint() == WHOLE[np.arange(len(WHOLE))[key]].fingerprint()
    ((start, stop),) = source.ranges
    assert 0 <= start <= stop <= len(WHOLE)


@pytest.mark.parametrize("key", [3, [1, 2], np.arange(3), None])
def test_only_slices_are_read(key):
    with pytest.raises(TypeError, match="is read by slices such as"):
        Ranges()[key]


@given(KEYS)
def test_shards_are_one_source(shards, key):
    source = ShardedSource(shards, len(WHOLE))
    assert source[key].fingerprint() == WHOLE[np.arange(len(WHOLE))[key]].fingerprint()


def test_only_the_shards_that_a_slice_covers_are_read_and_the_last_one_is_remembered(shards, monkeypatch):
    read = []
    original = Shard.read
    monkeypatch.setattr(Shard, "read", lambda shard: (read.append(shard.index), original(shard))[1])
    source = ShardedSource(shards, len(WHOLE))
    assert (len(source), read) == (len(WHOLE), [])
    source[7:12]
    source[8:14]
    source[13:15]
    assert read == [1, 2]


def test_shards_that_do_not_exist_are_counted(shards):
    absent = Shard(shards[0].home, "train", 9)
    with pytest.raises(DataError, match=r"1 of 5 files of .*train are missing; make them with jetbench prepare"):
        ShardedSource([*shards, absent], 30)
