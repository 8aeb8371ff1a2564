"""The spec of the generator: what there is, without importing anything heavy."""

from __future__ import annotations

from jetgen import GeneratorSpec

__all__ = ["RQS_FLOW"]

RQS_FLOW = GeneratorSpec(
    name="rqs-flow",
    summary="Rational-quadratic-spline coupling flow on pT-ordered particles, with an exact density",
    target="jetgen_rqs_flow.generator:RQSFlow",
    settings="jetgen_rqs_flow.settings:RQSFlowSettings",
    paper="arXiv:1906.04032",
    kinds=("jets", "table"),
    capabilities=("SupportsLogProb",),
)
