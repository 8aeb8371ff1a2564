"""Cost and peak memory of a network against the number of points in a cloud.

Times are for batches of one total number of points, so that neither small operations nor the size of the caches tell
small clouds from large ones; memory is that of a single cloud. Every cloud is full: nothing is padded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mdma_bench.evaluate import Evaluate, Factory
from mdma_bench.memory import peaks_of
from mdma_bench.networks import Linear
from mdma_bench.outcome import Claim, Outcome
from mdma_bench.timing import take_turns

__all__ = ["SIZES", "Scaling", "measure", "scaling_case", "slope"]

SIZES = (30, 100, 300, 1000, 3000, 6000)


@dataclass(frozen=True)
class Scaling:
    """One network: seconds and bytes of a cloud of each size."""

    name: str
    sizes: list[int]
    seconds: list[float]
    bytes: list[int]

    @property
    def exponent(self) -> float:
        """Of the cost: the slope of a straight line through the logarithms, all sizes weighing the same."""
        return slope(self.sizes, self.seconds)

    @property
    def last_exponent(self) -> float:
        """Of the cost between the two largest sizes."""
        return slope(self.sizes[-2:], self.seconds[-2:])

    @property
    def last_memory_exponent(self) -> float:
        """Of the memory between the two largest sizes; not a number where it was not measured."""
        return slope(self.sizes[-2:], self.bytes[-2:]) if self.bytes else float("nan")

    @property
    def memory_line(self) -> tuple[float, float, float]:
        """Bytes per point and bytes at no point, by least squares, and the largest deviation over the largest value."""
        if not self.bytes:
            return (float("nan"),) * 3
        n, b = np.asarray(self.sizes, dtype=np.float64), np.asarray(self.bytes, dtype=np.float64)
        per_point, start = np.polyfit(n, b, 1)
        return float(per_point), float(start), float(np.abs(per_point * n + start - b).max() / b.max())

    def show(self) -> None:
        """Print a row for each size, and the fits."""
        for place, n in enumerate(self.sizes):
            memory = f"{self.bytes[place] / 2**20:10.2f} MiB" if self.bytes else "   not known"
            print(f"  {self.name:22s} n = {n:5d} {self.seconds[place] * 1e3:10.3f} ms a cloud {memory}")
        per_point, start, off = self.memory_line
        print(
            f"  {self.name:22s} exponent {self.exponent:.3f}, at the large end {self.last_exponent:.3f}; "
            f"memory {per_point / 1024:.2f} KiB a point + {start / 2**20:.2f} MiB, off the line by {off:.1%} at most, "
            f"exponent at the large end {self.last_memory_exponent:.3f}",
            flush=True,
        )


def slope(sizes: Sequence[float], values: Sequence[float]) -> float:
    """The exponent of a power law by least squares in the logarithms.

    >>> round(slope([1, 10, 100], [2, 200, 20_000]), 6)
    2.0
    """
    return float(np.polyfit(np.log(_floats(sizes)), np.log(_floats(values)), 1)[0])


def _floats(values: Sequence[float]) -> NDArray[np.float64]:
    return np.asarray(values, dtype=np.float64)


def measure(
    factories: Mapping[str, Factory],
    sizes: Sequence[int] = SIZES,
    *,
    points: int = 6000,
    rounds: int = 5,
    threads: int = 2,
) -> list[Scaling]:
    """Time all networks at all sizes in turns, the best round of each counting, and look at their memory.

    Arguments:
        factories: the networks by name; memory is known for those that :mod:`mdma_bench.networks` can make.
        points: in a batch; a cloud that has more is a batch by itself.
    """
    runs: dict[str, Callable[[], object]] = {}
    clouds = {n: max(1, points // n) for n in sizes}
    for name, factory in factories.items():
        evaluate = factory()
        for n in sizes:
            runs[f"{name}/{n}"] = partial(_evaluate, evaluate, *_full(clouds[n], n))
    turns = take_turns(runs, rounds, threads)
    found = []
    for name in factories:
        seconds = [turns.fastest(f"{name}/{n}") / clouds[n] for n in sizes]
        found.append(Scaling(name, list(sizes), seconds, peaks_of(name, list(sizes))))
    return found


def _full(clouds: int, n: int) -> tuple[Tensor, Tensor, Tensor]:
    draws = torch.Generator().manual_seed(n)
    points, t = torch.randn((clouds, n, 3), generator=draws), torch.rand(clouds, generator=draws)
    return points, torch.ones((clouds, n), dtype=torch.bool), t


def _evaluate(evaluate: Evaluate, points: Tensor, mask: Tensor, t: Tensor) -> None:
    with torch.no_grad():
        evaluate(points, mask, t)


def scaling_case(
    factories: Mapping[str, Factory],
    linear: Mapping[str, Linear],
    sizes: Sequence[int],
    *,
    rounds: int,
    threads: int,
) -> Outcome:
    """Measure and print; the networks in ``linear`` are claimed to be."""
    found = measure(factories, sizes, rounds=rounds, threads=threads)
    claims = []
    for one in found:
        one.show()
        if one.name in linear:
            promised, off = linear[one.name], one.memory_line[2]
            claims.append(Claim(f"exponent of the cost of {one.name}", one.exponent, promised.exponent, at_least=False))
            claims.append(Claim(f"memory of {one.name} off a straight line", off, promised.off, at_least=False))
    figures = {
        one.name: asdict(one)
        | {
            "exponent": one.exponent,
            "last_exponent": one.last_exponent,
            "memory_line": one.memory_line,
            "last_memory_exponent": one.last_memory_exponent,
        }
        for one in found
    }
    return Outcome(figures, claims)
