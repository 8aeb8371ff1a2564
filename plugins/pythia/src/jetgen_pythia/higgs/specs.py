"""The specs of the two tables."""

from __future__ import annotations

from jetgen.api.specs import DatasetSpec

__all__ = ["BACKGROUND", "SIGNAL", "SIZES"]

SIZES = {
    "tiny": (400, 100, 400),
    "small": (100_000, 10_000, 50_000),
    "medium": (250_000, 25_000, 100_000),
    "full": (500_000, 50_000, 250_000),
}
"""The numbers of train, val and test rows of each size. A larger size begins with the rows of a smaller one."""


def _spec(channel: str, summary: str) -> DatasetSpec:
    return DatasetSpec(
        name=f"pythia-higgs-{channel}",
        summary=summary,
        target="jetgen_pythia.higgs.dataset:HiggsTable",
        paper="1402.4735",
        kind="table",
        sizes=SIZES,
        default_size="small",
        options={"channel": channel},
        capabilities=("SupportsSimulation",),
    )


SIGNAL = _spec("signal", "18 observables of H0 -> W H+- -> W W h0 -> l nu j j b b at 8 TeV from Pythia 8")
BACKGROUND = _spec("background", "18 observables of t tbar -> l nu b j j b at 8 TeV from Pythia 8")
