"""The spec of the generator: what there is, without importing anything heavy."""

from __future__ import annotations

from jetgen import GeneratorSpec

__all__ = ["TF_GAN"]

TF_GAN = GeneratorSpec(
    name="tf-gan",
    summary="Transformer that refines the jets of another generator (a flow by default), trained against a transformer",
    target="jetgen_tf_gan.generator:TFGAN",
    settings="jetgen_tf_gan.settings:TFGANSettings",
    paper="arXiv:2211.13623",
    kinds=("jets",),
    capabilities=("SupportsPretrained",),
)
