"""What the entry points name: ten datasets, five partons with up to 30 or 150 particles a jet."""

from __future__ import annotations

from jetgen.specs import DatasetSpec

__all__ = [
    "GLUON30",
    "GLUON150",
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
"""The numbers of train, val and test jets of each size; a larger size begins with the jets of a smaller one."""


def _spec(parton: str, title: str, particles: int) -> DatasetSpec:
    return DatasetSpec(
        name=f"pythia-{parton}{particles}",
        summary=f"{title} jets of 1 TeV from Pythia 8, the {particles} hardest particles",
        target="jetgen_pythia.dataset:PythiaJets",
        paper="2106.11535",
        kind="jets",
        sizes=SIZES,
        default_size="small",
        options={"parton": parton, "particles": particles},
        powers=("SupportsSimulation",),
    )


GLUON30 = _spec("gluon", "Gluon", 30)
GLUON150 = _spec("gluon", "Gluon", 150)
QUARK30 = _spec("quark", "Light-quark", 30)
QUARK150 = _spec("quark", "Light-quark", 150)
TOP30 = _spec("top", "Top-quark", 30)
TOP150 = _spec("top", "Top-quark", 150)
W30 = _spec("w", "W-boson", 30)
W150 = _spec("w", "W-boson", 150)
Z30 = _spec("z", "Z-boson", 30)
Z150 = _spec("z", "Z-boson", 150)
