"""The spec of the dataset."""

from __future__ import annotations

from jetgen.api.specs import DatasetSpec

__all__ = ["SIZES", "TOY_GAUSSIANS"]

SIZES = {
    "tiny": (400, 100, 400),
    "small": (12_000, 2_000, 10_000),
    "medium": (50_000, 5_000, 50_000),
}
"""The numbers of train, val and test points of each size. A larger size begins with the points of a smaller one."""

TOY_GAUSSIANS = DatasetSpec(
    name="toy-gaussians",
    summary="points of a plane from eight Gaussians on a ring, with their exact density",
    target="jetgen_toys.gaussians.dataset:ToyGaussians",
    kind="table",
    sizes=SIZES,
    default_size="small",
    capabilities=("SupportsDensity", "SupportsSimulation"),
)
