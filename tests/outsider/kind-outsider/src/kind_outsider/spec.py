"""What there is."""

from __future__ import annotations

from jetgen.api.specs import DatasetSpec, GeneratorSpec

__all__ = ["KIND_GAUSSIAN", "KIND_JETS", "SIZES"]

KIND_GAUSSIAN = GeneratorSpec(
    name="kind-gaussian",
    summary="a Gaussian of the features for every rank of the points, in NumPy",
    target="kind_outsider.model:KindGaussian",
    settings="kind_outsider.settings:KindGaussianSettings",
    kinds=("jets", "showers", "tracks", "table"),
)

SIZES = {"tiny": (400, 100, 400)}
"""The numbers of train, val and test jets."""

KIND_JETS = DatasetSpec(
    name="kind-jets",
    summary="jets of up to 10 particles, drawn by NumPy in milliseconds",
    target="kind_outsider.jets:KindJets",
    kind="jets",
    sizes=SIZES,
    default_size="tiny",
    capabilities=("SupportsSimulation",),
)
