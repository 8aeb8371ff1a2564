"""Energy flow polynomials of ragged clouds, computed in blocks of jets of similar size."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from jetgen.data.clouds import Clouds
from jetgen.data.jets import RELATIVE
from jetgen.data.spec import CloudSpec
from jetgen.errors import UsageError
from jetgen.metrics.observables.efps.contraction import PRIME_FORMULAS, WORK_ARRAYS, PaddedJets
from jetgen.metrics.observables.efps.graphs import ALL36, PRIME5, Graph, components

__all__ = ["efps"]

_CACHE_BYTES = 256 * 2**10  # of one (B, P, P) array: the four of a block fit the L2 cache of a CPU core
_DEVICE_BYTES = 256 * 2**20


def efps(
    clouds: Clouds,
    spec: CloudSpec,
    which: Literal["prime5", "all36"] | tuple[Graph, ...] = "prime5",
    *,
    device: str = "cpu",
    threads: int = 1,
) -> NDArray[np.float64]:
    """float64 (N, number of graphs), the energy flow polynomials (1712.07124) of jets.

    The polynomial of a multigraph is a sum over all assignments of particles to its vertices: the product of
    z = ``ptrel`` of the vertices and of theta of the edges. theta is the distance in ``etarel`` and ``phirel``, the
    latter periodic. Neither z nor theta is normalised. An empty jet has 0. The values are those of the energyflow
    library.

    Arguments:
        clouds: the jets, of any size.
        spec: their features, which include ``etarel``, ``phirel`` and ``ptrel``.
        which: the five connected graphs with four vertices and four edges, all 36 with at most four edges, both in the
            order of energyflow, or graphs of your own with at most four edges.
        device: ``"cpu"`` computes with NumPy, any other with torch.
        threads: the number of CPU threads that share the blocks.

    >>> from jetgen import Feature
    >>> spec = CloudSpec("jets", (Feature("etarel"), Feature("phirel"), Feature("ptrel")), 2)
    >>> pair = Clouds([[0.0, 0.0, 0.5], [0.3, 0.4, 0.25]], [0, 2])
    >>> efps(pair, spec, which=(((0, 1),),)).round(6).tolist()
    [[0.125]]

    Raises:
        UsageError: if a graph has more than four edges, or there is no set of graphs of that name.
        DataError: if the clouds lack one of the features.
    """
    parts = [components(graph) for graph in _graphs(which)]
    primes = sorted({place for part in parts for place in part})
    if device == "cpu":
        values = _primes(clouds, spec, primes, np, None, _CACHE_BYTES, threads)
    else:
        import torch

        values = _primes(clouds, spec, primes, torch, device, _DEVICE_BYTES, 1)
    columns = [[primes.index(place) for place in part] for part in parts]
    return np.stack([values[:, column].prod(axis=1) for column in columns], axis=1)


def _graphs(which: str | tuple[Graph, ...]) -> tuple[Graph, ...]:
    if not isinstance(which, str):
        return which
    if which not in ("prime5", "all36"):
        msg = f"there is no set of graphs {which!r}; use 'prime5', 'all36' or a tuple of graphs"
        raise UsageError(msg)
    return PRIME5 if which == "prime5" else ALL36


def _primes(
    clouds: Clouds, spec: CloudSpec, primes: list[int], xp: ModuleType, device: str | None, limit: int, threads: int
) -> NDArray[np.float64]:
    """float64 (N, number of primes); thread i of n takes blocks i, i + n, ..., and allocates its own work arrays."""
    columns = [spec.index(name) for name in RELATIVE]
    order = np.argsort(clouds.multiplicity, kind="stable")
    jets = clouds[order]
    blocks = _blocks(jets.multiplicity, limit // 8)
    values = np.zeros((len(clouds), len(primes)))

    def work_on(mine: list[slice]) -> None:
        counts = jets.multiplicity
        largest = max(((block.stop - block.start) * int(counts[block.stop - 1]) ** 2 for block in mine), default=0)
        memory = xp.empty((WORK_ARRAYS, largest), dtype=xp.float64, device=device)
        for block in mine:
            points, _ = jets[block].padded()
            values[order[block]] = _evaluate(points[:, :, columns].transpose(2, 0, 1), primes, xp, memory)

    if threads > 1:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work_on, (blocks[i::threads] for i in range(threads))))  # list() raises what they raise
    else:
        work_on(blocks)
    return values


def _evaluate(features: NDArray[np.float32], primes: list[int], xp: ModuleType, memory: Any) -> NDArray[np.float64]:
    """float64 (B, number of primes) of a block of padded jets, whose etarel, phirel and ptrel are (3, B, P)."""
    _, size, slots = features.shape
    eta, phi, z = xp.asarray(features.astype(np.float64), device=memory.device)
    work = memory[:, : size * slots**2].reshape(WORK_ARRAYS, size, slots, slots)
    jets = PaddedJets(xp, eta, phi, z, work, wrap=bool(np.ptp(features[1]) > math.pi))
    values = xp.stack([PRIME_FORMULAS[prime](jets) for prime in primes], -1)
    return np.asarray(values if xp is np else values.cpu())


def _blocks(counts: NDArray[np.int64], limit: int) -> list[slice]:
    """Slices of jets sorted by size: padded as (B, P, P), each has at most ``limit`` entries, or is a single jet.

    Empty jets are in no slice: their polynomials are 0.
    """
    blocks = []
    start, total = int(np.searchsorted(counts, 0, side="right")), len(counts)
    while start < total:
        reach = counts[start : start + max(1, limit // int(counts[start]) ** 2)]
        fitting = np.arange(1, len(reach) + 1) * reach**2 <= limit
        stop = start + max(1, int(np.count_nonzero(fitting)))
        blocks.append(slice(start, stop))
        start = stop
    return blocks
