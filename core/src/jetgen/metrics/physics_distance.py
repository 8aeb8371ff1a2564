"""The Fréchet and the kernel physics distance (2211.10295) of jets, on 36 energy flow polynomials."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jetgen.api.metric import FeatureMetric, Measurement
from jetgen.api.protocols import MetricContext
from jetgen.data.clouds import Clouds
from jetgen.errors import DataError
from jetgen.metrics.frechet import frechet_distance, resampled
from jetgen.metrics.kernel_mmd import quartic_mmd
from jetgen.metrics.legal import with_legal_pt
from jetgen.metrics.observables.efps import efps

__all__ = ["FrechetPhysicsDistance", "KernelPhysicsDistance", "fpd", "kpd"]

_LARGEST = 50_000
_SMALLEST = 0.4  # of the largest: 20,000 of 50,000
_BATCH = 5_000
_ONE_SIGMA = (16.275, 83.725)  # percentiles, as the reference library has them


def fpd(
    real_features: NDArray[np.float64],
    fake_features: NDArray[np.float64],
    smallest: int = 20_000,
    largest: int = 50_000,
    points: int = 10,
    batches: int = 20,
    seed: int = 42,
) -> tuple[float, float]:
    """The Fréchet distance of two samples (N, D) extrapolated to infinite samples, and its error (2211.10295).

    Each feature is divided by its largest absolute value in the real sample. At several sizes N, equally spaced in
    1 / N, the distances of several pairs of samples drawn with replacement are averaged. A line a + b / N with
    a, b >= 0 is fitted to the averages: the value is a, the error that of the fit. The draws depend only on ``seed``
    and are those of the ``jetnet`` library, so the values are too.

    Arguments:
        real_features, fake_features: the two samples.
        smallest, largest: the range of the sizes.
        points: the number of sizes.
        batches: the pairs of samples of each size.
        seed: of the draws.

    Raises:
        DataError: if a sample is empty or not finite, or the sizes are too few or too small for a fit.
    """
    if points < 3 or not 2 <= smallest < largest:
        msg = f"fpd fits a line to three sizes or more that rise from two; got {points} from {smallest} to {largest}"
        raise DataError(msg)
    real, fake = _normalised(real_features, fake_features)
    sizes = (1.0 / np.linspace(1.0 / smallest, 1.0 / largest, points)).astype(np.int32)
    rng = np.random.default_rng(seed)
    means = []
    for size in sizes:
        draws = [(rng.choice(len(real), size), rng.choice(len(fake), size)) for _ in range(batches)]
        sides = (resampled(real, [draw[0] for draw in draws]), resampled(fake, [draw[1] for draw in draws]))
        means.append(np.mean([frechet_distance(first, second) for first, second in zip(*sides, strict=True)]))
    return _intercept(1.0 / sizes, np.array(means))


def kpd(
    real_features: NDArray[np.float64],
    fake_features: NDArray[np.float64],
    batch_size: int = 5_000,
    batches: int = 10,
    seed: int = 42,
) -> tuple[float, float]:
    """The median over several batches of the unbiased quartic MMD of two samples (N, D), and half its 68 % range.

    Each feature is divided by its largest absolute value in the real sample; the kernel is (x.y / D + 1)^4. The value
    can be negative. Draws and values are those of the ``jetnet`` library on several threads (2211.10295): with
    replacement, by NumPy's legacy generator seeded with ``seed`` + 1000 i for batch i.

    Arguments:
        real_features, fake_features: the two samples.
        batch_size: rows of each sample in a batch.
        batches: the number of batches.
        seed: of the draws.

    Raises:
        DataError: if a sample is empty or not finite, or a batch has fewer than two rows.
    """
    if batch_size < 2 or batches < 1:
        msg = f"kpd needs batches of two or more; got {batches} of {batch_size}"
        raise DataError(msg)
    real, fake = _normalised(real_features, fake_features)
    values = []
    for batch in range(batches):
        rng = np.random.RandomState(seed + 1000 * batch)
        first, second = rng.choice(len(real), batch_size), rng.choice(len(fake), batch_size)
        values.append(quartic_mmd(real[first], fake[second]))
    low, high = np.percentile(values, _ONE_SIGMA)
    return float(np.median(values)), float(high - low) / 2


def _normalised(
    real: NDArray[np.float64], fake: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if len(real) == 0 or len(fake) == 0:
        msg = f"a physics distance needs two samples; they have {len(real)} and {len(fake)} rows"
        raise DataError(msg)
    if not (np.isfinite(real).all() and np.isfinite(fake).all()):
        msg = "a physics distance needs finite features; a particle has an absurd momentum or direction"
        raise DataError(msg)
    scale = np.abs(real).max(axis=0)
    scale = np.where(scale == 0.0, 1.0, scale)
    return real / scale, fake / scale


def _intercept(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    """The intercept of a line whose intercept and slope are not negative, and its error.

    The fit is that of the reference library, with the same start and tolerance. For sizes of 20,000 and more it stops
    before it has converged, with an intercept that is too large by up to about its error. Published values include
    this.
    """
    from scipy.optimize import curve_fit

    found, covariance = curve_fit(lambda x, intercept, slope: intercept + slope * x, x, y, bounds=(0.0, np.inf))
    return float(found[0]), float(np.sqrt(covariance[0, 0]))


class _PhysicsDistance(FeatureMetric):
    """Base class: a jet is described by its energy flow polynomials."""

    name: str

    def featurise(self, clouds: Clouds, ctx: MetricContext) -> NDArray[np.float64]:
        """float64 (N, 36), the polynomials of all graphs with at most four edges."""
        legal = with_legal_pt(clouds, self.cloud_spec, ctx, self.name)
        return efps(legal, self.cloud_spec, "all36", device=ctx.device, threads=ctx.threads)


class FrechetPhysicsDistance(_PhysicsDistance):
    """``fpd``: see :func:`fpd`; its standard error is that of the fit.

    Sizes run from 20,000 to 50,000, as in the published tables. Where a side has fewer than 50,000 jets, they run from
    0.4 n to n of the smaller side: the value is then less precise, and comparable at equal n only. Draws have the
    fixed seed 42, as the published ones. Negative momenta are set to 0 first and reported as an event ``clipped``.
    """

    name = "fpd"

    def compare(self, real: NDArray[np.float64], fake: NDArray[np.float64], ctx: MetricContext) -> Measurement:
        """The distance, and the error of the fit."""
        del ctx
        largest = min(_LARGEST, len(real), len(fake))
        value, error = fpd(real, fake, int(_SMALLEST * largest), largest)
        return Measurement(value, stderr=error)


class KernelPhysicsDistance(_PhysicsDistance):
    """``kpd``: see :func:`kpd`; its standard error is half the range that holds 68 % of the batches.

    Batches have 5,000 jets, as in the published tables, or as many as the smaller side has. Draws have the fixed seed
    42, as the published ones. Negative momenta are set to 0 first and reported as an event ``clipped``.
    """

    name = "kpd"

    def compare(self, real: NDArray[np.float64], fake: NDArray[np.float64], ctx: MetricContext) -> Measurement:
        """The median, and half the range."""
        del ctx
        value, spread = kpd(real, fake, min(_BATCH, len(real), len(fake)))
        return Measurement(value, stderr=spread)
