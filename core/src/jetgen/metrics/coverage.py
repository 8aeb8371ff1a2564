"""How much of the truth lies near to generated jets, and how near: coverage and minimum matching distance."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from jetgen.api.metric import CloudMetric, Measurement
from jetgen.api.protocols import MetricContext
from jetgen.data.clouds import Clouds
from jetgen.errors import DataError
from jetgen.metrics.legal import with_legal_pt
from jetgen.metrics.observables.emd import nearest

__all__ = ["Coverage", "MinimumMatchingDistance"]

_BATCHES = 10
_JETS = 100


class _Batched(CloudMetric, ABC):
    """What both share: ten batches of a hundred generated and a hundred true jets each, as jetnet draws them.

    The jets come from ``ctx.rng("metric")``, the same for both metrics. jetnet draws with replacement; here each jet of
    a sample is used once before any is used twice, and none twice in a batch, since a jet that is drawn twice can only
    lower the coverage. A sample of fewer than a hundred jets makes the batches as small as it is.

    The spread is the standard error of the mean over the batches: how far the value, itself such a mean, can be
    trusted. It is too small where the batches share jets, in samples of fewer than a thousand.
    """

    name: ClassVar[str]

    @abstractmethod
    def of_batch(self, real: Clouds, fake: Clouds, threads: int) -> float:
        """The value of one batch."""

    def compute(self, real: Clouds, fake: Clouds, ctx: MetricContext) -> Measurement:
        """The mean over the batches, and its standard error.

        Raises:
            DataError: if one of the samples is empty.
        """
        real, fake = (with_legal_pt(side, self.cloud_spec, ctx, self.name) for side in (real, fake))
        values = []
        for truth, made in _batches(real, fake, ctx.rng("metric")):
            values.append(self.of_batch(truth, made, ctx.threads))
            ctx.report("progress", done=len(values), total=_BATCHES, unit="batches")
        error = float(np.std(values, ddof=1)) / math.sqrt(len(values))
        return Measurement(float(np.mean(values)), stderr=error)


class Coverage(_Batched):
    """``cov``: the fraction of true jets that are the nearest one of some generated jet (2106.11535).

    Distances are energy mover's distances. It never ranks. As many jets as there are true ones choose, each for
    itself, so that several choose the same and others are left over: the truth itself covers 0.5 to 0.6, not 1. A
    model that scatters too widely shares the choices out more evenly and covers *more* than the truth. Only a low
    value says something: a collapse.
    """

    name = "cov"

    def of_batch(self, real: Clouds, fake: Clouds, threads: int) -> float:
        """The number of different choices over the number of true jets."""
        chosen = nearest(fake, real, self.cloud_spec, threads).candidate
        return len(np.unique(chosen)) / len(real)


class MinimumMatchingDistance(_Batched):
    """``mmd``: the mean distance from a true jet to the generated one nearest to it (2106.11535).

    Distances are energy mover's distances, in units of the transverse momentum of the jet times an angle. It never
    ranks. The truth itself does not have 0, as a hundred jets leave gaps; and to stay near the middle of the
    distribution, where every true jet has a neighbour, *lowers* it: a model with too little spread beats the truth.
    """

    name = "mmd"

    def of_batch(self, real: Clouds, fake: Clouds, threads: int) -> float:
        """The mean over true jets of the least distance to a generated one."""
        return float(nearest(real, fake, self.cloud_spec, threads).distance.mean())


def _batches(real: Clouds, fake: Clouds, rng: np.random.Generator) -> Iterator[tuple[Clouds, Clouds]]:
    size = min(_JETS, len(real), len(fake))
    if size == 0:
        msg = f"coverage needs jets on both sides; there are {len(real)} true and {len(fake)} generated ones"
        raise DataError(msg)
    orders = [np.resize(rng.permutation(len(side)), (_BATCHES, size)) for side in (real, fake)]
    for truth, made in zip(*orders, strict=True):
        yield real[truth], fake[made]
