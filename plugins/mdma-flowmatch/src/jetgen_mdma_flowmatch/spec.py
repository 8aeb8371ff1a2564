"""The spec of the generator: what there is, without importing anything heavy."""

from __future__ import annotations

from jetgen import GeneratorSpec

__all__ = ["MDMA_FLOWMATCH"]

MDMA_FLOWMATCH = GeneratorSpec(
    name="mdma-flowmatch",
    summary="Conditional flow matching with attention to a mean field (MDMA), linear in the number of points",
    target="jetgen_mdma_flowmatch.generator:MDMAFlowMatch",
    settings="jetgen_mdma_flowmatch.settings:MDMAFlowMatchSettings",
    paper="arXiv:2305.15254",
    capabilities=("SupportsLogProb", "SupportsPretrained"),
)
