"""The specs of the three datasets: signal, background, and both with the label as conditioning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jetgen.api.specs import DatasetSpec

__all__ = ["EXCERPT", "HIGGS", "HIGGS_BACKGROUND", "HIGGS_SIGNAL", "SIZES"]

EXCERPT = "excerpt"
"""The size that is read from the two small files, which have 10,000 and 5,000 rows."""

_COMMON = {
    "tiny": (400, 100, 400),
    "small": (100_000, 10_000, 50_000),
    "medium": (500_000, 50_000, 200_000),
}

SIZES: Mapping[str, Mapping[str, tuple[int, int, int]]] = {
    "both": {**_COMMON, "full": (10_300_000, 200_000, 500_000), EXCERPT: (9_000, 1_000, 5_000)},
    "signal": {**_COMMON, "full": (5_400_000, 100_000, 260_000), EXCERPT: (4_770, 525, 2_685)},
    "background": {**_COMMON, "full": (4_800_000, 90_000, 230_000), EXCERPT: (4_230, 475, 2_315)},
}
"""The numbers of train, val and test events of each size. A larger size begins with the events of a smaller one.

Of one label, ``full`` is a round number below what the file has, and ``excerpt`` is what the two small files have.
"""


def _spec(name: str, summary: str, events: str) -> DatasetSpec:
    options: Mapping[str, Any] = {"events": events}
    return DatasetSpec(
        name=name,
        summary=f"{summary}: 18 observables of the UCI HIGGS file (downloaded once, 2.8 GB)",
        target="jetgen_higgs.dataset:HiggsEvents",
        paper="1402.4735",
        kind="table",
        sizes=SIZES[events],
        default_size="small",
        options=options,
    )


HIGGS = _spec("higgs", "Higgs signal and its background, the label as conditioning", "both")
HIGGS_BACKGROUND = _spec("higgs-background", "Background events of top pairs", "background")
HIGGS_SIGNAL = _spec("higgs-signal", "Signal events of a heavy Higgs boson", "signal")
