"""The spec of the generator: what there is, without importing anything heavy."""

from __future__ import annotations

from jetgen import GeneratorSpec

__all__ = ["CVAE_SLOT_ATTENTION"]

CVAE_SLOT_ATTENTION = GeneratorSpec(
    name="cvae-slot-attention",
    summary="Answers to true events: copies of true particles with learnt errors, slot attention, or a conditional VAE",
    target="jetgen_cvae_slot_attention.generator:CVAESlotAttention",
    settings="jetgen_cvae_slot_attention.settings:CVAESlotAttentionSettings",
    paper="arXiv:2211.06406",
    kinds=("tracks",),
)
