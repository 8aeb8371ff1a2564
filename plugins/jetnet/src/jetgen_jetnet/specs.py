"""The specs: ten datasets (five classes of jets with up to 30 or 150 particles) and two metrics."""

from __future__ import annotations

from jetgen.api.specs import DatasetSpec, MetricSpec

__all__ = [
    "FPND_JETNET",
    "FPND_TRUTH",
    "GLUON30",
    "GLUON150",
    "JETS",
    "QUARK30",
    "QUARK150",
    "TOP30",
    "TOP150",
    "W30",
    "W150",
    "Z30",
    "Z150",
    "sizes",
]

JETS = {"gluon": 177_252, "quark": 170_679, "top": 177_945, "w": 177_172, "z": 176_952}
"""The number of jets of each class, the same with 30 and with 150 particles."""


def sizes(jets: int) -> dict[str, tuple[int, int, int]]:
    """The numbers of train, val and test jets of each size, for a file of ``jets`` jets.

    The smaller sizes are the beginnings of the splits of ``full``, which are 70/15/15 as JetNet rounds them.

    >>> sizes(JETS["top"])["full"]
    (124561, 26692, 26692)
    """
    first, second = int(0.70 * jets), int((0.70 + 0.15) * jets)
    return {
        "tiny": (400, 100, 400),
        "small": (12_000, 2_000, 10_000),
        "full": (first, second - first, jets - second),
    }


def _dataset(jet: str, title: str, particles: int) -> DatasetSpec:
    return DatasetSpec(
        name=f"jetnet-{jet}{particles}",
        summary=f"{title} jets of 1 TeV as published by JetNet, the {particles} hardest particles (downloaded once)",
        target="jetgen_jetnet.dataset:JetNetJets",
        paper="2106.11535",
        kind="jets",
        sizes=sizes(JETS[jet]),
        default_size="full",
        options={"jet": jet, "particles": particles},
    )


GLUON30 = _dataset("gluon", "Gluon", 30)
GLUON150 = _dataset("gluon", "Gluon", 150)
QUARK30 = _dataset("quark", "Light-quark", 30)
QUARK150 = _dataset("quark", "Light-quark", 150)
TOP30 = _dataset("top", "Top-quark", 30)
TOP150 = _dataset("top", "Top-quark", 150)
W30 = _dataset("w", "W-boson", 30)
W150 = _dataset("w", "W-boson", 150)
Z30 = _dataset("z", "Z-boson", 30)
Z150 = _dataset("z", "Z-boson", 150)


def _metric(name: str, summary: str, target: str, *, ranked: bool) -> MetricSpec:
    return MetricSpec(
        name=name,
        summary=summary,
        target=f"jetgen_jetnet.fpnd:{target}",
        paper="2106.11535",
        kinds=("jets",),
        features=("etarel", "phirel", "ptrel"),
        smallest_n=1_000,
        tier="slow",
        requires=("torch",),
        ranked=ranked,
        floor_draws=10,
    )


FPND_JETNET = _metric(
    "fpnd_jetnet",
    "Fréchet ParticleNet distance to the real JetNet gluon, quark or top jets, whichever is nearest: a check of data",
    "FrechetToJetNet",
    ranked=False,
)
FPND_TRUTH = _metric("fpnd_truth", "Fréchet ParticleNet distance to the given truth", "FrechetToTruth", ranked=True)
