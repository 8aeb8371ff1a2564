"""The networks whose cost is followed to large clouds, by name: processes of their own can make them too."""

from __future__ import annotations

from collections.abc import Mapping

from mdma_bench.evaluate import Evaluate, Factory
from mdma_bench.ours import backbones
from mdma_bench.published import PublishedFlow, as_evaluate

__all__ = ["LINEAR", "factories", "network"]

LINEAR = ("mdma", "epic")
"""Those of ours that promise a cost proportional to the number of points."""


def factories() -> Mapping[str, Factory]:
    """All of them; the published form at its own widths, ours at those of a preset."""
    return {"published": lambda: as_evaluate(PublishedFlow()), **backbones()}


def network(name: str) -> Evaluate:
    """One of them, untrained."""
    return factories()[name]()
