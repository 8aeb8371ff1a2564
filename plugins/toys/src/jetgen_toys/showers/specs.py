"""The spec of the dataset."""

from __future__ import annotations

from jetgen.api.specs import DatasetSpec

__all__ = ["SIZES", "TOY_SHOWERS"]

SIZES = {
    "tiny": (400, 100, 400),
    "small": (6_000, 1_000, 2_000),
    "medium": (30_000, 2_000, 10_000),
}
"""The numbers of train, val and test showers of each size. A larger size begins with the showers of a smaller one.

They are smaller than those of jets, because a shower has about fifty times as many points."""

TOY_SHOWERS = DatasetSpec(
    name="toy-showers",
    summary="electrons of 1 GeV to 1 TeV in 45 x 16 x 9 voxels from a parametric simulator, not Geant4",
    target="jetgen_toys.showers.dataset:ToyShowers",
    paper="hep-ex/0001020",
    kind="showers",
    sizes=SIZES,
    default_size="small",
    capabilities=("SupportsSimulation",),
)
