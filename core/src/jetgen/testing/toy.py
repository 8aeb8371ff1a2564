"""Toy jets and a toy table to check generators with: made by NumPy alone, within milliseconds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from jetgen.data.arrays import offsets_of
from jetgen.data.clouds import Clouds
from jetgen.data.sources import SlicedSource
from jetgen.data.spec import CloudSpec, Feature

__all__ = ["Slices", "Toy", "answer_toy", "jet_toy", "table_toy"]

_LEAST, _MOST = 3, 10
_CLOUDS = {"train": 300, "val": 60, "test": 130}


@dataclass(frozen=True)
class Toy:
    """A small dataset in memory. Make your own to check a generator of another kind of clouds."""

    spec: CloudSpec
    train: Clouds
    val: Clouds
    test: Clouds


class Slices(SlicedSource):
    """Clouds behind the :class:`jetgen.CloudSource` protocol alone, as those of a file: a length and slices."""

    def __init__(self, clouds: Clouds) -> None:
        self._clouds = clouds

    def __len__(self) -> int:
        return len(self._clouds)

    def read(self, start: int, stop: int) -> Clouds:
        """A view of the clouds from ``start`` to ``stop``."""
        return self._clouds[start:stop]


def jet_toy(seed: int = 0) -> Toy:
    """Jets of 3 to 10 particles with ``etarel``, ``phirel`` and ``ptrel``, in decreasing order of ``ptrel``.

    Soft particles lie further from the axis than hard ones, the axis is the ``ptrel``-weighted mean, and the sum of
    ``ptrel`` is a little less than 1. Every multiplicity occurs in every split.

    >>> toy = jet_toy()
    >>> len(toy.train), toy.train.multiplicity[:8].tolist(), toy.spec.names
    (300, [3, 4, 5, 6, 7, 8, 9, 10], ('etarel', 'phirel', 'ptrel'))
    """
    features = (Feature("etarel"), Feature("phirel"), Feature("ptrel", nature="positive"))
    return _toy(CloudSpec("jets", features, _MOST), _jets, seed)


def table_toy(seed: int = 0) -> Toy:
    """Rows of three observables: a normal one, a positive one with a sharp lower edge, and one that follows from both.

    >>> toy = table_toy()
    >>> len(toy.train), toy.spec.kind, toy.spec.names
    (300, 'table', ('x', 'pt', 'mass'))
    """
    features = (Feature("x"), Feature("pt", nature="positive"), Feature("mass", nature="positive"))
    return _toy(CloudSpec("table", features, 1), _rows, seed)


def answer_toy(seed: int = 0) -> Toy:
    """Tracks of 1 to 4 particles that answer true events, five answers to each; a particle may be missing.

    >>> toy = answer_toy()
    >>> len(toy.train), len(toy.train.given), toy.train.event[:6].tolist(), toy.spec.names
    (300, 60, [0, 0, 0, 0, 0, 1], ('pt', 'eta'))
    """
    features = (Feature("pt", "GeV", "positive"), Feature("eta"))
    return _toy(CloudSpec("tracks", features, 4, given=CloudSpec("tracks", features, 4)), _answers, seed)


def _toy(spec: CloudSpec, draw: Callable[[int, np.random.Generator], Clouds], seed: int) -> Toy:
    streams = np.random.SeedSequence(seed).spawn(len(_CLOUDS))
    splits = {
        name: draw(n, np.random.default_rng(stream)) for (name, n), stream in zip(_CLOUDS.items(), streams, strict=True)
    }
    return Toy(spec, **splits)


def _answers(n: int, rng: np.random.Generator) -> Clouds:
    counts = 1 + np.arange(-(-n // 5)) % 4
    true = np.stack([1 + rng.exponential(5.0, counts.sum()), rng.normal(size=counts.sum())], axis=1)
    given, event = Clouds.from_multiplicities(true, counts), np.arange(n) // 5
    copies = given[event]
    found = (rng.random(len(copies.points)) < 0.8) | (copies.ranks == 0)
    points = copies.points[found] * np.exp(rng.normal(0.0, 0.05, (int(found.sum()), 2)))
    return Clouds(points, offsets_of(np.bincount(copies.rows[found], minlength=n)), None, given, event)


def _rows(n: int, rng: np.random.Generator) -> Clouds:
    x, pt = rng.normal(size=n), 20 + rng.exponential(30, n)
    return Clouds(np.stack([x, pt, pt * np.cosh(0.3 * x)], 1), np.arange(n + 1))


def _jets(n: int, rng: np.random.Generator) -> Clouds:
    multiplicity = _LEAST + rng.binomial(_MOST - _LEAST, 0.6, n)
    multiplicity[: _MOST - _LEAST + 1] = np.arange(_LEAST, _MOST + 1)
    mask = np.arange(_MOST) < multiplicity[:, None]
    shares = np.where(mask, rng.gamma(1.5, size=mask.shape), 0)
    shares = -np.sort(-shares, axis=1) / shares.sum(1, keepdims=True)
    widths = 0.02 + 0.1 / (1 + 20 * shares)
    angles = rng.normal(size=(*mask.shape, 2)) * widths[..., None]
    angles -= (angles * shares[..., None]).sum(1, keepdims=True)
    momenta = shares * rng.beta(40, 3, size=(n, 1))
    return Clouds.from_padded(np.concatenate([angles, momenta[..., None]], axis=2), mask)
