"""The showers of the CaloChallenge (2410.21611): the energies of all voxels in a row, which become hits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from jetgen.data.clouds import Clouds
from jetgen.data.showers import shower_spec
from jetgen.data.sources import SlicedSource
from jetgen.io.store import Store

__all__ = ["VoxelFile"]

_BLOCK = 1000  # showers at a time: 6 to 40 million voxels


@dataclass(frozen=True)
class _Grid:
    """Voxels of a calorimeter whose layers are all alike: layers, sectors and rings, and the width of a ring in mm."""

    shape: tuple[int, int, int]
    width: float


_GRIDS: Mapping[int, _Grid] = {6480: _Grid((45, 16, 9), 4.65), 40500: _Grid((45, 50, 18), 2.325)}
"""By the number of voxels: datasets 2 and 3."""

_DEPTH = 3.4  # mm, of a layer
_THRESHOLD = 0.5e-3 / 0.033  # MeV: a readout of 0.5 keV, calibrated


class VoxelFile(SlicedSource):
    """Showers as hits: the energy in MeV, and the indices of layer ``z``, sector ``alpha`` and ring ``r``.

    The conditioning ``e_inc`` is the incident energy in MeV. All voxels are looked at once, for the largest shower.

    Arguments:
        store: the open file, with ``showers`` (N, voxels) and ``incident_energies`` (N,) or (N, 1), in MeV.

    Raises:
        DataError: if the voxels are those of no dataset with equal layers, or an energy is negative or not finite.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        showers = store.array("showers", "showers, voxels")
        grid = _GRIDS.get(showers.shape[1])
        if grid is None:
            sizes = " and ".join(f"{voxels:,}" for voxels in _GRIDS)
            store.refuse(
                f"showers have {showers.shape[1]:,} voxels; {sizes} are read, of datasets 2 and 3: the layers of "
                "dataset 1 differ from each other"
            )
        energies = store.read("incident_energies")
        if energies.shape not in ((len(showers),), (len(showers), 1)):
            store.refuse(f"incident_energies has shape {energies.shape} for {len(showers)} showers")
        self._energies = energies.reshape(-1, 1).astype(np.float32)
        wrong = np.flatnonzero(~(self._energies > 0) | np.isinf(self._energies))
        if len(wrong):
            store.refuse(
                f"incident_energies is {self._energies[wrong[0], 0]} at row {wrong[0]}; an energy in MeV is positive"
            )
        self._grid = grid
        starts = range(0, len(showers), _BLOCK)
        sizes_of = [self.read(start, min(start + _BLOCK, len(self))).multiplicity.max(initial=1) for start in starts]
        geometry = {"layer_mm": _DEPTH, "ring_mm": grid.width, "threshold_mev": _THRESHOLD}
        self.spec = shower_spec(grid.shape, int(max(sizes_of, default=1)), geometry)

    def __len__(self) -> int:
        return len(self._energies)

    def read(self, start: int, stop: int) -> Clouds:
        """The showers from ``start`` to ``stop``.

        Raises:
            DataError: if an energy is negative or not finite; the message has its row.
        """
        voxels = self._store.read("showers", start, stop)
        wrong = np.argwhere(~(voxels >= 0) | np.isinf(voxels))
        if len(wrong):
            row, voxel = wrong[0].tolist()
            self._store.refuse(
                f"showers is {voxels[row, voxel]} at row {start + row}, voxel {voxel}; an energy in MeV is not negative"
            )
        rows, flat = np.nonzero(voxels)
        place = np.unravel_index(flat, self._grid.shape)
        points = np.stack([voxels[rows, flat], *place], axis=1).astype(np.float32)
        sizes = np.bincount(rows, minlength=len(voxels))
        return Clouds.from_multiplicities(points, sizes, self._energies[start:stop])
