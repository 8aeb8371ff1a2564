"""The spec of weights on top of another generator; nothing heavy is imported here."""

from __future__ import annotations

from jetgen.api.specs import GeneratorSpec

__all__ = ["weights"]

weights = GeneratorSpec(
    name="weights",
    summary="samples of another generator with the weights of a classifier: weights.base names it",
    target="jetgen.refine.generator:Weights",
    settings="jetgen.refine.settings:WeightsSettings",
    paper="2009.03796",
    refines=True,
)
