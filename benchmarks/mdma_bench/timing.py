"""Alternatives timed in turns, so that whatever else the machine does falls on all of them alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from jetgen.torch.training import torch_threads

__all__ = ["Turns", "take_turns"]


@dataclass(frozen=True)
class Turns:
    """Seconds of each alternative, round by round."""

    seconds: Mapping[str, list[float]]

    def median(self, name: str) -> float:
        """Seconds of an alternative in a usual round."""
        return statistics.median(self.seconds[name])

    def fastest(self, name: str) -> float:
        """Seconds of an alternative in its best round."""
        return min(self.seconds[name])

    def ratios(self, slow: str, fast: str) -> list[float]:
        """How many times faster one was than the other, in each round."""
        return [a / b for a, b in zip(self.seconds[slow], self.seconds[fast], strict=True)]

    def ratio(self, slow: str, fast: str) -> float:
        """The median of the ratios: a disturbance spoils a round, not the result."""
        return statistics.median(self.ratios(slow, fast))


def take_turns(alternatives: Mapping[str, Callable[[], object]], rounds: int, threads: int = 2) -> Turns:
    """Call every alternative once to warm up, and then once in each round; every other round runs backwards."""
    seconds: dict[str, list[float]] = {name: [] for name in alternatives}
    with torch_threads(threads):
        for run in alternatives.values():
            run()
        for number in range(rounds):
            names = list(alternatives) if number % 2 == 0 else list(alternatives)[::-1]
            for name in names:
                start = time.perf_counter()
                alternatives[name]()
                seconds[name].append(time.perf_counter() - start)
    return Turns(seconds)
