"""Generators with one fault each, made from a trained rqs-flow: the ratio of their density to its own is exact.

Two kinds. *Thinning* keeps a jet of the flow with the probability a(x), a function of one observable: the density is
p(x) a(x) / E[a]. A *temperature* widens the base of the flow of the five numbers that describe a jet as a whole: both
densities are then those of flows. Every ratio is low-dimensional. A fault that is spread over all weights of a network
is of no use here: its optimal classifier separates well, and no network of finite size finds it.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
import torch
from jetgen import Clouds, Conditions, RunContext
from jetgen.data.jets import relative_mass
from jetgen.metrics.observables.spacing import spacing
from jetgen.metrics.observables.substructure import energy_correlation_ratio, leading_jets, subjettiness
from numpy.typing import NDArray
from torch import Tensor, nn

__all__ = ["FAULTS", "Fault", "Temperature", "Thinning", "Truth"]

Float64 = NDArray[np.float64]
_AT_ONCE = 5_000
_CALIBRATION = 20_000


class Truth:
    """The jets of a trained rqs-flow, in independent streams.

    Arguments:
        model: the trained :class:`jetgen_rqs_flow.generator.RQSFlow`.
        seed: of all streams.
        threads: for the flow.
    """

    def __init__(self, model: Any, seed: int = 0, threads: int = 1) -> None:
        self.model, self.spec, self.seed, self.threads = model, model.spec, seed, threads
        self.sample = lru_cache(maxsize=8)(self._sample)  # faults share the jets that they are compared on

    def _sample(self, n: int, *stream: str | int) -> Clouds:
        """``n`` jets of one stream."""
        ctx = RunContext(self.seed, threads=self.threads).at("stream", "/".join(map(str, stream)))
        clouds: Clouds = self.model.sample(Conditions(n), ctx)
        return clouds

    def log_prob(self, clouds: Clouds) -> Float64:
        """float64 (N,), the logarithm of the density of each jet."""
        torch.set_num_threads(self.threads)
        parts = [
            self.model.log_prob(clouds[start : start + _AT_ONCE], RunContext())
            for start in range(0, len(clouds), _AT_ONCE)
        ]
        return np.concatenate(parts)


class Fault(Protocol):
    """A generator with one fault."""

    def sample(self, n: int, *stream: str | int) -> Clouds:
        """``n`` jets of one stream."""
        ...

    def log_ratio(self, clouds: Clouds) -> Float64:
        """float64 (N,), the logarithm of its density over that of the truth, up to one constant."""
        ...


class Thinning:
    """Jets of the truth, each kept with a probability that depends on one observable.

    Arguments:
        truth: what is thinned.
        observable: one number for each jet.
        keep: from quantiles of the observable, numbers in [0, 1], to probabilities. The quantiles are those of a fixed
            sample of the truth, so that ``keep`` is a fixed function of the observable.
    """

    def __init__(
        self, truth: Truth, observable: Callable[[Clouds], Float64], keep: Callable[[Float64], Float64]
    ) -> None:
        self.truth, self.observable, self.keep = truth, observable, keep
        self.known = np.sort(observable(truth.sample(_CALIBRATION, "calibration")))

    def probability(self, clouds: Clouds) -> Float64:
        """float64 (N,), the probability that each jet is kept."""
        levels = (np.arange(len(self.known)) + 0.5) / len(self.known)
        return self.keep(np.interp(self.observable(clouds), self.known, levels))

    def sample(self, n: int, *stream: str | int) -> Clouds:
        """``n`` jets of one stream."""
        parts: list[Clouds] = []
        while sum(map(len, parts)) < n:
            some = self.truth.sample(_AT_ONCE, *stream, len(parts))
            coins = np.random.default_rng([self.truth.seed, len(parts), *map(ord, "/".join(map(str, stream)))])
            parts.append(some[np.flatnonzero(coins.random(len(some)) < self.probability(some))])
        return Clouds.concatenate(parts)[:n]

    def log_ratio(self, clouds: Clouds) -> Float64:
        """float64 (N,), the logarithm of the probability that each jet is kept."""
        return np.log(self.probability(clouds))


class _Scaled(nn.Module):
    """A last layer of a flow: its inverse makes standard normal numbers wider by a factor."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, values: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        return values / self.factor, -math.log(self.factor) * present.sum(1)

    def inverse(self, values: Tensor, present: Tensor) -> Tensor:
        del present
        return values * self.factor


class _Unchanged(nn.Module):
    """A coupling that does nothing."""

    def forward(
        self, values: Tensor, present: Tensor, counts: Tensor, conditioning: Tensor, *, inverse: bool = False
    ) -> tuple[Tensor, Tensor]:
        del present, counts, conditioning, inverse
        return values, values.new_zeros(len(values))


class Temperature:
    """The flow with a wider base for the numbers that describe a jet as a whole: centre, sum of pT, width, orientation.

    Arguments:
        truth: the flow.
        factor: the standard deviation of the base, 1 in the truth.
    """

    def __init__(self, truth: Truth, factor: float) -> None:
        self.truth = truth
        model = copy.deepcopy(truth.model)
        shared = model.trained().shared
        shared.mixings.append(_Scaled(factor))
        shared.couplings.append(_Unchanged())
        self.hot = Truth(model, truth.seed, truth.threads)

    def sample(self, n: int, *stream: str | int) -> Clouds:
        """``n`` jets of one stream."""
        return self.hot.sample(n, *stream)

    def log_ratio(self, clouds: Clouds) -> Float64:
        """float64 (N,), the difference of the log-densities of two flows."""
        return self.hot.log_prob(clouds) - self.truth.log_prob(clouds)


def _smallest_distance(clouds: Clouds, truth: Truth) -> Float64:
    """The smallest distance in eta and phi between two particles of a jet."""
    angles = clouds.points[:, [truth.spec.index("etarel"), truth.spec.index("phirel")]].astype(np.float64)
    return spacing(angles, clouds.offsets, 1, 1)[:, 0]


def _d2(clouds: Clouds, truth: Truth) -> Float64:
    return energy_correlation_ratio(leading_jets(clouds, truth.spec), truth.spec)


def _tau32(clouds: Clouds, truth: Truth) -> Float64:
    _, tau2, tau3 = subjettiness(leading_jets(clouds, truth.spec), truth.spec).T
    return np.asarray(np.divide(tau3, tau2, out=np.zeros(len(clouds)), where=tau2 > 0))


def _thinned(
    observable: Callable[[Clouds, Truth], Float64], keep: Callable[[Float64], Float64]
) -> Callable[[Truth], Thinning]:
    return lambda truth: Thinning(truth, lambda clouds: observable(clouds, truth), keep)


@dataclass(frozen=True)
class _Planted:
    """How a fault is called, and how it is made."""

    summary: str
    make: Callable[[Truth], Fault]


# If a jet is kept with the probability u^k, u the quantile of its observable, the optimal AUC is (k + 1) / (k + 2).
FAULTS = {
    "mass_tail": _Planted(
        "of the heaviest tenth of the jets three in five are missing",
        _thinned(lambda clouds, truth: relative_mass(clouds, truth.spec), lambda u: np.where(u > 0.9, 0.4, 1.0)),
    ),
    "temperature": _Planted("centre, width and sum of pT from a base 1.15 times wider", lambda t: Temperature(t, 1.15)),
    "distance": _Planted(
        "jets with near pairs of particles are rarer: kept with the root of the quantile of the smallest Delta R",
        _thinned(_smallest_distance, np.sqrt),
    ),
    "tau32": _Planted(
        "jets with three clear prongs are rarer: kept with the root of the quantile of tau32", _thinned(_tau32, np.sqrt)
    ),
    "d2": _Planted("jets of small D2 are rarer: kept with the square of the quantile of D2", _thinned(_d2, np.square)),
}
