"""The camel back of arXiv:2008.06545: two Gaussian humps at -4 and 4 of width 1, of which everything is known.

A sample of 100 points is given to each of three models: a fit of the five parameters (the weight of a hump, two means,
two widths), a kernel density, and a GAN. The bins lie between exact quantiles. What the fit gains is known in the limit
of large samples: its masses have the covariance g I^-1 g' / n with the Fisher information I of a point and the
derivatives g of the masses, so G = (1 - 1/Q) / sum_j (g I^-1 g')_jj.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jetgen_toys.tables.gaussians import CAMEL_BACK
from numpy.typing import NDArray
from scipy.special import ndtr

from amplifying.camel_gan import Recipe, generated
from amplifying.formula import Masses, Target, amplification

__all__ = ["HUMPS", "Camel", "camel_rows", "fit_limit", "fitted", "quantiles"]

_Array = NDArray[np.float64]

POINTS = 100
"""In a sample."""

GENERATED = 10_000
"""Points that a GAN makes."""

_ITERATIONS = 100


class Camel(NamedTuple):
    """Two humps. Each parameter is a number, or float64 (T, 1) for T camels.

    Arguments:
        weight: of the first hump; the second has the rest.
        means, widths: of the first and of the second hump.
    """

    weight: Any
    means: tuple[Any, Any]
    widths: tuple[Any, Any]

    def sample(self, shape: tuple[int, ...], rng: np.random.Generator) -> _Array:
        """Points of a camel whose parameters are numbers."""
        second = (rng.random(shape) >= self.weight).astype(np.int64)
        mean, width = (np.asarray(both, np.float64)[second] for both in (self.means, self.widths))
        points: _Array = mean + width * rng.standard_normal(shape)
        return points

    def below(self, x: _Array) -> _Array:
        """The share of points below each ``x``."""
        first, second = (ndtr((x - mean) / width) for mean, width in zip(self.means, self.widths, strict=True))
        share: _Array = self.weight * first + (1.0 - self.weight) * second
        return share

    def masses(self, edges: _Array) -> _Array:
        """The masses of the bins between these edges and outside of them."""
        return _between(self.below(edges))


(_FIRST,), (_SECOND,) = CAMEL_BACK.centres
HUMPS = Camel(0.5, (_FIRST, _SECOND), (CAMEL_BACK.sigma, CAMEL_BACK.sigma))
"""The truth of the dataset toy-camel-back."""


def quantiles(bins: int) -> _Array:
    """The inner edges of bins of equal mass."""
    low, high = np.full(bins - 1, -20.0), np.full(bins - 1, 20.0)
    wanted = np.arange(1, bins) / bins
    for _ in range(60):
        middle = (low + high) / 2
        less = HUMPS.below(middle) < wanted
        low, high = np.where(less, middle, low), np.where(less, high, middle)
    edges: _Array = (low + high) / 2
    return edges


def camel_rows(samples: int, gans: int, numbers: Sequence[int], seed: int) -> list[dict[str, Any]]:
    """G of the samples themselves, of the three models and of the fit in the limit, for each number of bins: JSON rows.

    Arguments:
        samples: of 100 points each, for all but the GAN.
        gans: the first of them, on which a GAN is trained.
        numbers: of bins.
        seed: of the samples, the GANs and the bootstrap.
    """
    points = HUMPS.sample((max(samples, gans), POINTS), np.random.default_rng([seed, 0]))
    made = generated(points[:gans], GENERATED, Recipe(), seed)
    some = points[:samples]
    fits, widths, rows = fitted(some), kernel_widths(some), []
    for number in numbers:
        edges, target = quantiles(number), Target(np.full(number, 1.0 / number))
        found = {
            "100 points": Masses.exact(_counts(some, edges) / POINTS),
            "GAN": Masses.counted(_counts(made, edges)),
            "kernel density": Masses.exact(kernel_masses(some, widths, edges)),
            "fit": Masses.exact(fits.masses(edges)),
        }
        for model, masses in found.items():
            g = amplification(masses, target, POINTS, np.random.default_rng([seed, 1]))
            rows.append(_row(model, number, g.to_json(), str(g)))
        limit = fit_limit(number)
        exact = {"G": limit, "low": limit, "high": limit, "mse": None, "trainings": None}
        rows.append(_row("fit, many points", number, exact, f"{limit:.3g}"))
    return rows


def _row(model: str, number: int, g: dict[str, Any], text: str) -> dict[str, Any]:
    return {"model": model, "region": "all", "bins": "x", "Q": number, **g, "text": text}


def _counts(points: _Array, edges: _Array) -> NDArray[np.int64]:
    """How many of each sample (T, n) lie in each bin (T, Q)."""
    outer = np.array([-np.inf, *edges, np.inf])
    return np.array([np.histogram(sample, outer)[0] for sample in points])


def fitted(points: _Array) -> Camel:
    """The camels of the largest likelihood for samples (T, n), by expectation and maximisation from the true one."""
    camel = HUMPS
    for _ in range(_ITERATIONS):
        first, second = (
            share * np.exp(-(((points - mean) / width) ** 2) / 2) / width
            for share, mean, width in zip((camel.weight, 1.0 - camel.weight), camel.means, camel.widths, strict=True)
        )
        of_first = first / (first + second)
        mean_1, width_1 = _moments(points, of_first)
        mean_2, width_2 = _moments(points, 1.0 - of_first)
        camel = Camel(of_first.mean(axis=1, keepdims=True), (mean_1, mean_2), (width_1, width_2))
    return camel


def _moments(points: _Array, part: _Array) -> tuple[_Array, _Array]:
    """Mean and width, each (T, 1), of the points with the weights ``part``."""
    weights = part / part.sum(axis=1, keepdims=True)
    mean = (weights * points).sum(axis=1, keepdims=True)
    return mean, np.sqrt((weights * (points - mean) ** 2).sum(axis=1, keepdims=True))


def kernel_widths(points: _Array) -> _Array:
    """For each sample (T, n) the width of a Gaussian kernel that is most likely with one point left out: (T,)."""
    widths = np.geomspace(0.1, 2.0, 25)
    best = []
    for sample in points:
        square = (sample[:, None] - sample) ** 2
        np.fill_diagonal(square, np.inf)
        left_out = [np.exp(-square / (2 * width**2)).sum(axis=1) / width for width in widths]
        best.append(widths[int(np.argmax([np.log(each + 1e-300).sum() for each in left_out]))])
    return np.array(best)


def kernel_masses(points: _Array, widths: _Array, edges: _Array) -> _Array:
    """The masses (T, Q) of kernel densities of samples (T, n)."""
    pairs = zip(points, widths, strict=True)
    return _between(np.array([ndtr((edges - sample[:, None]) / width).mean(axis=0) for sample, width in pairs]))


def fit_limit(bins: int) -> float:
    """G of the fit in the limit of large samples.

    >>> fit_limit(10) > 1.0
    True
    """
    grid = np.linspace(-9.0, 9.0, 3601)  # of what is beyond, rounding would be the most
    slopes = np.diff(_slopes(grid), axis=1) / np.diff(grid)
    density = np.diff(HUMPS.below(grid)) / np.diff(grid)
    information = (slopes / density) @ slopes.T * (grid[1] - grid[0])
    of_masses = np.diff(np.pad(_slopes(quantiles(bins)), ((0, 0), (1, 1))), axis=1)
    variance = np.einsum("aj,ab,bj->", of_masses, np.linalg.inv(information), of_masses)
    return float((1.0 - 1.0 / bins) / variance)


def _slopes(x: _Array) -> _Array:
    """The derivatives (5, len(x)) of the share below ``x`` by weight, means and widths."""
    rows = [ndtr(x - HUMPS.means[0]) - ndtr(x - HUMPS.means[1])]
    away = [x - mean for mean in HUMPS.means]
    bells = [0.5 * np.exp(-(one**2) / 2) / np.sqrt(2 * np.pi) for one in away]
    return np.array([*rows, *(-bell for bell in bells), *(-bell * one for bell, one in zip(bells, away, strict=True))])


def _between(below: _Array) -> _Array:
    masses: _Array = np.diff(below, axis=-1, prepend=0.0, append=1.0)
    return masses
