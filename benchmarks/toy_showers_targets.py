"""The figures that the shower simulator was fitted to: of published Geant4 showers of dataset 2, and of the simulator.

Quarters are of the logarithm of the incident energy, from 1 GeV to 1 TeV.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jetgen.data.clouds import Clouds
from jetgen.data.spec import CloudSpec
from jetgen.metrics.observables.voxels import incident_energy, voxel_batches
from numpy.typing import NDArray

__all__ = ["TARGETS", "Target", "expected_hits", "figures"]

_Array = NDArray[np.float64]

_HITS = (-7.22348e-4, 5.91154e-4, -2.02381e-2, -7.60018e-2, 6.65606e-1, 1.75013e-1)
_PAIRS = ((0, 1), (0, 5), (11, 20), (0, 44))


@dataclass(frozen=True)
class Target:
    """One figure.

    Arguments:
        name: its name in :func:`figures`.
        real: its value for the published Geant4 showers.
        simulator: its value for 3,000 showers of the parametric simulator, as the description quotes it.
        tolerance: the largest difference from ``simulator`` for 2,000 of our showers: sampling, and an ambiguous text.
    """

    name: str
    real: float
    simulator: float
    tolerance: float


def _series(name: str, keys: tuple[object, ...], real: str, simulator: str, tolerance: float) -> list[Target]:
    columns = zip(keys, map(float, real.split()), map(float, simulator.split()), strict=True)
    return [Target(f"{name} {key}", there, here, tolerance) for key, there, here in columns]


_QUARTERS = ("quarter 1", "quarter 2", "quarter 3", "quarter 4")

TARGETS = (
    Target("hits, mean", 1588, 1695, 170),
    Target("hits, median of quarter 1", 166, 153, 15),
    Target("hits, median of quarter 4", 3874, 4102, 250),
    *_series("hits over fit,", _QUARTERS, "1 1 1 1", ".94 1.02 1.07 1.04", 0.04),
    Target("response, mean", 0.785, 0.781, 0.012),
    Target("response, spread", 0.111, 0.108, 0.015),
    Target("response above 1, quarter 1", 0.129, 0.124, 0.045),
    *_series("response above 1,", _QUARTERS[1:], ".0079 0 0", ".017 0 0", 0.015),
    *_series("energy over ring 0, ring", (*range(1, 9),), ".28 .13 .08 .06 .04 .03 .03 .02",
             ".24 .125 .081 .055 .039 .028 .021 .016", 0.01),
    *_series("share of hits, ring", (*range(9),), ".2015 .154 .1305 .113 .100 .088 .0785 .0705 .064",
             ".188 .151 .135 .122 .107 .093 .079 .068 .057", 0.004),
    Target("layer of most energy", 11, 11, 1),
    *_series("hits over maximum, layer", (0, 1, 2, 3, 4, 20, 30, 40), ".32 .50 .62 .71 .80 .81 .43 .13",
             ".37 .47 .59 .69 .76 .82 .42 .12", 0.03),
    Target("logit z, mean", -0.654, -0.646, 0.02),
    Target("logit z, spread", 1.272, 1.270, 0.02),
    Target("logit r, mean", -0.645, -0.613, 0.02),
    Target("logit r, spread", 1.845, 1.771, 0.02),
    Target("empty layers, 20 to 29", 0.192, 0.147, 0.02),
    Target("empty layers, 40 to 44", 0.474, 0.52, 0.04),
    Target("empty layers, quarter 1", 0.484, 0.436, 0.03),
    Target("deepest layer of quarter 1, mean", 30.5, 30.5, 1.2),
    Target("deepest layer of quarter 1, spread", 7.2, 6.7, 0.8),
    Target("empty layers inside, quarter 1", 6.25, 6.1, 0.7),
    Target("without a gap, quarter 1", 0.075, 0.089, 0.04),
    Target("correlation of ln E and sparsity", -0.94, -0.942, 0.01),
    Target("correlation of ln E and depth", 0.87, 0.861, 0.02),
    *_series("correlation of layers", _PAIRS, ".735 .764 .911 .446", ".885 .842 .942 .571", 0.04),
    Target("ln share of a hit, mean", -9.3, -9.7, 0.15),
    Target("ln share of a hit, spread", 1.9, 2.1, 0.15),
)  # fmt: skip
"""All figures, with the published values and the tolerances."""


def expected_hits(energies: _Array) -> _Array:
    """The published fit of the mean number of hits, at incident energies (N,) in MeV.

    >>> expected_hits(np.array([1e3, 2.4e3, 420e3, 1e6])).round().tolist()
    [95.0, 168.0, 3903.0, 5077.0]
    """
    fitted: _Array = np.sqrt(energies) * (5.0480 + 1.1581 * np.polyval(_HITS, np.log(energies) - 10.0))
    return fitted


def figures(clouds: Clouds, spec: CloudSpec) -> dict[str, float]:
    """The figures of showers, by the names of :data:`TARGETS`."""
    energies = incident_energy(clouds, spec)
    quarters = np.clip((4.0 * np.log(energies / 1e3) / np.log(1e3)).astype(int), 0, 3)
    sums = _sums(clouds, spec)
    values = _sizes(sums.layer_hits.sum(axis=1), energies, quarters)
    response = sums.layer_energy.sum(axis=1) / energies
    values |= {"response, mean": response.mean(), "response, spread": response.std()}
    for i, name in enumerate(_QUARTERS):
        values[f"response above 1, {name}"] = (response[quarters == i] > 1.0).mean()
    energy, share = sums.ring_energy.mean(axis=0), sums.ring_hits.sum(axis=0) / sums.ring_hits.sum()
    values |= {f"energy over ring 0, ring {i}": energy[i] / energy[0] for i in range(1, len(energy))}
    values |= {f"share of hits, ring {i}": one for i, one in enumerate(share)}
    for name, hits in (("z", sums.layer_hits), ("r", sums.ring_hits)):
        values[f"logit {name}, mean"], values[f"logit {name}, spread"] = _logit(hits.sum(axis=0))
    values |= _layers(sums.layer_hits, sums.layer_energy, quarters)
    depth = sums.layer_energy @ np.arange(sums.layer_energy.shape[1]) / sums.layer_energy.sum(axis=1)
    values["correlation of ln E and sparsity"] = -np.corrcoef(np.log(energies), sums.layer_hits.sum(axis=1))[0, 1]
    values["correlation of ln E and depth"] = np.corrcoef(np.log(energies), depth)[0, 1]
    shares = np.log(clouds.points[:, spec.index("energy")] / energies[clouds.rows])
    values |= {"ln share of a hit, mean": shares.mean(), "ln share of a hit, spread": shares.std()}
    return {name: float(value) for name, value in values.items()}


class _Sums(NamedTuple):
    """Hits and energies of N showers, summed over the other two directions: (N, layers) and (N, rings)."""

    layer_hits: _Array
    layer_energy: _Array
    ring_hits: _Array
    ring_energy: _Array


def _sums(clouds: Clouds, spec: CloudSpec) -> _Sums:
    parts = []
    for _, voxels, _ in voxel_batches(clouds, spec):
        parts.append([array.sum(axis=axes) for axes in ((2, 3), (1, 2)) for array in (voxels > 0, voxels)])
    return _Sums(*(np.concatenate(column).astype(np.float64) for column in zip(*parts, strict=True)))


def _sizes(hits: _Array, energies: _Array, quarters: NDArray[np.int64]) -> dict[str, float]:
    values = {"hits, mean": hits.mean()}
    for i, name in enumerate(_QUARTERS):
        chosen = quarters == i
        values[f"hits, median of {name}"] = float(np.median(hits[chosen]))
        values[f"hits over fit, {name}"] = (hits[chosen] / expected_hits(energies[chosen])).mean()
    return values


def _layers(hits: _Array, energy: _Array, quarters: NDArray[np.int64]) -> dict[str, float]:
    mean, empty, first = hits.mean(axis=0), hits == 0, quarters == 0
    values = {f"hits over maximum, layer {i}": mean[i] / mean.max() for i in range(len(mean))}
    values["layer of most energy"] = float(energy.mean(axis=0).argmax())
    values |= {"empty layers, 20 to 29": empty[:, 20:30].mean(), "empty layers, 40 to 44": empty[:, 40:45].mean()}
    values["empty layers, quarter 1"] = empty[first].mean()
    lit = ~empty[first]
    shallowest, deepest = lit.argmax(axis=1), lit.shape[1] - 1 - lit[:, ::-1].argmax(axis=1)
    inside = deepest - shallowest + 1 - lit.sum(axis=1)
    values["deepest layer of quarter 1, mean"], values["deepest layer of quarter 1, spread"] = (
        deepest.mean(),
        deepest.std(),
    )
    values["empty layers inside, quarter 1"], values["without a gap, quarter 1"] = inside.mean(), (inside == 0).mean()
    correlation = np.asarray(np.corrcoef(energy.T))
    return values | {f"correlation of layers {pair}": correlation[pair] for pair in _PAIRS}


def _logit(hits: _Array, steps: int = 2_000) -> tuple[float, float]:
    """Mean and spread of the logit of a place in the range of the voxels, uniform within each voxel."""
    places = (np.arange(len(hits) * steps) + 0.5) / (len(hits) * steps)
    values, weights = np.log(places / (1 - places)), np.repeat(hits, steps) / (hits.sum() * steps)
    mean = weights @ values
    return mean, float(np.sqrt(weights @ (values - mean) ** 2))
