"""The networks whose cost is followed to large clouds, by name: processes of their own can make them too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from mdma_bench.evaluate import Evaluate, Factory
from mdma_bench.ours import backbones
from mdma_bench.published import PublishedFlow, as_evaluate

__all__ = ["LINEAR", "Linear", "factories", "network"]


class Linear(NamedTuple):
    """What is promised: the largest exponent of the cost, and how far memory may be off a straight line."""

    exponent: float
    off: float


LINEAR = {"mdma": Linear(1.05, 0.02), "epic": Linear(1.05, 0.02), "mdma, neighbours": Linear(1.1, 0.2)}
"""Those of ours that promise a cost proportional to the number of points.

Neighbours are found by trees, whose cost grows with n log n, and speak in blocks, so a large cloud needs less than the
memory of many small ones.
"""


def factories() -> Mapping[str, Factory]:
    """All of them; the published form at its own widths, ours at those of a preset."""
    return {"published": lambda: as_evaluate(PublishedFlow()), **backbones()}


def network(name: str) -> Evaluate:
    """One of them, untrained."""
    return factories()[name]()
