"""The spec of the generator: what there is, without importing anything heavy."""

from __future__ import annotations

from jetgen import GeneratorSpec

__all__ = ["MDMA_GAN"]

MDMA_GAN = GeneratorSpec(
    name="mdma-gan",
    summary="Adversarial network with attention to a mean field (MDMA): one evaluation for a cloud of any size",
    target="jetgen_mdma_gan.generator:MDMAGAN",
    settings="jetgen_mdma_gan.settings:MDMAGANSettings",
    paper="arXiv:2305.15254",
    capabilities=("SupportsPretrained",),
)
