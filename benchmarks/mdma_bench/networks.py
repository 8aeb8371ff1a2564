"""The networks whose cost is followed to large clouds, by name: processes of their own can make them too."""

from __future__ import annotations

from collections.abc import Mapping

from mdma_bench.evaluate import Evaluate, Factory
from mdma_bench.ours import backbones
from mdma_bench.published import PublishedFlow, as_evaluate

__all__ = ["LINEAR", "factories", "network"]

LINEAR = {"mdma": 1.05, "epic": 1.05, "mdma, neighbours": 1.1}
"""Those of ours that promise a cost proportional to the number of points, and the largest exponent of their cost.

Neighbours are found by trees, whose cost grows with n log n.
"""


def factories() -> Mapping[str, Factory]:
    """All of them; the published form at its own widths, ours at those of a preset."""
    return {"published": lambda: as_evaluate(PublishedFlow()), **backbones()}


def network(name: str) -> Evaluate:
    """One of them, untrained."""
    return factories()[name]()
