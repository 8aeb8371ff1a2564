"""The dataset class of the five classes in equal parts, with the class as conditioning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
from jetgen.api.context import RunContext
from jetgen.api.protocols import CloudSource, Split
from jetgen.data.clouds import Clouds
from jetgen.data.sources import SlicedSource
from jetgen.data.spec import CloudSpec, Feature

from jetgen_pythia.dataset import PythiaJets
from jetgen_pythia.pool import prepare_shards
from jetgen_pythia.recipe import PARTONS

__all__ = ["JET_TYPE", "InterleavedJets", "MixedJets", "interleaved"]

JET_TYPE = Feature("jet_type", nature="categorical", categories=tuple(PARTONS))
"""The column of the conditioning: 0 gluon, 1 quark, 2 top, 3 w, 4 z, the order of JetNet's g, q, t, w, z."""


class MixedJets:
    """Gluon, quark, top, W and Z jets interleaved: jet ``i`` is jet ``i // 5`` of class ``i % 5``.

    The jets are the first ones of each split of the single datasets. The test jets of a mixture are thus in no train
    or val split of any Pythia dataset, at any size.

    Arguments:
        size: a name in :data:`jetgen_pythia.specs.SIZES`; its numbers count all classes together.
        particles: from 1 to 150.

    Raises:
        UsageError: if an argument is out of range.

    >>> MixedJets.create("tiny").spec.conditioning[0].categories
    ('gluon', 'quark', 'top', 'w', 'z')
    """

    def __init__(self, size: str = "small", *, particles: int = 30) -> None:
        share = len(PARTONS)
        self._parts = {parton: PythiaJets(size, parton=parton, particles=particles, share=share) for parton in PARTONS}

    @classmethod
    def create(cls, size: str, **options: Any) -> Self:
        """The dataset of one size; nothing is read or simulated yet."""
        return cls(size, **options)

    @property
    def spec(self) -> CloudSpec:
        """The spec of the single datasets, with the class as conditioning."""
        return replace(next(iter(self._parts.values())).spec, conditioning=(JET_TYPE,))

    def recipe(self) -> Mapping[str, Any]:
        """What determines the jets: the interleaving, and the recipe of each class.

        Raises:
            JetgenError: if Pythia or FastJet is not installed.
        """
        return {
            "mixture": f"row i is row i // {len(self._parts)} of class i % {len(self._parts)}",
            "context": [JET_TYPE.to_json()],
            "classes": [dict(part.recipe()) for part in self._parts.values()],
        }

    def prepare(self, ctx: RunContext) -> None:
        """Simulate the shards that are missing or damaged, in ``ctx.threads`` processes; the others stay.

        Raises:
            JetgenError: if a process fails, or the cache cannot be written.
        """
        prepare_shards([shard for part in self._parts.values() for shard in part.shards()], ctx)

    def load(self, split: Split) -> InterleavedJets:
        """The jets of one split.

        Raises:
            UsageError: if there is no such split.
            DataError: if they were not prepared.
        """
        return InterleavedJets([part.load(split) for part in self._parts.values()])

    def simulate(self, n: int, seed: int) -> Clouds:
        """``n`` new jets, simulated now on one thread. The first call in a process also initialises Pythia five times.

        Raises:
            JetgenError: if Pythia or FastJet cannot be imported.
        """
        classes = len(self._parts)
        parts = [part.simulate((n + classes - 1 - i) // classes, seed) for i, part in enumerate(self._parts.values())]
        return interleaved(parts)


class InterleavedJets(SlicedSource):
    """Sources of equal length, interleaved: jet ``i`` is jet ``i // S`` of source ``i % S``."""

    def __init__(self, sources: Sequence[CloudSource]) -> None:
        self._sources = sources

    def __len__(self) -> int:
        return sum(len(source) for source in self._sources)

    def read(self, start: int, stop: int) -> Clouds:
        """The jets from ``start`` to ``stop``; of each source only the range that they cover is read."""
        n = len(self._sources)
        first = start // n
        clouds = interleaved([source[first : -(-stop // n)] for source in self._sources])
        return clouds[start - first * n : stop - first * n]


def interleaved(parts: Sequence[Clouds]) -> Clouds:
    """The first cloud of each part, then the second of each, and so on; the conditioning is the index of the part.

    >>> parts = [Clouds([[0.1], [0.2]], [0, 1, 2]), Clouds([[0.3]], [0, 1])]
    >>> interleaved(parts).points[:, 0].tolist() == np.float32([0.1, 0.3, 0.2]).tolist()
    True
    >>> interleaved(parts).conditioning[:, 0].tolist()
    [0.0, 1.0, 0.0]
    """
    labelled = [Clouds(part.points, part.offsets, np.full((len(part), 1), i)) for i, part in enumerate(parts)]
    order = np.argsort(np.concatenate([np.arange(len(part)) for part in parts]), kind="stable")
    return Clouds.concatenate(labelled)[order]
