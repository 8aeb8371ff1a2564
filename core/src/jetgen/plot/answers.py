"""Figures of answers to true events, as the lecture on arXiv:2211.06406 draws them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from jetgen.data.clouds import Clouds
from jetgen.metrics.answers.matching import Coordinates, matched, resolution_of
from jetgen.metrics.answers.resolution import FEWEST, Moments
from jetgen.plot.comparison import Comparison, colour_of
from jetgen.plot.style import TRUE, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_events", "draw_moments", "draw_sizes", "draw_spreads", "enough_replicas"]

_LABELS = {"pt": "ln pT", "eta": "η", "phi": "φ"}
_FEWEST_POINTS = 2  # of an event that is shown


@dataclass(frozen=True)
class _Residuals:
    """The residuals of each true particle, over the answers of each side."""

    found: Comparison

    @cached_property
    def own(self) -> Moments:
        """Of the truth."""
        return self._moments(self.found.real)

    def compared(self, clouds: Clouds) -> tuple[Moments, Moments]:
        """Those of the true answers and of ``clouds``, of the particles that both have often enough."""
        made = self._moments(clouds)
        enough = np.minimum(self.own.count, made.count) >= FEWEST
        return self.own.some(enough), made.some(enough)

    def _moments(self, clouds: Clouds) -> Moments:
        given, _ = _events(self.found.real)
        coordinates = Coordinates(self.found.spec)
        return Moments.of(matched(clouds, _events(clouds)[1], given, coordinates, self._width), len(given.points))

    @cached_property
    def _width(self) -> NDArray[np.float64]:
        given, event = _events(self.found.real)
        return resolution_of(self.found.real, event, given, Coordinates(self.found.spec))


def enough_replicas(clouds: Clouds) -> bool:
    """Whether true particles are answered often enough to know the spread of their residuals."""
    return clouds.event is not None and bool(np.bincount(clouds.event).max(initial=0) >= FEWEST)


def draw_moments(figure: Figure, found: Comparison) -> None:
    """Of each particle with enough answers the mean and the variance of its residuals, generated over true."""
    residuals, names = _Residuals(found), Coordinates(found.spec).names
    true = residuals.own
    figure.set_size_inches(4 * len(names), 7.5)
    axes = figure.subplots(2, len(names))
    for place, (side, clouds) in enumerate(found.fakes.items()):
        theirs, ours = residuals.compared(clouds)
        for i in range(len(names)):
            unit = np.sqrt(np.median(theirs.variance[:, i]))
            means = (theirs.mean[:, i] / unit, ours.mean[:, i] / unit)
            axes[0, i].plot(*means, ".", ms=2, color=colour_of(place), label=side, rasterized=True)
            variances = (theirs.variance[:, i], ours.variance[:, i])
            axes[1, i].loglog(*variances, ".", ms=2, color=colour_of(place), rasterized=True)
    for i, name in enumerate(names):
        label = _LABELS.get(name, name)
        axes[0, i].axline((0, 0), slope=1, color=TRUE, lw=0.8)
        axes[0, i].set(xlim=(-3, 3), ylim=(-3, 3), xlabel=f"true mean of {label} [errors]")
        low, high = np.quantile(true.variance[true.count >= FEWEST, i], (0.001, 0.999))
        axes[1, i].plot([low, high], [low, high], color=TRUE, lw=0.8)
        axes[1, i].set(xlabel=f"true variance of {label}", ylim=(low / 1e3, high * 1e4))
    axes[0, 0].set_ylabel("generated mean")
    axes[1, 0].set_ylabel("generated variance")
    _legend(figure, axes[0, 0])


def draw_sizes(figure: Figure, found: Comparison) -> None:
    """Mean number of points over the number of true particles, and the numbers of points of three events."""
    given, event = _events(found.real)
    particles = given.multiplicity[event]
    figure.set_size_inches(16, 4)
    axes = figure.subplots(1, 4)
    sizes, three = np.unique(particles), _three(found)
    for place, (side, clouds) in enumerate(found.sides()):
        colour = _side_colour(place)
        means = [clouds.multiplicity[particles == size].mean() for size in sizes]
        axes[0].plot(sizes, means, "o-", ms=3, lw=0.8, color=colour, label=side)
        for axis, one in zip(axes[1:], three, strict=False):
            ticks = np.arange(given.multiplicity[one] + 1)
            counts = np.bincount(clouds.multiplicity[event == one], minlength=len(ticks))
            axis.plot(np.arange(len(counts)), counts / counts.sum(), "o-", ms=3, lw=0.8, color=colour)
            axis.set(
                xlabel=f"points, of {given.multiplicity[one]} particles", ylabel="share of the answers", ylim=(0, 1.05)
            )
    axes[0].set(xlabel="true particles", ylabel="mean number of points")
    _legend(figure, axes[0])


def draw_events(figure: Figure, found: Comparison) -> None:
    """Three events in eta and phi, each about its centre: particles, true answers, generated answers."""
    given, event = _events(found.real)
    places = [found.spec.index(name) for name in ("eta", "phi")]
    sides = list(found.sides())
    figure.set_size_inches(3.2 * len(sides), 9)
    axes = figure.subplots(3, len(sides), squeeze=False)
    for line, one in zip(axes, _three(found), strict=False):
        particles = given[one : one + 1].points[:, places]
        middle = particles.mean(0)
        reach = 1.15 * np.abs(particles - middle).max() + 0.01
        for place, (axis, (_, clouds)) in enumerate(zip(line, sides, strict=True)):
            _event(axis, particles, clouds[event == one].points[:, places], _side_colour(place))
            axis.set(xlim=middle[0] + reach * np.array([-1, 1]), ylim=middle[1] + reach * np.array([-1, 1]))
            axis.tick_params(labelsize="xx-small")
        line[0].set_ylabel("φ")
    for axis, (side, _) in zip(axes[0], sides, strict=True):
        axis.set_title(wrapped(side), fontsize="small")
    for axis in axes[-1]:
        axis.set_xlabel("η")


def draw_spreads(figure: Figure, found: Comparison) -> None:
    """Of each model the logarithm of the variance ratio of each coordinate: median, quartiles; 0 is right."""
    residuals, names = _Residuals(found), Coordinates(found.spec).names
    figure.set_size_inches(9, 0.55 * len(found.fakes) + 1.6)
    axis = figure.subplots()
    for place, clouds in enumerate(found.fakes.values()):
        true, made = residuals.compared(clouds)
        ratio = np.log(np.maximum(made.variance, 1e-30) / true.variance)
        for i, name in enumerate(names):
            low, middle, high = np.quantile(ratio[:, i], (0.25, 0.5, 0.75))
            at = -place + 0.2 * (1 - i)
            axis.plot([low, high], [at, at], color=colour_of(i), lw=2)
            label = _LABELS.get(name, name) if place == 0 else None
            axis.plot(middle, at, "o", ms=5, color=colour_of(i), label=label)
    axis.axvline(0, color=TRUE, lw=0.8)
    axis.set_yticks([-place for place in range(len(found.fakes))], list(found.fakes))
    axis.minorticks_off()
    axis.set_xlabel("ln (generated / true variance): median and quartiles")
    axis.legend(fontsize="small")


def _events(clouds: Clouds) -> tuple[Clouds, NDArray[np.int64]]:
    """The true events, and which one each cloud answers."""
    assert clouds.given is not None
    assert clouds.event is not None
    return clouds.given, clouds.event


def _event(axis: Axes, particles: NDArray[np.float32], answers: NDArray[np.float32], colour: str) -> None:
    axis.plot(*answers.T, ".", ms=3, color=colour, alpha=0.4)
    axis.plot(*particles.T, "+", ms=9, color="0.4", mew=1)


def _three(found: Comparison) -> list[int]:
    """A small, a middling and a large event, whose particles do not lie on both sides of the cut of phi."""
    given, _ = _events(found.real)
    phi = found.spec.index("phi")
    spread = np.array([np.ptp(given[i : i + 1].points[:, phi]) for i in range(len(given))])
    sizes = np.where(spread < np.pi, given.multiplicity, -1)
    order = np.argsort(sizes, kind="stable")
    inside = order[sizes[order] >= _FEWEST_POINTS]
    return [int(inside[int(share * (len(inside) - 1))]) for share in (0.2, 0.6, 1.0)] if len(inside) else []


def _side_colour(place: int) -> str:
    return TRUE if place == 0 else colour_of(place - 1)


def _legend(figure: Figure, axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside upper center", ncols=min(4, len(labels)), fontsize="small", markerscale=3
    )
