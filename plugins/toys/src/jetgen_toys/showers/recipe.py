"""What determines the showers: the cells, the parameters of the simulator and the seeds."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["BLOCK", "GRID", "NATURE", "PARAMETERS", "RECIPE_VERSION", "Grid", "Parameters", "definition", "entropy"]

RECIPE_VERSION = 1
"""Raised by hand whenever a change of the code changes a shower; the cache and every key follow it."""

BLOCK = 50
"""Showers that are made together, from one seed: their arrays fit into the cache of a processor."""

NATURE = "toy showers, not Geant4"
"""What is written wherever they appear."""


@dataclass(frozen=True)
class Grid:
    """The cells: layers along the axis of the shower, sectors around it and rings about it; lengths in mm.

    Arguments:
        threshold: a cell with less energy, in MeV, was not hit.
    """

    layers: int = 45
    sectors: int = 16
    rings: int = 9
    depth: float = 3.4
    width: float = 4.65
    threshold: float = 0.5e-3 / 0.033

    @property
    def cells(self) -> int:
        """How many there are: 6,480 in dataset 2 of the CaloChallenge, whose grid is the default."""
        return self.layers * self.sectors * self.rings


@dataclass(frozen=True)
class Parameters:
    """What was fitted to the published figures of dataset 2; energies in MeV, lengths in Moliere radii.

    Arguments:
        energy_min, energy_max: the range of the incident energies, whose logarithm is uniform.
        response: the visible share of the incident energy, before some of it leaves the cells sideways.
        widening: how much wider the visible core is than that of the published radial profile.
        halo: the share of the energy in the soft halo.
        halo_reach: how far along the axis the halo spreads, in radiation lengths.
        halo_radius, halo_power: its radial profile.
        bundles: track bundles per layer and GeV; few of them make a layer fluctuate.
        front, front_layers: the fluctuation of the first layers, and in how many of them it dies away.
        track: what the primary track leaves in the first layer.
        spot, spot_variance: the energy of a spot of the core and its relative variance.
        halo_spot, halo_spot_variance: the same of the halo.
    """

    energy_min: float = 1e3
    energy_max: float = 1e6
    response: float = 0.84
    widening: float = 1.3
    halo: float = 0.175
    halo_reach: float = 5.6
    halo_radius: float = 1.6
    halo_power: float = 0.75
    bundles: float = 59.0
    front: float = 0.44
    front_layers: float = 3.2
    track: float = 5.3
    spot: float = 12.0
    spot_variance: float = 6.7
    halo_spot: float = 6.9
    halo_spot_variance: float = 5.7


GRID = Grid()
PARAMETERS = Parameters()


def definition() -> Mapping[str, Any]:
    """A JSON object that determines the endless streams of showers."""
    return {
        "recipe": RECIPE_VERSION,
        "nature": NATURE,
        "grid": asdict(GRID),
        "parameters": asdict(PARAMETERS),
        "block": BLOCK,
    }


def entropy(*axes: str | int) -> list[int]:
    """Eight words of 32 bits that belong to these axes, such as a split and the number of a block.

    >>> len(entropy("train", 0)), entropy("train", 0) == entropy("test", 0)
    (8, False)
    """
    name = "/".join(str(axis) for axis in ("toy-showers", f"recipe{RECIPE_VERSION}", *axes))
    digest = hashlib.sha256(name.encode()).digest()
    return [int.from_bytes(digest[i : i + 4], "little") for i in range(0, 32, 4)]
