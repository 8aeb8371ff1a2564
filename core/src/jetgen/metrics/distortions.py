"""Clouds with one planted fault each, to find out which faults a metric sees."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from jetgen.api.protocols import CloudSource
from jetgen.data.clouds import Clouds
from jetgen.data.jets import RELATIVE, relative_mass
from jetgen.data.ordering import leading_feature, ordered
from jetgen.data.spec import CloudSpec
from jetgen.errors import DataError, UsageError

__all__ = ["DISTORTIONS", "Distortion"]

_SHIFT = 0.02
_SMEAR = 0.02
_TAIL = 0.05
_KEPT = 0.10
_SCALE = 0.01

_Change = Callable[[Clouds, CloudSpec, np.random.Generator, CloudSource | None], Clouds]


@dataclass(frozen=True)
class Distortion:
    """One fault that can be planted into clouds.

    Arguments:
        name: the key in :data:`DISTORTIONS`.
        summary: one line that says what is wrong afterwards.
        change: the function that plants it; call :meth:`apply` instead.
        features: the names of the features that it needs; empty if it needs none.
        needs_train: True if it needs the training clouds.

    >>> from jetgen import Feature
    >>> spec = CloudSpec("jets", (Feature("etarel"), Feature("ptrel", nature="positive")), 2)
    >>> jets = Clouds([[-50.0, 0.5], [50.0, 0.25]], [0, 1, 2])
    >>> DISTORTIONS["eta_shift"].apply(jets, spec, np.random.default_rng(0)).points[:, 0].tolist()
    [-49.0, 51.0]
    """

    name: str
    summary: str
    change: _Change = field(repr=False)
    features: tuple[str, ...] = ()
    needs_train: bool = False

    def apply(
        self, clouds: Clouds, spec: CloudSpec, rng: np.random.Generator, train: CloudSource | None = None
    ) -> Clouds:
        """As many clouds with the fault in them; ``clouds`` are not changed.

        Arguments:
            clouds: true clouds.
            spec: their features.
            rng: the source of randomness; the same state gives the same result.
            train: the training clouds, if ``needs_train``.

        Raises:
            DataError: if there are no clouds, a feature is missing, or no cloud has room for one more point.
            UsageError: if it needs the training clouds and there are none.
        """
        if len(clouds) == 0:
            msg = f"{self.name} needs clouds to distort; there are none"
            raise DataError(msg)
        missing = [name for name in self.features if name not in spec.names]
        if missing:
            msg = f"{self.name} needs the features {', '.join(missing)}; the clouds have {', '.join(spec.names)}"
            raise DataError(msg)
        if self.needs_train and (train is None or len(train) == 0):
            msg = f"{self.name} returns training clouds and needs some; give train="
            raise UsageError(msg)
        return self.change(clouds, spec, rng, train)


def _spread(clouds: Clouds, column: int) -> float:
    """The standard deviation of a feature over all points of all clouds."""
    return float(clouds.points[:, column].astype(np.float64).std()) if len(clouds.points) else 0.0


def _eta_shift(clouds: Clouds, spec: CloudSpec, rng: np.random.Generator, train: CloudSource | None) -> Clouds:
    del rng, train
    column = spec.index("etarel")
    points = clouds.points.astype(np.float64)
    points[:, column] += _SHIFT * _spread(clouds, column)
    return clouds.with_points(points)


def _smear(clouds: Clouds, spec: CloudSpec, rng: np.random.Generator, train: CloudSource | None) -> Clouds:
    """Positive features are multiplied by exp(noise), so they stay positive; categories are not changed."""
    del train
    points = clouds.points.astype(np.float64)
    noise = _SMEAR * rng.normal(size=points.shape)
    for i, feature in enumerate(spec.features):
        if feature.nature == "positive":
            points[:, i] *= np.exp(noise[:, i])
        elif feature.nature != "categorical":
            points[:, i] += noise[:, i] * _spread(clouds, i)
    return clouds.with_points(points)


def _mass_tail(clouds: Clouds, spec: CloudSpec, rng: np.random.Generator, train: CloudSource | None) -> Clouds:
    """The tail is defined by ranks rather than a threshold: its size is exact even if masses are equal."""
    del train
    by_mass = np.argsort(relative_mass(clouds, spec), kind="stable")
    tail = round(_TAIL * len(clouds))
    body = by_mass[: len(clouds) - tail]
    index = np.arange(len(clouds))
    index[by_mass[len(body) :]] = rng.choice(body, tail, replace=False)
    return clouds[index]


def _collapse(clouds: Clouds, spec: CloudSpec, rng: np.random.Generator, train: CloudSource | None) -> Clouds:
    del spec, train
    kept = rng.permutation(len(clouds))[: max(1, round(_KEPT * len(clouds)))]
    return clouds[np.resize(kept, len(clouds))]


def _pt_scale(clouds: Clouds, spec: CloudSpec, rng: np.random.Generator, train: CloudSource | None) -> Clouds:
    del rng, train
    points = clouds.points.astype(np.float64)
    points[:, leading_feature(spec)] *= 1.0 + _SCALE
    return clouds.with_points(points)


def _shuffle(clouds: Clouds, spec: CloudSpec, rng: np.random.Generator, train: CloudSource | None) -> Clouds:
    """Among clouds of equal size, points of equal rank are permuted between the clouds."""
    del train
    aligned = ordered(clouds, spec)
    sizes, ranks = np.repeat(aligned.multiplicity, aligned.multiplicity), aligned.ranks
    grouped = np.lexsort([ranks, sizes])
    permuted = np.lexsort([rng.random(len(ranks)), ranks, sizes])
    points = np.empty_like(aligned.points)
    points[grouped] = aligned.points[permuted]
    return aligned.with_points(points)


def _one_more(clouds: Clouds, spec: CloudSpec, rng: np.random.Generator, train: CloudSource | None) -> Clouds:
    """Only clouds that grow give a point: full ones may be truncated, and their last point is not their softest."""
    del train
    aligned = ordered(clouds, spec)
    growing = aligned.multiplicity < spec.max_points
    givers = rng.permutation(np.flatnonzero(growing & (aligned.multiplicity > 0)))
    if len(givers) == 0:
        msg = f"no cloud has both a point to give and room for one more: the largest size is {spec.max_points}"
        raise DataError(msg)
    giver = rng.choice(givers, len(aligned))
    giver[givers] = np.roll(givers, 1)
    softest = aligned.points[aligned.offsets[1:][giver[growing]] - 1]
    points = np.insert(aligned.points, aligned.offsets[1:][growing], softest, axis=0)
    return Clouds.from_multiplicities(
        points, aligned.multiplicity + growing, aligned.conditioning, aligned.given, aligned.event, aligned.weights
    )


def _copy(clouds: Clouds, spec: CloudSpec, rng: np.random.Generator, train: CloudSource | None) -> Clouds:
    del spec
    known = train[: len(train)] if train is not None else clouds[:0]
    return known[rng.choice(len(known), len(clouds), replace=len(clouds) > len(known))]


DISTORTIONS: Mapping[str, Distortion] = MappingProxyType(
    {
        one.name: one
        for one in (
            Distortion(
                "eta_shift",
                "etarel of every point is larger by 2 % of its spread over all points",
                _eta_shift,
                features=("etarel",),
            ),
            Distortion(
                "smear",
                "every feature has Gaussian noise: 2 % of its spread over all points, of itself if it is positive",
                _smear,
            ),
            Distortion(
                "mass_tail",
                "the heaviest 5 % of the jets are missing; each is replaced by a second copy of a lighter one",
                _mass_tail,
                features=RELATIVE,
            ),
            Distortion("collapse", "only 10 % of the clouds are left; each is there ten times", _collapse),
            Distortion("pt_scale", "the leading feature (ptrel) of every point is larger by 1 %", _pt_scale),
            Distortion(
                "shuffle",
                "clouds of equal size exchange points of equal rank: marginals intact, correlations lost",
                _shuffle,
            ),
            Distortion(
                "multiplicity",
                "every cloud below the largest size has one point more, the softest of another such cloud",
                _one_more,
            ),
            Distortion("copy", "the clouds are training clouds", _copy, needs_train=True),
        )
    }
)
"""Every distortion by name. Those without ``features`` apply to clouds of any kind."""
