"""The specs of the datasets."""

from __future__ import annotations

from jetgen.api.specs import DatasetSpec

__all__ = [
    "SIZES",
    "TOY_CAMEL_BACK",
    "TOY_CHECKERBOARD",
    "TOY_EIGHT_GAUSSIANS",
    "TOY_GAUSSIANS",
    "TOY_SWISS_ROLL",
]

SIZES = {
    "tiny": (400, 100, 400),
    "small": (12_000, 2_000, 10_000),
    "medium": (50_000, 5_000, 50_000),
}
"""The numbers of train, val and test points of each size. A larger size begins with the points of a smaller one."""


def _spec(name: str, summary: str, paper: str = "") -> DatasetSpec:
    return DatasetSpec(
        name=name,
        summary=f"{summary}, with their exact density",
        target="jetgen_toys.tables.dataset:ToyTable",
        paper=paper,
        kind="table",
        sizes=SIZES,
        default_size="small",
        options={"toy": name},
        capabilities=("SupportsDensity", "SupportsSimulation"),
    )


TOY_GAUSSIANS = _spec("toy-gaussians", "points of a plane from eight Gaussians on a ring")
TOY_EIGHT_GAUSSIANS = _spec("toy-eight-gaussians", "points of a plane from eight equal, round Gaussians on a ring")
TOY_CHECKERBOARD = _spec("toy-checkerboard", "points of a plane, uniform on every other square of a board")
TOY_SWISS_ROLL = _spec("toy-swiss-roll", "points of a plane along a spiral with noise", "1810.01367")
TOY_CAMEL_BACK = _spec("toy-camel-back", "numbers from two equal Gaussians", "2008.06545")
