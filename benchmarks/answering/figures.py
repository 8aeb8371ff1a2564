"""The figures of answers to true events, as the lecture on arXiv:2211.06406 draws them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
from jetgen.metrics.answers.matching import Coordinates
from jetgen.metrics.answers.resolution import FEWEST

from answering.rows import Row, Truth

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_events", "draw_marginals", "draw_moments", "draw_sizes", "draw_spreads"]

_COLOURS = ("#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#a65628", "#7f7f7f")
_LABELS = {"pt": "ln pT", "eta": "η", "phi": "φ"}


def draw_marginals(truth: Truth, rows: Sequence[Row], path: Path) -> None:
    """The distribution of each coordinate over all points."""
    coordinates = Coordinates(truth.spec)
    true = coordinates.of_points(truth.clouds)
    figure, axes = plt.subplots(1, true.shape[1], figsize=(4 * true.shape[1], 3.2), layout="constrained", squeeze=False)
    for i, axis in enumerate(axes[0]):
        low, high = np.quantile(true[:, i], (0.001, 0.999))
        bins = np.linspace(low, high, 50)
        axis.hist(true[:, i], bins, density=True, color="0.85", label="truth")
        for row, colour in zip(rows, _COLOURS, strict=False):
            made = coordinates.of_points(row.clouds)[:, i]
            axis.hist(made, bins, density=True, histtype="step", color=colour, label=row.name)
        axis.set_xlabel(_LABELS.get(coordinates.names[i], coordinates.names[i]))
    axes[0, 0].legend(fontsize=8)
    _save(figure, path)


def draw_moments(truth: Truth, rows: Sequence[Row], path: Path) -> None:
    """Of each particle with enough answers the mean and the variance of its residuals, generated over true."""
    names, true = Coordinates(truth.spec).names, truth.own
    figure, axes = plt.subplots(2, len(names), figsize=(4 * len(names), 7), layout="constrained")
    for row, colour in zip(rows, _COLOURS, strict=False):
        theirs, ours = truth.compared(row.clouds)
        for i in range(len(names)):
            unit = np.sqrt(np.median(theirs.variance[:, i]))
            axes[0, i].plot(theirs.mean[:, i] / unit, ours.mean[:, i] / unit, ".", ms=2, color=colour, label=row.name)
            axes[1, i].loglog(theirs.variance[:, i], ours.variance[:, i], ".", ms=2, color=colour)
    for i, name in enumerate(names):
        label = _LABELS.get(name, name)
        axes[0, i].axline((0, 0), slope=1, color="black", lw=0.8)
        axes[0, i].set(xlim=(-3, 3), ylim=(-3, 3), xlabel=f"true mean residual of {label}, in typical errors")
        low, high = np.quantile(true.variance[true.count >= FEWEST, i], (0.001, 0.999))
        axes[1, i].plot([low, high], [low, high], color="black", lw=0.8)
        axes[1, i].set(xlabel=f"true variance of {label}", ylim=(low / 1e3, high * 1e4))
    axes[0, 0].set_ylabel("generated mean residual")
    axes[1, 0].set_ylabel("generated variance")
    axes[0, 0].legend(fontsize=8, markerscale=4)
    _save(figure, path)


def draw_sizes(truth: Truth, rows: Sequence[Row], path: Path) -> None:
    """Mean number of points over the number of true particles, and the numbers of points of three events."""
    given, event = truth.clouds.given, truth.clouds.event
    assert given is not None
    assert event is not None
    particles = given.multiplicity[event]
    figure, axes = plt.subplots(1, 4, figsize=(16, 3.4), layout="constrained")
    sizes = np.unique(particles)
    everything = [Row("truth", truth.clouds), *rows]
    for row, colour in zip(everything, ("black", *_COLOURS), strict=False):
        means = [row.clouds.multiplicity[particles == size].mean() for size in sizes]
        axes[0].plot(sizes, means, "o-", ms=3, lw=0.8, color=colour, label=row.name)
    axes[0].set(xlabel="true particles", ylabel="mean number of points")
    axes[0].legend(fontsize=8)
    for axis, one in zip(axes[1:], _three(truth), strict=True):
        ticks = np.arange(given.multiplicity[one] + 1)
        for row, colour in zip(everything, ("black", *_COLOURS), strict=False):
            counts = np.bincount(row.clouds.multiplicity[event == one], minlength=len(ticks))
            axis.plot(ticks, counts / counts.sum(), "o-", ms=3, lw=0.8, color=colour)
        axis.set(xlabel=f"points of event {one}, {given.multiplicity[one]} particles", ylabel="share of the answers")
    _save(figure, path)


def draw_events(truth: Truth, rows: Sequence[Row], path: Path) -> None:
    """Three events in eta and phi, each about its centre: particles, true answers, generated answers."""
    given, event = truth.clouds.given, truth.clouds.event
    assert given is not None
    assert event is not None
    places = [truth.spec.index(name) for name in ("eta", "phi")]
    everything = [Row("truth", truth.clouds), *rows]
    shape = (3, len(everything))
    figure, axes = plt.subplots(*shape, figsize=(3.2 * shape[1], 9), layout="constrained", squeeze=False)
    for line, one in zip(axes, _three(truth), strict=True):
        particles = given[one : one + 1].points
        reach = 1.15 * np.abs(particles[:, places] - particles[:, places].mean(0)).max() + 0.01
        for axis, row, colour in zip(line, everything, ("black", *_COLOURS), strict=False):
            answers = row.clouds[event == one].points
            _event(axis, particles, answers, colour, places)
            middle = particles[:, places].mean(0)
            axis.set(xlim=middle[0] + reach * np.array([-1, 1]), ylim=middle[1] + reach * np.array([-1, 1]))
            axis.tick_params(labelsize=7)
        line[0].set_ylabel(f"event {one}\nφ")
    for axis, row in zip(axes[0], everything, strict=True):
        axis.set_title(row.name, fontsize=9)
    for axis in axes[-1]:
        axis.set_xlabel("η")
    _save(figure, path)


def _event(axis: Axes, particles: np.ndarray, answers: np.ndarray, colour: str, places: list[int]) -> None:
    axis.plot(*answers[:, places].T, ".", ms=3, color=colour, alpha=0.4)
    axis.plot(*particles[:, places].T, "+", ms=9, color="0.4", mew=1)


def _three(truth: Truth) -> list[int]:
    """A small, a middling and a large event, whose particles do not lie on both sides of the cut of phi."""
    given = truth.clouds.given
    assert given is not None
    phi = truth.spec.index("phi")
    spread = np.array([np.ptp(given[i : i + 1].points[:, phi]) for i in range(len(given))])
    sizes = np.where(spread < np.pi, given.multiplicity, -1)
    order = np.argsort(sizes, kind="stable")
    inside = order[sizes[order] >= 2]
    return [int(inside[int(share * (len(inside) - 1))]) for share in (0.2, 0.6, 1.0)]


def draw_spreads(truth: Truth, rows: Sequence[Row], path: Path) -> None:
    """Of each model the logarithm of the variance ratio of each coordinate: median, quartiles; 0 is right."""
    names = Coordinates(truth.spec).names
    figure, axis = plt.subplots(figsize=(8, 0.55 * len(rows) + 1.2), layout="constrained")
    for place, row in enumerate(rows):
        true, made = truth.compared(row.clouds)
        ratio = np.log(np.maximum(made.variance, 1e-30) / true.variance)
        for i, name in enumerate(names):
            low, middle, high = np.quantile(ratio[:, i], (0.25, 0.5, 0.75))
            at = -place + 0.2 * (1 - i)
            axis.plot([low, high], [at, at], color=_COLOURS[i], lw=2)
            label = _LABELS.get(name, name) if place == 0 else None
            axis.plot(middle, at, "o", ms=5, color=_COLOURS[i], label=label)
    axis.axvline(0, color="black", lw=0.8)
    axis.set_yticks([-place for place in range(len(rows))], [row.name for row in rows])
    axis.set_xlabel("ln (generated / true variance) of a particle's residuals: median and quartiles")
    axis.legend(fontsize=8)
    _save(figure, path)


def _save(figure: Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=80)
    plt.close(figure)
