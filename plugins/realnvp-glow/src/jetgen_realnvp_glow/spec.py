"""The specs of the generators: what there is, without importing anything heavy."""

from __future__ import annotations

from jetgen import GeneratorSpec

__all__ = ["REALNVP_GLOW", "RQS_AUTOREGRESSIVE"]

REALNVP_GLOW = GeneratorSpec(
    name="realnvp-glow",
    summary="Coupling flow with batch normalisation and 1x1 permutations, affine (realNVP, Glow) or with splines",
    target="jetgen_realnvp_glow.glow:RealNVPGlow",
    settings="jetgen_realnvp_glow.settings:RealNVPGlowSettings",
    paper="arXiv:1807.03039",
    kinds=("jets", "table"),
    capabilities=("SupportsLogProb",),
)

RQS_AUTOREGRESSIVE = GeneratorSpec(
    name="rqs-autoregressive",
    summary="Autoregressive flow of rational-quadratic splines on tables: the sharpest density, one pass per column",
    target="jetgen_realnvp_glow.autoregressive:RQSAutoregressive",
    settings="jetgen_realnvp_glow.settings:RQSAutoregressiveSettings",
    paper="arXiv:1906.04032",
    kinds=("table",),
    capabilities=("SupportsLogProb",),
)
