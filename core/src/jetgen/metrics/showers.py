"""Distances between calorimeter showers: their energy, its profiles, and their empty voxels.

In all three the energies of hits in one voxel are added and a voxel below the threshold counts as empty, as in the
CaloChallenge (2410.21611). A hit outside the calorimeter is moved to the nearest voxel and a negative energy becomes
0; the number of such hits is reported as an event ``clipped``.
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
from jetgen.metrics.observables.voxels import grid_shape, incident_energy, voxel_batches
from jetgen.metrics.wasserstein import wasserstein

__all__ = ["EnergyDistance", "ProfileDistance", "SparsityDistance"]

_Array = NDArray[np.float64]


class _VoxelMetric(FeatureMetric):
    """Base class of metrics of the energies of all voxels of a shower."""

    name: ClassVar[str]

    def featurise(self, clouds: Clouds, ctx: MetricContext) -> _Array:
        """float64 (N, ...), the features of each shower."""
        parts, illegal = [], 0
        for part, voxels, wrong in voxel_batches(clouds, self.cloud_spec):
            parts.append(self._features(part, voxels))
            illegal += wrong
        if illegal:
            ctx.report("clipped", metric=self.name, points=illegal)
        return np.concatenate(parts)

    @abstractmethod
    def _features(self, clouds: Clouds, voxels: _Array) -> _Array:
        """float64 (N, ...), of showers with these energies in their voxels (N, layers, sectors, rings)."""


class EnergyDistance(_VoxelMetric):
    """``shower_energy``: W1 between the energies of showers, each divided by its incident energy."""

    name = "shower_energy"

    def _features(self, clouds: Clouds, voxels: _Array) -> _Array:
        total: _Array = voxels.sum(axis=(1, 2, 3))
        return total / incident_energy(clouds, self.cloud_spec)

    def compare(self, real: _Array, fake: _Array, ctx: MetricContext, weights: _Array | None = None) -> Measurement:
        """The distance."""
        del ctx
        return Measurement(wasserstein(real, fake, weights))


class ProfileDistance(_VoxelMetric):
    """``shower_profiles``: W1 between the energy fractions of the layers, rings and sectors.

    Each fraction has its distance, in units of its standard deviation among true showers. ``shower_profiles_z`` is
    the mean over the layers (longitudinal profile), ``shower_profiles_r`` over the rings (radial profile) and
    ``shower_profiles_alpha`` over the sectors; ``shower_profiles`` is the mean of the three. A shower without energy
    has all fractions 0.

    Distances replace the separation power of histograms (2410.21611), whose bins do not see an empty layer: there
    are no bins to choose, nothing is out of range, and the floor does not depend on how many bins are filled. The
    whole distribution of each fraction is compared, so a right mean profile with wrong fluctuations is seen as well.
    """

    name = "shower_profiles"

    def _features(self, clouds: Clouds, voxels: _Array) -> _Array:
        del clouds
        total = voxels.sum(axis=(1, 2, 3))
        sums = np.concatenate([voxels.sum(axis=axes) for axes in ((2, 3), (1, 2), (1, 3))], axis=1)
        fractions: _Array = sums / np.where(total > 0, total, 1.0)[:, None]
        return fractions

    def compare(self, real: _Array, fake: _Array, ctx: MetricContext, weights: _Array | None = None) -> Measurement:
        """The mean of the three profiles, then each of them."""
        del ctx
        layers, _, rings = grid_shape(self.cloud_spec)
        profiles = np.split(_distances(real, fake, weights), [layers, layers + rings])
        each = {
            f"{self.name}_{axis}": float(profile.mean())
            for axis, profile in zip(("z", "r", "alpha"), profiles, strict=True)
        }
        return Measurement(sum(each.values()) / len(each), each)


class SparsityDistance(_VoxelMetric):
    """``shower_sparsity``: W1 between the fractions of empty voxels of a layer, mean over the layers.

    In units of the standard deviation of a layer among true showers. ``shower_sparsity_all`` is the same of all voxels
    together. Several hits in one voxel count once: unlike the number of points, this sees collisions of hits.
    """

    name = "shower_sparsity"

    def _features(self, clouds: Clouds, voxels: _Array) -> _Array:
        del clouds
        empty = (voxels == 0).mean(axis=(2, 3))
        return np.column_stack([empty, empty.mean(axis=1)])

    def compare(self, real: _Array, fake: _Array, ctx: MetricContext, weights: _Array | None = None) -> Measurement:
        """The mean over the layers, then the distance of all voxels."""
        del ctx
        each = _distances(real, fake, weights)
        return Measurement(float(each[:-1].mean()), {f"{self.name}_all": float(each[-1])})


def _distances(real: _Array, fake: _Array, weights: _Array | None) -> _Array:
    """float64 (D,), the distance of each column, in units of its standard deviation among true showers."""
    real, fake = standardised(real, fake)
    return np.array([wasserstein(*columns, weights) for columns in zip(real.T, fake.T, strict=True)])
