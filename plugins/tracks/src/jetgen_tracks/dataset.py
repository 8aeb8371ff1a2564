"""The dataset class of the tracks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, get_args

import numpy as np
from jetgen.api.context import RunContext
from jetgen.api.protocols import Response, Split
from jetgen.data.clouds import Clouds
from jetgen.data.spec import CloudSpec
from jetgen.data.streams import entropy
from jetgen.errors import UsageError, did_you_mean
from numpy.typing import NDArray

from jetgen_tracks.detector import TrackDetector
from jetgen_tracks.particles import FEATURES, MOST, PARTICLES, true_events
from jetgen_tracks.specs import EVENTS, REPLICAS

__all__ = ["Tracks"]

_RECIPE = 1  # increased by hand whenever a change of the code changes a track
_BLOCK = 500  # events from one seed, so that a larger size begins with a smaller one


class Tracks:
    """Reconstructed tracks of the charged particles of single jets, in replicas of each true event (2211.06406).

    ``given`` has the true events, and all replicas of one share its row. A track has no partner: which particle it
    belongs to is not told. Nothing is kept on disk.

    Arguments:
        size: a name in :data:`jetgen_tracks.specs.EVENTS`.
        efficiency: a name in :data:`jetgen_tracks.efficiency.EFFICIENCIES`.

    Raises:
        UsageError: if there is no such size or efficiency.

    >>> tracks = Tracks.create("tiny", efficiency="fixed").load("test")
    >>> len(tracks), len(tracks.given), tracks.event[:3].tolist(), tracks.event[-1].item()
    (400, 8, [0, 0, 0], 7)
    """

    def __init__(self, size: str = "small", *, efficiency: str) -> None:
        if size not in EVENTS:
            msg = f"tracks have no size {size!r}{did_you_mean(size, EVENTS)}; use {', '.join(EVENTS)}"
            raise UsageError(msg)
        self._detector = TrackDetector(efficiency)
        self._events = dict(zip(get_args(Split), EVENTS[size], strict=True))
        self._replicas = dict(zip(get_args(Split), REPLICAS, strict=True))

    @classmethod
    def create(cls, size: str, **options: Any) -> Self:
        """The dataset of one size; nothing is made yet."""
        return cls(size, **options)

    @property
    def spec(self) -> CloudSpec:
        """Tracks with pT in GeV, eta and phi; ``given`` are the particles, which have a class too."""
        return CloudSpec("tracks", FEATURES, MOST, given=PARTICLES)

    def recipe(self) -> Mapping[str, Any]:
        """What determines the tracks."""
        return {
            "recipe": _RECIPE,
            "efficiency": self._detector.efficiency,
            "events": self._events,
            "replicas": self._replicas,
        }

    def prepare(self, ctx: RunContext) -> None:
        """Nothing to do: the tracks are made when they are loaded."""

    def load(self, split: Split) -> Clouds:
        """The tracks of one split, the replicas of an event one after the other.

        Raises:
            UsageError: if there is no such split.
        """
        if split not in self._events:
            msg = f"tracks have no split {split!r}; use {', '.join(self._events)}"
            raise UsageError(msg)
        return self._made(self._events[split], self._replicas[split], split)

    def simulate(self, n: int, seed: int) -> Clouds:
        """``n`` new true events, each reconstructed once."""
        truth, detector = _generators("simulate", seed)
        given = true_events(n, truth)
        return self._detector.tracks(given, np.arange(n), detector)

    def response(self, given: Clouds) -> Response:
        """What happens to each particle of these true events, exactly; see :class:`jetgen.SupportsResponse`.

        Raises:
            DataError: if the clouds do not have the features of true events.
        """
        return self._detector.response(given)

    def answer(self, given: Clouds, event: NDArray[np.int64], seed: int) -> Clouds:
        """New tracks, made now: those of cloud i are of the true event ``event[i]``.

        Raises:
            DataError: if the clouds do not have the features of true events.
        """
        return self._detector.tracks(given, event, _generators("answer", seed)[1])

    def _made(self, events: int, replicas: int, stream: str) -> Clouds:
        starts = range(0, events, _BLOCK)
        return Clouds.concatenate(
            [self._block(start, min(_BLOCK, events - start), replicas, stream) for start in starts]
        )

    def _block(self, start: int, events: int, replicas: int, stream: str) -> Clouds:
        """The first ``events`` events of the block that begins with number ``start``."""
        # Both efficiencies have the same true events.
        truth, detector = _generators(stream, start)
        given = true_events(_BLOCK, truth)
        made = self._detector.tracks(given, np.repeat(np.arange(_BLOCK), replicas), detector)[: events * replicas]
        return Clouds(made.points, made.offsets, None, given[:events], made.event)


def _generators(stream: str, *axes: int) -> list[np.random.Generator]:
    """A source of randomness for the true events, and one for the detector."""
    seed = np.random.SeedSequence(entropy("tracks", _RECIPE, stream, *axes))
    return [np.random.default_rng(each) for each in seed.spawn(2)]
