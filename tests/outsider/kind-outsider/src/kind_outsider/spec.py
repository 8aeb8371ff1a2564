"""What there is."""

from __future__ import annotations

from jetgen.api.specs import GeneratorSpec

__all__ = ["KIND_GAUSSIAN"]

KIND_GAUSSIAN = GeneratorSpec(
    name="kind-gaussian",
    summary="a Gaussian of the features for every rank of the points, in NumPy",
    target="kind_outsider.model:KindGaussian",
    settings="kind_outsider.settings:KindGaussianSettings",
    kinds=("jets", "showers", "tracks", "table"),
)
