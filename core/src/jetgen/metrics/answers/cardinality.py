"""How many points answer a true event: the distribution of the number, event by event."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

from jetgen.api.metric import CloudMetric, Measurement
from jetgen.api.protocols import MetricContext
from jetgen.data.clouds import Clouds
from jetgen.metrics.answers.events import common_events

__all__ = ["Cardinality", "poisson_binomial"]

Float64 = NDArray[np.float64]

_PRIOR = 0.5  # replicas of each number that are added before a logarithm: few replicas miss rare numbers


class Cardinality(CloudMetric):
    """``cardinality``: total variation between the numbers of points that answer an event, mean over the events.

    It is half the sum over n of |p(n) - q(n)|: q from the generated answers to the event, p exact where the dataset
    knows its response (:class:`jetgen.SupportsResponse`), else from the true answers. 0 is ideal; few replicas a side
    keep the truth above it.

    Components, in nats: ``cardinality_ce``, the cross-entropy - sum p ln q with half a replica of each number added to
    q; ``cardinality_entropy``, - sum p ln p, which it cannot be below; ``cardinality_excess``, the difference; and
    ``cardinality_above``, the share of generated clouds with more points than their event has particles.
    """

    def compute(self, real: Clouds, fake: Clouds, ctx: MetricContext) -> Measurement:
        """The means over the true events that both sides answer.

        Raises:
            DataError: if the sides do not answer the same true events.
        """
        given, true_event, made_event = common_events(real, fake, "cardinality")
        largest = int(max(clouds.multiplicity.max(initial=0) for clouds in (real, fake, given)))
        true, made = (
            _histogram(event, clouds, len(given), largest) for event, clouds in ((true_event, real), (made_event, fake))
        )
        seen = (true.sum(axis=1) > 0) & (made.sum(axis=1) > 0)
        p, q = true[seen] / true[seen].sum(axis=1, keepdims=True), made[seen] / made[seen].sum(axis=1, keepdims=True)
        if ctx.response is not None:
            p = poisson_binomial(ctx.response(given).found, given, largest)[seen]
        smooth = made[seen] + _PRIOR
        logs = np.log(smooth / smooth.sum(axis=1, keepdims=True))
        entropy = entr(p).sum(axis=1).mean()
        cross = -(p * logs).sum(axis=1).mean()
        components = {
            "cardinality_ce": cross,
            "cardinality_entropy": entropy,
            "cardinality_excess": cross - entropy,
            "cardinality_above": float((fake.multiplicity > given.multiplicity[made_event]).mean()),
        }
        return Measurement(0.5 * np.abs(p - q).sum(axis=1).mean(), components)


def poisson_binomial(found: Float64, given: Clouds, largest: int) -> Float64:
    """float64 (N, largest + 1), the probability of each number of found particles of each event.

    Arguments:
        found: float64 (P,), the probability that a particle is found, independently of the others.
        given: the events, whose particles these are.
        largest: the largest number.

    >>> poisson_binomial(np.array([0.5, 0.5, 1.0]), Clouds(np.zeros((3, 1)), [0, 2, 3]), 2).tolist()
    [[0.25, 0.5, 0.25], [0.0, 1.0, 0.0]]
    """
    numbers = np.zeros((len(given), largest + 1))
    numbers[:, 0] = 1.0
    for rank in range(int(given.multiplicity.max(initial=0))):
        chance = np.zeros((len(given), 1))
        has = given.ranks == rank
        chance[given.rows[has], 0] = found[has]
        numbers[:, 1:], numbers[:, :1] = (
            (1 - chance) * numbers[:, 1:] + chance * numbers[:, :-1],
            (1 - chance) * numbers[:, :1],
        )
    return numbers


def _histogram(event: NDArray[np.int64], clouds: Clouds, events: int, largest: int) -> Float64:
    """float64 (events, largest + 1), how many clouds of each number of points answer each event."""
    flat = np.bincount(event * (largest + 1) + clouds.multiplicity, minlength=events * (largest + 1))
    return flat.reshape(events, largest + 1).astype(np.float64)
