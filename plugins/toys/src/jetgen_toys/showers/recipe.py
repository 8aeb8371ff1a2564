"""What determines the showers: the voxels, the parameters of the simulator and the seeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from jetgen.data import streams

__all__ = [
    "BLOCK",
    "GRID",
    "NATURE",
    "PARAMETERS",
    "RECIPE_VERSION",
    "CylinderGrid",
    "Parameters",
    "definition",
    "entropy",
]

RECIPE_VERSION = 1
"""Increased by hand whenever a change of the code changes a shower; the cache and all keys depend on it."""

BLOCK = 50
"""Showers that are simulated together, from one seed: their arrays fit into the cache of a CPU."""

NATURE = "toy showers, not Geant4"
"""The label of the showers in geometries, files and plots."""


@dataclass(frozen=True)
class CylinderGrid:
    """The voxels of the calorimeter in cylindrical coordinates. The names are keys of the recipe on disk.

    Arguments:
        layers: along the axis of the shower.
        sectors: in the azimuth around the axis.
        rings: in the distance from the axis.
        depth: the thickness of a layer in mm.
        width: the width of a ring in mm.
        threshold: the least energy of a hit in MeV; a voxel with less is empty.
    """

    layers: int = 45
    sectors: int = 16
    rings: int = 9
    depth: float = 3.4
    width: float = 4.65
    threshold: float = 0.5e-3 / 0.033

    @property
    def voxels(self) -> int:
        """The number of voxels: 6,480 in dataset 2 of the CaloChallenge, whose grid is the default."""
        return self.layers * self.sectors * self.rings


@dataclass(frozen=True)
class Parameters:
    """The parameters that were fitted to published figures of dataset 2; energies in MeV, lengths in Moliere radii.

    Arguments:
        energy_min, energy_max: the range of the incident energy, whose logarithm is uniform.
        response: the visible fraction of the incident energy, before some of it leaves the grid sideways.
        widening: the width of the visible core, in units of the published radial profile.
        halo: the fraction of the energy in the soft halo.
        halo_reach: the length over which the halo spreads along the axis, in radiation lengths.
        halo_radius, halo_power: the radial profile of the halo.
        bundles: the number of track bundles per layer and GeV; the fewer, the more a layer fluctuates.
        front, front_layers: the fluctuation of the first layer, and the number of layers in which it decays.
        track: the energy that the primary track leaves in the first layer.
        spot, spot_variance: the mean energy of a spot of the core, and its relative variance.
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


GRID = CylinderGrid()
PARAMETERS = Parameters()


def definition() -> Mapping[str, Any]:
    """A JSON object that determines the streams of showers, which have no end."""
    return {
        "recipe": RECIPE_VERSION,
        "nature": NATURE,
        "grid": asdict(GRID),
        "parameters": asdict(PARAMETERS),
        "block": BLOCK,
    }


def entropy(*axes: str | int) -> list[int]:
    """The seed of these axes, such as a split and the number of a block: eight words of 32 bits.

    >>> len(entropy("train", 0)), entropy("train", 0) == entropy("test", 0)
    (8, False)
    """
    return streams.entropy("toy-showers", f"recipe{RECIPE_VERSION}", *axes)
