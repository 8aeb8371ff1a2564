"""Jets that NumPy draws in milliseconds, so that a test of a run waits for the run alone."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from jetgen import Clouds, CloudSpec, RunContext
from jetgen.api.protocols import Split
from jetgen.data.jets import jet_spec

from kind_outsider.spec import SIZES

__all__ = ["KindJets"]

_PARTICLES = 10
_SEED = 12
_SECONDS_PER_JET = 1e-3
"""How long :meth:`KindJets.simulate` pauses for a jet: simulators are slower than the models beside them."""


class KindJets:
    """Up to 10 particles about an axis, hardest first; all angles of a jet share one width, so that masses differ."""

    def __init__(self, size: str) -> None:
        self._counts = dict(zip(("train", "val", "test"), SIZES[size], strict=True))

    @classmethod
    def create(cls, size: str, **options: Any) -> Self:
        """The jets of one size; there are no options."""
        return cls(size, **options)

    @property
    def spec(self) -> CloudSpec:
        """The features etarel, phirel and ptrel, to which every metric of jets applies."""
        return jet_spec(_PARTICLES)

    def recipe(self) -> Mapping[str, Any]:
        """Seed and sizes determine the jets."""
        return {"seed": _SEED, "particles": _PARTICLES, **self._counts}

    def prepare(self, ctx: RunContext) -> None:
        """Nothing is stored."""
        ctx.report("progress", done=1, total=1, unit="steps")

    def load(self, split: Split) -> Clouds:
        """The jets of one split, drawn again at every call."""
        return _drawn(self._counts[split], [_SEED, list(self._counts).index(split)])

    def simulate(self, n: int, seed: int) -> Clouds:
        """``n`` new jets, slowly."""
        time.sleep(n * _SECONDS_PER_JET)
        return _drawn(n, [_SEED, len(self._counts), seed])


def _drawn(n: int, seed: list[int]) -> Clouds:
    rng = np.random.default_rng(seed)
    counts = rng.integers(3, _PARTICLES + 1, n)
    rows = np.repeat(np.arange(n), counts)
    shares = rng.gamma(0.8, size=len(rows)) + 1e-3
    shares = shares[np.lexsort([-shares, rows])]
    momenta = shares / np.bincount(rows, shares, minlength=n)[rows]
    angles = rng.normal(size=(len(rows), 2)) * rng.lognormal(-2.5, 0.5, n)[rows, None]
    return Clouds.from_multiplicities(np.column_stack([angles, momenta]), counts)
