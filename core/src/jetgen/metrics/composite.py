"""One number for how far generated clouds are from true ones: Wasserstein distances in units of their floors."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from jetgen.data.clouds import Clouds
from jetgen.data.jets import RELATIVE, has_relative, relative_mass
from jetgen.data.spec import CloudSpec
from jetgen.metrics.observables.efps import efps
from jetgen.metrics.observables.spacing import LARGEST, SMALLEST, spacing
from jetgen.metrics.wasserstein import wasserstein

__all__ = ["Composite", "observables", "variety"]

_Array = NDArray[np.float64]
_By = Literal["all", "mass", "pairs"]

_FLOOR_DRAWS = 10
# More points of a sample than this tell the distribution of a feature no better.
_POINTS = 100_000
_VARIETY_CLOUDS = 400
# Distances below this are one: a jet of one particle has none.
_NEAREST = 1e-4


class Composite:
    """The mean over the groups of :func:`observables` of the mean ratio of W1 to its floor; 1 is as good as truth.

    The floor of a distance is that of truth against truth at the sizes of the comparison: the mean over some random
    splits of all ``truth`` into two disjoint sets.

    Arguments:
        spec: of the clouds.
        reference: true clouds to compare with.
        truth: all independent true clouds at hand, which the floors are made of; ``reference`` may be among them.
        generated: how many clouds will be compared.
        by: ``mass`` looks at the masses of jets alone, where there are masses; ``pairs`` at all groups and, of jets, at
            the smallest distances between particles, too, where a classifier looks.
        rng: of the splits.
    """

    def __init__(
        self,
        spec: CloudSpec,
        reference: Clouds,
        truth: Clouds,
        generated: int,
        *,
        by: _By = "all",
        rng: np.random.Generator,
    ) -> None:
        self.spec, self.by = spec, by
        self._reference = self._observables(reference)
        self._true_variety = variety(reference)
        self.floors = self._floors(truth, len(reference), generated, rng)

    def _observables(self, clouds: Clouds) -> dict[str, list[_Array]]:
        found = observables(clouds, self.spec)
        if self.by == "pairs" and has_relative(self.spec):
            angles = clouds.points[:, [self.spec.index(name) for name in RELATIVE[:2]]]
            found["pairs"] = list(np.log(spacing(angles, clouds.offsets, SMALLEST, LARGEST)[:, :SMALLEST] + _NEAREST).T)
        return {"mass": found["mass"]} if self.by == "mass" and "mass" in found else found

    def _floors(self, truth: Clouds, first: int, second: int, rng: np.random.Generator) -> dict[str, list[float]]:
        half = len(truth) // 2
        first, second = min(first, max(half, len(truth) - second)), min(second, max(half, len(truth) - first))
        draws = []
        for _ in range(_FLOOR_DRAWS):
            order = rng.permutation(len(truth))
            one, other = (self._observables(truth[part]) for part in (order[:first], order[first : first + second]))
            draws.append(_distances(one, other))
        return {
            name: [max(float(np.mean([draw[name][i] for draw in draws])), 1e-12) for i in range(len(values))]
            for name, values in draws[0].items()
        }

    def ratios(self, fake: Clouds) -> dict[str, float]:
        """For each group the mean ratio of the distances to their floors."""
        found = _distances(self._reference, self._observables(fake))
        return {
            name: float(np.mean([value / floor for value, floor in zip(values, self.floors[name], strict=True)]))
            for name, values in found.items()
        }

    def score(self, fake: Clouds) -> float:
        """The mean of the groups."""
        ratios = self.ratios(fake)
        return sum(ratios.values()) / len(ratios)

    def variety(self, fake: Clouds) -> float:
        """How different generated clouds are from each other, as a part of how different the true ones are."""
        return variety(fake) / max(self._true_variety, 1e-12)


def observables(clouds: Clouds, spec: CloudSpec) -> dict[str, list[_Array]]:
    """What is compared, in groups: of jets mass, features, EFPs and size; of showers energy, features and size."""
    groups: dict[str, list[_Array]] = {}
    if has_relative(spec):
        groups["mass"] = [relative_mass(clouds, spec)]
        groups["efps"] = list(efps(clouds, spec).T)
    elif spec.kind == "showers" and "energy" in spec.names and "e_inc" in spec.conditioning_names:
        energy = np.bincount(clouds.rows, clouds.points[:, spec.index("energy")], minlength=len(clouds))
        groups["energy"] = [energy / clouds.conditioning[:, spec.conditioning_names.index("e_inc")]]
    thin = slice(None, None, max(1, len(clouds.points) // _POINTS))
    groups["features"] = [
        clouds.points[thin, i].astype(np.float64)
        for i, feature in enumerate(spec.features)
        if feature.nature != "categorical"
    ]
    if spec.max_points > 1:
        groups["size"] = [clouds.multiplicity.astype(np.float64)]
    return groups


def _distances(one: Mapping[str, list[_Array]], other: Mapping[str, list[_Array]]) -> dict[str, list[float]]:
    return {
        name: [wasserstein(a, b) if len(a) and len(b) else math.inf for a, b in zip(values, other[name], strict=True)]
        for name, values in one.items()
    }


def variety(clouds: Clouds) -> float:
    """The median distance of a cloud to its nearest neighbour; 0 where a generator makes the same cloud again.

    A cloud is here the means and standard deviations of its features, each in units of the spread of the feature over
    the points of all these clouds.
    """
    some = clouds[clouds.multiplicity > 0][:_VARIETY_CLOUDS]
    if len(some) < 2:
        return 0.0
    starts = some.offsets[:-1]
    sums = np.add.reduceat(some.points.astype(np.float64), starts)
    squares = np.add.reduceat(some.points.astype(np.float64) ** 2, starts)
    means = sums / some.multiplicity[:, None]
    spreads = np.sqrt(np.maximum(squares / some.multiplicity[:, None] - means**2, 0))
    scale = np.maximum(some.points.std(0, dtype=np.float64), 1e-12)
    rows = np.concatenate([means / scale, spreads / scale], 1)
    distances = np.sqrt(((rows[:, None] - rows[None]) ** 2).sum(2))
    np.fill_diagonal(distances, np.inf)
    return float(np.median(distances.min(1)))
