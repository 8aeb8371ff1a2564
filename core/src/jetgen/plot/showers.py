"""Figures of calorimeter showers in voxels: profiles, energies of voxels, and mean showers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from jetgen.data.clouds import Clouds
from jetgen.data.spec import CloudSpec
from jetgen.metrics.observables.voxels import grid_shape, voxel_batches
from jetgen.plot.comparison import Comparison, colour_of
from jetgen.plot.maps import MOST_MAPS, draw_maps
from jetgen.plot.style import TRUE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_mean_showers", "draw_profiles"]

Float64 = NDArray[np.float64]

_SPECTRUM = np.geomspace(1e-3, 1e5, 61)  # MeV


@dataclass(frozen=True)
class _Mean:
    """Of showers the mean energy (layers, rings) in MeV, its error, and the number of voxels by their energy."""

    energy: Float64
    layers: Float64
    layers_error: Float64
    rings: Float64
    rings_error: Float64
    spectrum: Float64

    @classmethod
    def of(cls, clouds: Clouds, spec: CloudSpec) -> Self:
        """Of these showers; weights are not looked at."""
        layers, _, rings = grid_shape(spec)
        energy, spectrum = np.zeros((layers, rings)), np.zeros(len(_SPECTRUM) - 1)
        parts = []
        for _, voxels, _ in voxel_batches(clouds, spec):
            flat = voxels.sum(axis=2)
            energy += flat.sum(axis=0)
            parts.append(np.concatenate([flat.sum(axis=2), flat.sum(axis=1)], axis=1))
            spectrum += np.histogram(voxels[voxels > 0], _SPECTRUM)[0]
        n = max(1, len(clouds))
        each = np.concatenate(parts)
        mean = each.sum(axis=0) / n
        error = np.sqrt(np.maximum(np.square(each).sum(axis=0) / n - np.square(mean), 0) / n)
        return cls(energy / n, mean[:layers], error[:layers], mean[layers:], error[layers:], spectrum / n)


def draw_profiles(figure: Figure, found: Comparison) -> None:
    """Mean energy by layer and by ring, and the energies of voxels; below each the ratio to truth."""
    means = {side: _Mean.of(clouds, found.spec) for side, clouds in found.sides()}
    true = means["truth"]
    figure.set_size_inches(14.4, 5.4)
    grid = figure.subplots(2, 3, height_ratios=(3, 1), sharex="col")
    layers, _, rings = grid_shape(found.spec)
    edges = [np.arange(-0.5, layers, dtype=np.float64), np.arange(-0.5, rings, dtype=np.float64), _SPECTRUM]
    labels = ("layer", "ring", "energy of a voxel [MeV]")
    columns: dict[str, list[tuple[Float64, Float64 | None]]] = {
        side: [(one.layers, one.layers_error), (one.rings, one.rings_error), (one.spectrum, None)]
        for side, one in means.items()
    }
    for i, (above, below) in enumerate(grid.T):
        _profile(above, below, edges[i], {side: column[i] for side, column in columns.items()})
        below.set_xlabel(labels[i])
        above.set(yscale="log", ylabel="voxels per shower" if i == 2 else "mean energy [MeV]")
    grid[0, 2].set_xscale("log")
    shown = np.flatnonzero(true.spectrum)
    if len(shown):
        grid[0, 2].set_xlim(_SPECTRUM[shown[0]], _SPECTRUM[shown[-1] + 1])
    handles, names = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper center", ncols=min(4, len(names)), fontsize="small")


def _profile(above: Axes, below: Axes, edges: Float64, sides: dict[str, tuple[Float64, Float64 | None]]) -> None:
    true, error = sides["truth"]
    safe = np.where(true > 0, true, np.nan)
    above.stairs(true, edges, fill=True, color="0.85", label="truth")
    if error is not None:
        band = np.nan_to_num(error / safe)
        below.stairs(1 + band, edges, baseline=1 - band, fill=True, color="0.85")
    below.axhline(1.0, color=TRUE, linewidth=1)
    for place, (side, (values, _)) in enumerate(one for one in sides.items() if one[0] != "truth"):
        above.stairs(values, edges, color=colour_of(place), label=side, linewidth=1.6, baseline=None)
        below.stairs(values / safe, edges, color=colour_of(place), linewidth=1.6, baseline=None)
    below.set(ylim=(0, 2), ylabel="model / truth", xlim=(edges[0], edges[-1]))


def draw_mean_showers(figure: Figure, found: Comparison) -> None:
    """The mean energy in each layer and ring: truth, models, and their ratios to truth."""
    sides = list(found.sides())[: MOST_MAPS + 1]
    means = {side: _Mean.of(clouds, found.spec).energy.T for side, clouds in sides}
    figure.set_size_inches(3.6 * len(means) + 0.6, 5.6)
    draw_maps(figure, means, (1.0, 2.0), ("layer", "ring", "mean energy [MeV]"), aspect="auto")
