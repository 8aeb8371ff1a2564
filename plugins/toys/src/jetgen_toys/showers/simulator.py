"""From incident energies to showers: mean profiles, fluctuating layers, and a compound Poisson number per voxel."""

from __future__ import annotations

import numpy as np
from jetgen.data.clouds import Clouds
from numpy.typing import NDArray

from jetgen_toys.showers.profiles import (
    MOLIERE_RADIUS,
    RADIATION_LENGTH,
    LongitudinalProfile,
    longitudinal_profile,
    radial_profile,
)
from jetgen_toys.showers.recipe import BLOCK, GRID, PARAMETERS, CylinderGrid, Parameters, entropy

__all__ = ["Simulator", "stream"]

_Array = NDArray[np.float64]


class Simulator:
    """Showers of electrons that hit a calorimeter of tungsten and silicon head on; parametric, not Geant4.

    The longitudinal and radial profiles are those of Grindhammer and Peters (hep-ex/0001020). A soft halo, the
    fluctuation of the layers and the track of the electron are added, with parameters that were fitted to published
    figures of Geant4 showers. The energy expected in a voxel arrives as a Poisson number of spots of random energy.
    The cost does not depend on the incident energy.
    """

    def __init__(self, parameters: Parameters = PARAMETERS, grid: CylinderGrid = GRID) -> None:
        self.parameters, self.grid = parameters, grid
        step = grid.depth / RADIATION_LENGTH
        self._edges: _Array = step * np.arange(grid.layers + 1, dtype=np.float64)
        self._depths: _Array = self._edges[:-1] + step / 2
        self._radii: _Array = grid.width / MOLIERE_RADIUS * np.arange(grid.rings + 1, dtype=np.float64)
        inside = 1.0 - (1.0 + (self._radii / parameters.halo_radius) ** 2) ** -parameters.halo_power
        self._halo_rings = np.diff(inside)
        apart = np.abs(np.subtract.outer(np.arange(grid.layers), np.arange(grid.layers)))
        reach = step / parameters.halo_reach
        # Normalised to an infinite calorimeter, so that some of the halo leaves this one at both ends.
        self._halo_spread = np.exp(-reach * apart) * np.tanh(reach / 2)
        self._front = parameters.front * np.exp(-np.arange(grid.layers) / parameters.front_layers)

    def energies(self, n: int, rng: np.random.Generator) -> _Array:
        """float64 (n,), incident energies in MeV, uniform in their logarithm."""
        low, high = np.log([self.parameters.energy_min, self.parameters.energy_max])
        return np.exp(rng.uniform(low, high, n))

    def showers(self, energies: _Array, rng: np.random.Generator) -> Clouds:
        """A shower for each incident energy (N,) in MeV: the voxels that were hit, with the energy as conditioning."""
        grid = self.grid
        profile = longitudinal_profile(energies, rng.standard_normal((len(energies), 2)))
        of_core, of_halo = self._expected(energies, profile, rng)
        track = self._track(profile)
        # The spots of the core do not contain the energy of the track a second time.
        of_core[..., 0] = np.maximum(of_core[..., 0] - track, 0.2 * of_core[..., 0])
        voxels = self._voxels(of_core, of_halo, rng)
        sector = rng.integers(grid.sectors, size=len(energies))
        along = voxels.reshape(len(energies), grid.layers, grid.sectors, grid.rings)
        along[np.arange(len(energies)), :, sector, 0] += track * rng.standard_exponential(track.shape)
        return self._clouds(voxels, energies)

    def _expected(
        self, energies: _Array, profile: LongitudinalProfile, rng: np.random.Generator
    ) -> tuple[_Array, _Array]:
        """Two arrays (N, L, R): the energies of core and halo in each layer and ring, with fluctuating layers."""
        p = self.parameters
        shares = profile.shares(self._edges)
        of_halo = p.halo * shares @ self._halo_spread
        of_core = (1.0 - p.halo) * shares
        bundles = np.maximum(p.bundles * energies[:, None] / 1e3 * (of_core + of_halo), 0.02)
        layers = p.response * energies[:, None] * rng.standard_gamma(bundles) / bundles
        layers *= np.exp(self._front * rng.standard_normal((len(energies), 1)) - self._front**2 / 2)
        within = radial_profile(energies, profile.age(self._depths)).within(self._radii, p.widening)
        return (layers * of_core)[..., None] * np.diff(within), (layers * of_halo)[..., None] * self._halo_rings

    def _track(self, profile: LongitudinalProfile) -> _Array:
        """(N, L), the mean energy that the electron itself leaves in each layer, before the shower develops."""
        return self.parameters.track * np.exp(-((self._depths / (1.3 * profile.maximum[:, None] + 2.0)) ** 2))

    def _voxels(self, of_core: _Array, of_halo: _Array, rng: np.random.Generator) -> _Array:
        """(N, V), the energy of every voxel: the sum of a Poisson number of spots, which is log-normal."""
        p, sectors, rings = self.parameters, self.grid.sectors, self.grid.rings
        core_spots, halo_spots = of_core / p.spot, of_halo / p.halo_spot
        expected = core_spots + halo_spots
        shape = (*expected.shape[:2], sectors, rings)
        spots = rng.poisson(np.broadcast_to((expected / sectors)[:, :, None], shape)).reshape(-1)
        hit = np.flatnonzero(spots)
        spots = spots[hit]
        ring = hit // (sectors * rings) * rings + hit % rings
        of_the_core = rng.binomial(spots, core_spots.reshape(-1)[ring] / expected.reshape(-1)[ring])
        mean = of_the_core * p.spot + (spots - of_the_core) * p.halo_spot
        variance = of_the_core * (p.spot**2 * p.spot_variance)
        variance += (spots - of_the_core) * (p.halo_spot**2 * p.halo_spot_variance)
        square = np.log1p(variance / mean**2)
        voxels = np.zeros((len(expected), self.grid.voxels))
        voxels.reshape(-1)[hit] = mean * np.exp(np.sqrt(square) * rng.standard_normal(len(hit)) - square / 2)
        return voxels

    def _clouds(self, voxels: _Array, energies: _Array) -> Clouds:
        """The voxels (N, V) above the threshold as points."""
        values = voxels.astype(np.float32)
        rows, index = np.nonzero(values >= np.float32(self.grid.threshold))
        z, within = np.divmod(index, self.grid.sectors * self.grid.rings)
        alpha, r = np.divmod(within, self.grid.rings)
        points = np.stack([values[rows, index], z, alpha, r], axis=1, dtype=np.float32)
        offsets = np.searchsorted(rows, np.arange(len(energies) + 1))
        return Clouds(points, offsets, energies[:, None].astype(np.float32))


def stream(simulator: Simulator, first: int, blocks: int, *axes: str | int) -> Clouds:
    """``blocks`` blocks of the stream that ``axes`` name, from block ``first`` on.

    Each block has its own seed, so its showers do not depend on the blocks that are simulated with it.
    """
    parts = []
    for index in range(first, first + blocks):
        rng = np.random.default_rng(entropy(*axes, index))
        parts.append(simulator.showers(simulator.energies(BLOCK, rng), rng))
    return Clouds.concatenate(parts)
