"""Coverage and minimum matching distance of jets, by the energy mover's distance."""

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
    """Base class: means over ten batches of 100 generated and 100 true jets each, as in jetnet.

    The jets are drawn by ``ctx.rng("metric")``, the same for both metrics. jetnet draws with replacement. Here each jet
    of a sample is used once before any is used twice, and none twice in a batch, because a jet that is drawn twice can
    only lower the coverage. If a sample has fewer than 100 jets, batches have its size.

    ``stderr`` is the standard error of the mean over the batches. It is too small for samples of fewer than 1,000
    jets, where the batches share jets.
    """

    name: ClassVar[str]

    @abstractmethod
    def of_batch(self, real: Clouds, fake: Clouds, threads: int) -> float:
        """The value for one batch of true and of generated jets."""

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
    """``cov``: the fraction of true jets that are the nearest true jet of some generated jet (2106.11535).

    Distances are energy mover's distances. It is never ranked. Each generated jet chooses its nearest true jet
    independently of the others, so some true jets are chosen several times and others not at all: the truth itself
    covers 0.5 to 0.6, not 1. A model with too much spread distributes the choices more evenly and covers *more* than
    the truth. Only a low value is informative: it shows a collapse.
    """

    name = "cov"

    def of_batch(self, real: Clouds, fake: Clouds, threads: int) -> float:
        """The number of distinct true jets chosen, over the number of true jets."""
        chosen = nearest(fake, real, self.cloud_spec, threads).candidate
        return len(np.unique(chosen)) / len(real)


class MinimumMatchingDistance(_Batched):
    """``mmd``: the mean distance from a true jet to the nearest generated one (2106.11535).

    Distances are energy mover's distances, in units of the transverse momentum of the jet times an angle. It is never
    ranked. The truth itself does not have 0, because 100 jets leave gaps. Jets near the middle of the distribution are
    near to many true jets and *lower* the value: a model with too little spread beats the truth.
    """

    name = "mmd"

    def of_batch(self, real: Clouds, fake: Clouds, threads: int) -> float:
        """The mean over true jets of the smallest distance to a generated jet."""
        return float(nearest(real, fake, self.cloud_spec, threads).distance.mean())


def _batches(real: Clouds, fake: Clouds, rng: np.random.Generator) -> Iterator[tuple[Clouds, Clouds]]:
    """Ten batches of true and of generated jets, equally many of both."""
    size = min(_JETS, len(real), len(fake))
    if size == 0:
        msg = f"coverage needs jets on both sides; there are {len(real)} true and {len(fake)} generated ones"
        raise DataError(msg)
    orders = [np.resize(rng.permutation(len(side)), (_BATCHES, size)) for side in (real, fake)]
    for truth, made in zip(*orders, strict=True):
        yield real[truth], fake[made]
