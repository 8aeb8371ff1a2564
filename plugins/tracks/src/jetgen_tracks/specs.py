"""The specs of the datasets; nothing heavy is imported here."""

from __future__ import annotations

from jetgen.api.specs import DatasetSpec

__all__ = ["EVENTS", "REPLICAS", "TRACKS", "TRACKS_STOCHASTIC"]

EVENTS = {
    "tiny": (16, 4, 8),
    "small": (2_000, 200, 200),
    "medium": (12_000, 500, 1_000),
}
"""The numbers of true events of train, val and test of each size. A larger one begins with those of a smaller one."""

REPLICAS = (25, 25, 50)
"""How often each true event is reconstructed in train, val and test."""


def _clouds(events: tuple[int, int, int]) -> tuple[int, int, int]:
    train, val, test = (number * replicas for number, replicas in zip(events, REPLICAS, strict=True))
    return train, val, test


def _spec(name: str, summary: str, efficiency: str) -> DatasetSpec:
    return DatasetSpec(
        name=name,
        summary=summary,
        target="jetgen_tracks.dataset:Tracks",
        paper="2211.06406",
        kind="tracks",
        sizes={size: _clouds(events) for size, events in EVENTS.items()},
        default_size="small",
        options={"efficiency": efficiency},
        capabilities=("SupportsResponse", "SupportsSimulation"),
    )


TRACKS = _spec("tracks", "tracks of the charged particles of a jet; the true event fixes which are found", "fixed")
TRACKS_STOCHASTIC = _spec(
    "tracks-stochastic", "tracks of the charged particles of a jet, each found with a probability", "random"
)
