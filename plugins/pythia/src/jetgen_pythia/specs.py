"""The specs of the twelve datasets of jets: five classes and their mixture, with up to 30 or 150 particles per jet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jetgen.api.specs import DatasetSpec

__all__ = [
    "GLUON30",
    "GLUON150",
    "MIXED30",
    "MIXED150",
    "QUARK30",
    "QUARK150",
    "SIZES",
    "TOP30",
    "TOP150",
    "W30",
    "W150",
    "Z30",
    "Z150",
]

SIZES = {
    "tiny": (400, 100, 400),
    "small": (12_000, 2_000, 10_000),
    "medium": (50_000, 5_000, 20_000),
    "full": (124_000, 26_000, 26_000),
}
"""The numbers of train, val and test jets of each size. A larger size begins with the jets of a smaller one."""


def _spec(name: str, title: str, particles: int, cls: str, options: Mapping[str, Any]) -> DatasetSpec:
    return DatasetSpec(
        name=f"pythia-{name}{particles}",
        summary=f"{title} jets of 1 TeV from Pythia 8, the {particles} hardest particles",
        target=f"jetgen_pythia.{cls}",
        paper="2106.11535",
        kind="jets",
        sizes=SIZES,
        default_size="small",
        options={**options, "particles": particles},
        capabilities=("SupportsSimulation",),
    )


def _single(parton: str, title: str, particles: int) -> DatasetSpec:
    return _spec(parton, title, particles, "dataset:PythiaJets", {"parton": parton})


def _mixed(particles: int) -> DatasetSpec:
    return _spec("mixed", "Gluon, quark, top, W and Z", particles, "mixture:MixedJets", {})


GLUON30 = _single("gluon", "Gluon", 30)
GLUON150 = _single("gluon", "Gluon", 150)
QUARK30 = _single("quark", "Light-quark", 30)
QUARK150 = _single("quark", "Light-quark", 150)
TOP30 = _single("top", "Top-quark", 30)
TOP150 = _single("top", "Top-quark", 150)
W30 = _single("w", "W-boson", 30)
W150 = _single("w", "W-boson", 150)
Z30 = _single("z", "Z-boson", 30)
Z150 = _single("z", "Z-boson", 150)
MIXED30 = _mixed(30)
MIXED150 = _mixed(150)
