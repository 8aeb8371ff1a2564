"""The spec of calorimeter showers as hits in the voxels of a grid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jetgen.data.spec import CloudSpec, Feature

__all__ = ["shower_spec"]


def shower_spec(grid: tuple[int, int, int], hits: int, geometry: Mapping[str, Any]) -> CloudSpec:
    """Showers whose hits have an energy in MeV and the indices of their voxel.

    These are the layer ``z``, the sector ``alpha`` and the ring ``r``. The conditioning is ``e_inc``, the incident
    energy in MeV.

    Arguments:
        grid: the numbers of layers, sectors and rings.
        hits: of the largest shower.
        geometry: facts of the calorimeter, with lengths in mm and ``threshold_mev``.
    """
    layers, sectors, rings = grid
    return CloudSpec(
        kind="showers",
        features=(
            Feature("energy", "MeV", "positive"),
            Feature("z", bins=layers),
            Feature("alpha", nature="periodic", bins=sectors),
            Feature("r", bins=rings),
        ),
        max_points=hits,
        conditioning=(Feature("e_inc", "MeV", "positive"),),
        geometry=geometry,
    )
