"""Distances between calorimeter showers: their energy, its profiles, and the cells that stay empty.

In all three the energies of hits in one cell are added and a cell below the threshold counts as not hit, as in the
CaloChallenge. A hit outside the cells is moved to the nearest one, a negative energy becomes 0; how many such hits
there were is reported as an event ``clipped``.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from jetgen.api.metric import FeatureMetric, Measurement
from jetgen.api.protocols import MetricContext
from jetgen.data.clouds import Clouds
from jetgen.metrics.legal import standardised
from jetgen.metrics.observables.cells import grid, grids, incident_energy
from jetgen.metrics.wasserstein import wasserstein

__all__ = ["EnergyDistance", "ProfileDistance", "SparsityDistance"]

_Array = NDArray[np.float64]


class _OfCells(FeatureMetric):
    """What is measured of the energies of all cells of a shower."""

    name: ClassVar[str]

    def featurise(self, clouds: Clouds, ctx: MetricContext) -> _Array:
        """The quantities of each shower."""
        parts, illegal = [], 0
        for part, cells, wrong in grids(clouds, self.cloud_spec):
            parts.append(self._quantities(part, cells))
            illegal += wrong
        if illegal:
            ctx.report("clipped", metric=self.name, points=illegal)
        return np.concatenate(parts)

    @abstractmethod
    def _quantities(self, clouds: Clouds, cells: _Array) -> _Array:
        """float64 (N, ...), of showers with these energies in their cells (N, layers, sectors, rings)."""


class EnergyDistance(_OfCells):
    """``shower_energy``: between the energies of showers, each over the incident energy that it answers."""

    name = "shower_energy"

    def _quantities(self, clouds: Clouds, cells: _Array) -> _Array:
        total: _Array = cells.sum(axis=(1, 2, 3))
        return total / incident_energy(clouds, self.cloud_spec)

    def compare(self, real: _Array, fake: _Array, ctx: MetricContext) -> Measurement:
        """The distance."""
        del ctx
        return Measurement(wasserstein(real, fake))


class ProfileDistance(_OfCells):
    """``shower_profiles``: between the shares of its energy that a shower leaves in each layer, ring and sector.

    Each share has its distance, in units of the spread that it has among true showers. ``shower_profiles_z`` is the
    mean over the layers (the longitudinal profile), ``shower_profiles_r`` over the rings (the radial one) and
    ``shower_profiles_alpha`` over the sectors; ``shower_profiles`` is the mean of the three. A shower without energy
    has all shares 0.

    Distances and not the separation power of histograms (2410.21611, whose bins do not see an empty layer): they have
    no bins to choose, nothing is out of range, and their floor does not depend on how many bins are filled. A whole
    distribution is compared for each share, so that a right mean profile with wrong fluctuations is seen as well.
    """

    name = "shower_profiles"

    def _quantities(self, clouds: Clouds, cells: _Array) -> _Array:
        del clouds
        total = cells.sum(axis=(1, 2, 3))
        sums = np.concatenate([cells.sum(axis=axes) for axes in ((2, 3), (1, 2), (1, 3))], axis=1)
        shares: _Array = sums / np.where(total > 0, total, 1.0)[:, None]
        return shares

    def compare(self, real: _Array, fake: _Array, ctx: MetricContext) -> Measurement:
        """The mean of the three profiles, then each of them."""
        del ctx
        layers, sectors, rings = grid(self.cloud_spec)
        each = _distances(real, fake)
        parts = zip(("z", "r", "alpha"), np.split(each, [layers, layers + rings]), strict=True)
        found = {f"{self.name}_{profile}": float(part.mean()) for profile, part in parts}
        assert len(each) == layers + sectors + rings
        return Measurement(sum(found.values()) / len(found), found)


class SparsityDistance(_OfCells):
    """``shower_sparsity``: between the shares of the cells of a layer that were not hit, mean over the layers.

    In units of the spread that a layer has among true showers; ``shower_sparsity_all`` is the same of all cells
    together. Several hits in one cell hit it once: unlike the number of points, this sees that they collide.
    """

    name = "shower_sparsity"

    def _quantities(self, clouds: Clouds, cells: _Array) -> _Array:
        del clouds
        empty = (cells == 0).mean(axis=(2, 3))
        return np.column_stack([empty, empty.mean(axis=1)])

    def compare(self, real: _Array, fake: _Array, ctx: MetricContext) -> Measurement:
        """The mean over the layers, then the distance of all cells."""
        del ctx
        each = _distances(real, fake)
        return Measurement(float(each[:-1].mean()), {f"{self.name}_all": float(each[-1])})


def _distances(real: _Array, fake: _Array) -> _Array:
    """The distance of each column, in units of the spread of the true one."""
    real, fake = standardised(real, fake)
    return np.array([wasserstein(*columns) for columns in zip(real.T, fake.T, strict=True)])
