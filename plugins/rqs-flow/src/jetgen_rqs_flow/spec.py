"""The specs of the generator and of the dataset: what there is, without importing anything heavy."""

from __future__ import annotations

from jetgen import DatasetSpec, GeneratorSpec

__all__ = ["RQS_FLOW", "RQS_SURROGATE", "SURROGATE_SIZES"]

RQS_FLOW = GeneratorSpec(
    name="rqs-flow",
    summary="Rational-quadratic-spline coupling flow on pT-ordered particles, with an exact density",
    target="jetgen_rqs_flow.generator:RQSFlow",
    settings="jetgen_rqs_flow.settings:RQSFlowSettings",
    paper="arXiv:1906.04032",
    kinds=("jets", "table"),
    capabilities=("SupportsLogProb",),
)

SURROGATE_SIZES = {
    "tiny": (400, 100, 400),
    "small": (12_000, 2_000, 10_000),
    "medium": (50_000, 5_000, 20_000),
    "full": (124_000, 26_000, 26_000),
}
"""The numbers of train, val and test jets of each size, as those of the Pythia datasets."""

RQS_SURROGATE = DatasetSpec(
    name="rqs-surrogate",
    summary="jets from a trained rqs-flow as the truth, with their exact density",
    target="jetgen_rqs_flow.surrogate:RQSSurrogate",
    paper="arXiv:2511.15779",
    kind="jets",
    sizes=SURROGATE_SIZES,
    default_size="small",
    asks=("model",),
    capabilities=("SupportsDensity",),
)
