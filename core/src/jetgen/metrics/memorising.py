"""Memorising: whether generated clouds are nearer to training clouds than to held-out ones."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from jetgen.api.metric import CloudMetric, Measurement
from jetgen.api.protocols import MetricContext
from jetgen.data.clouds import Clouds
from jetgen.data.spec import CloudSpec
from jetgen.errors import DataError
from jetgen.metrics.nearest import TrainingVectors, nearest

__all__ = ["Memorising"]

_CLOUDS = 2_000


class Memorising(CloudMetric):
    """``memorising``: the distance of a generated cloud to the nearest training cloud, over the nearest held-out one.

    The held-out clouds are the true clouds of the comparison. The value is the median of this ratio over the generated
    clouds, and ``memorising_half`` the share of them with a ratio below one half (JetPrism, 2604.01313). Both sides
    have the same number of clouds, because a larger set has nearer neighbours: of the larger one a random part is used.
    A generator that has learnt the distribution only cannot tell the two sides apart. Exchanging them inverts the
    ratio, so the expectation of its logarithm is 0: the value is 1 within its error whether the model is good or bad.
    It is below 1 if training clouds attract, and 0 for copies. (The ratio of the two medians, which has the same
    expectation, scatters 1.5 times as much on jets.)

    Where the training set is the larger one, copies of clouds outside the part that is used count as new: a share of
    copies is reduced by the ratio of the sizes. ``novelty`` compares with all.

    At most 2,000 generated clouds are compared, chosen by ``ctx.rng("metric")``. The standard error includes that of
    the two finite sets: a few clouds of a set are the nearest of many generated ones, which are not independent then.
    """

    def __init__(self, cloud_spec: CloudSpec) -> None:
        super().__init__(cloud_spec)
        self._training = TrainingVectors("memorising", cloud_spec)

    def compute(self, real: Clouds, fake: Clouds, ctx: MetricContext) -> Measurement:
        """The median ratio and the share below one half, both with their standard errors.

        Raises:
            DataError: if there are no training clouds, none on one side, or most generated clouds are copies of the
                held-out ones.
        """
        if len(real) == 0 or len(fake) == 0:
            msg = f"memorising needs clouds on both sides; there are {len(real)} true and {len(fake)} generated ones"
            raise DataError(msg)
        embed, known = self._training.of(ctx.train, real, fake)
        rng, size = ctx.rng("metric"), min(len(known), len(real))
        # Parts are chosen in the order of the clouds, so that all of a set is the set itself.
        train, test, made = (
            np.sort(rng.permutation(total)[:number])
            for total, number in ((len(known), size), (len(real), size), (len(fake), _CLOUDS))
        )
        queries = embed(fake[made])
        to_train, in_train = nearest(queries, known[train])
        to_test, in_test = nearest(queries, embed(real[test]))
        ratios = _ratios(to_train, to_test)
        value = float(np.median(ratios))
        belongs = np.where(to_train <= to_test, in_train, size + in_test)
        error = _standard_error(ratios, belongs, 2 * size) if math.isfinite(value) else math.inf
        if not math.isfinite(error):
            msg = "most generated clouds are copies of test clouds: memorising needs test clouds that no model has seen"
            raise DataError(msg)
        half = float(np.mean(ratios < 0.5))
        half_error = math.sqrt(half * (1.0 - half) / len(ratios))
        return Measurement(value, {"memorising_half": half}, error, {"memorising_half": half_error})


def _ratios(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """The quotients; 1 where both are 0, infinite where only the second is."""
    return np.divide(first, second, out=np.where(first > 0.0, np.inf, 1.0), where=second > 0.0)


def _standard_error(ratios: NDArray[np.float64], nearest_of_both: NDArray[np.int64], both: int) -> float:
    """The standard error of the median of the ratios, for two exchangeable sets of together ``both`` clouds.

    A ratio is below 1 if the nearest cloud of both sets together belongs to the first. Under random exchanges between
    the sets, the number of such ratios is a sum over these nearest clouds of how often each of them is one, and has an
    exact variance (sampling without replacement). The result is half the distance between the two order statistics
    that are one such standard deviation from the middle.
    """
    n = len(ratios)
    counts = np.bincount(nearest_of_both).astype(np.float64)
    variance = (float(counts @ counts) - n * n / both) * both / (both - 1) / 4.0
    reach, middle = math.sqrt(max(variance, 0.0)), (n - 1) / 2.0
    low, high = np.interp([middle - reach, middle + reach], np.arange(n), np.sort(ratios))
    return float(high - low) / 2.0
