"""Figures of jets: substructure, average images, and single jets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from jetgen.data.clouds import Clouds
from jetgen.data.jets import coordinates
from jetgen.data.spec import CloudSpec
from jetgen.metrics.observables.efps import efps
from jetgen.metrics.observables.substructure import substructure
from jetgen.plot.comparison import Comparison, Values, colour_of
from jetgen.plot.histograms import Panel, draw_panels
from jetgen.plot.maps import MOST_MAPS, draw_maps
from jetgen.plot.style import TRUE, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_efps", "draw_images", "draw_single_jets", "draw_substructure"]

Float64 = NDArray[np.float64]

_SUBSTRUCTURE = ("N-subjettiness ratio τ21", "N-subjettiness ratio τ32", "energy correlation ratio D2")
_JETS_WITH_SUBSTRUCTURE = 4_000  # per side: a clustering of each takes half a millisecond
_PIXELS = 40
_SINGLE = 4


def draw_substructure(figure: Figure, found: Comparison) -> None:
    """tau21, tau32 and D2 of the first jets of each side; needs fastjet."""
    sides = {
        name: [Values(one) for one in substructure(clouds[:_JETS_WITH_SUBSTRUCTURE], found.spec).T]
        for name, clouds in found.sides()
    }
    panels = [
        Panel(label, {side: columns[i] for side, columns in sides.items()}, "jets")
        for i, label in enumerate(_SUBSTRUCTURE)
    ]
    draw_panels(figure, panels)


def draw_efps(figure: Figure, found: Comparison) -> None:
    """The five energy flow polynomials behind W1EFP, as logarithms."""

    def observe(clouds: Clouds) -> Float64:
        return np.asarray(np.log10(np.maximum(efps(clouds, found.spec, "prime5"), 1e-12)), np.float64)

    sides = found.of_clouds(observe)
    number = len(sides["truth"])
    labels = [f"log10 EFP {i} (4 vertices, 4 edges)" for i in range(number)]
    panels = [Panel(label, {side: one[i] for side, one in sides.items()}, "jets") for i, label in enumerate(labels)]
    draw_panels(figure, panels)


def draw_images(figure: Figure, found: Comparison) -> None:
    """The mean momentum at each direction: truth, models, and their ratios to truth."""
    reach = _reach(found)
    images = {side: _image(clouds, found.spec, reach).T for side, clouds in list(found.sides())[: MOST_MAPS + 1]}
    figure.set_size_inches(3.3 * len(images) + 0.6, 6.4)
    labels = (r"$\eta^\mathrm{rel}$", r"$\phi^\mathrm{rel}$", "mean pT per jet")
    extent = (-reach, reach, -reach, reach)
    draw_maps(figure, images, (1e-6, 1e-5), labels, extent=extent, interpolation="nearest")


def draw_single_jets(figure: Figure, found: Comparison) -> None:
    """A few jets of each side; the area of a circle is the momentum of its particle."""
    sides = list(found.sides())[: MOST_MAPS + 1]
    reach = _reach(found)
    figure.set_size_inches(2.6 * len(sides), 2.6 * _SINGLE)
    grid = figure.subplots(_SINGLE, len(sides), squeeze=False, sharex=True, sharey=True)
    for i, (column, (side, clouds)) in enumerate(zip(grid.T, sides, strict=True)):
        colour = TRUE if i == 0 else colour_of(i - 1)
        for axes, row in zip(column, range(min(_SINGLE, len(clouds))), strict=False):
            _jet(axes, clouds[row : row + 1], found.spec, colour)
            axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
        column[0].set_title(wrapped(side), fontsize="small")


def _jet(axes: Axes, jet: Clouds, spec: CloudSpec, colour: str) -> None:
    eta, phi, pt = coordinates(jet, spec)
    axes.scatter(eta, phi, s=1500 * np.maximum(pt, 0), facecolors="none", edgecolors=colour, linewidths=1)
    axes.tick_params(labelsize="x-small")


def _reach(found: Comparison) -> float:
    """The distance from the axis within which nearly all true particles lie."""
    eta, phi, _ = coordinates(found.real, found.spec)
    return float(np.quantile(np.abs(np.concatenate([eta, phi])), 0.995)) if len(eta) else 1.0


def _image(clouds: Clouds, spec: CloudSpec, reach: float) -> Float64:
    """(pixels, pixels), the momentum in each pixel, mean over the jets."""
    eta, phi, pt = coordinates(clouds, spec)
    edges = np.linspace(-reach, reach, _PIXELS + 1)
    each = pt if clouds.weights is None else pt * (clouds.weights / clouds.weights.mean())[clouds.rows]
    return np.histogram2d(eta, phi, (edges, edges), weights=each)[0] / max(1, len(clouds))
