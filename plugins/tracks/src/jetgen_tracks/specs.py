"""The specs of the datasets; nothing heavy is imported here."""

from __future__ import annotations

from collections.abc import Mapping

from jetgen.api.specs import DatasetSpec

__all__ = [
    "EVENTS",
    "PUBLISHED_EVENTS",
    "PUBLISHED_MOST",
    "PUBLISHED_REPLICAS",
    "REPLICAS",
    "TRACKS",
    "TRACKS_PUBLISHED",
    "TRACKS_STOCHASTIC",
    "clouds_of",
]

EVENTS = {
    "tiny": (16, 4, 8),
    "small": (2_000, 200, 200),
    "medium": (12_000, 500, 1_000),
}
"""The numbers of true events of train, val and test of each size. A larger one begins with those of a smaller one."""

REPLICAS = (25, 25, 50)
"""How often each true event is reconstructed in train, val and test."""


def clouds_of(
    events: Mapping[str, tuple[int, int, int]], replicas: tuple[int, int, int] = REPLICAS
) -> dict[str, tuple[int, int, int]]:
    """The numbers of train, val and test clouds of each size, from those of true events."""
    return {
        size: (replicas[0] * train, replicas[1] * val, replicas[2] * test)
        for size, (train, val, test) in events.items()
    }


def _spec(name: str, summary: str, efficiency: str) -> DatasetSpec:
    return DatasetSpec(
        name=name,
        summary=summary,
        target="jetgen_tracks.dataset:Tracks",
        paper="2211.06406",
        kind="tracks",
        sizes=clouds_of(EVENTS),
        default_size="small",
        options={"efficiency": efficiency},
        capabilities=("SupportsResponse", "SupportsSimulation"),
    )


TRACKS = _spec("tracks", "tracks of the charged particles of a jet; the true event fixes which are found", "fixed")
TRACKS_STOCHASTIC = _spec(
    "tracks-stochastic", "tracks of the charged particles of a jet, each found with a probability", "random"
)

PUBLISHED_EVENTS = {
    "small": (500, 50, 100),
    "full": (2_915, 500, 3_990),
}
"""The numbers of true events of train, val and test that are taken from the published files."""

PUBLISHED_REPLICAS, PUBLISHED_MOST = 100, 13
"""How often each event is reconstructed there, and the most charged particles that its model allows."""

TRACKS_PUBLISHED = DatasetSpec(
    name="tracks-published",
    summary="the published toy set (Zenodo 7891569), from files of yours",
    target="jetgen_tracks.published:PublishedTracks",
    paper="2211.06406",
    kind="tracks",
    sizes=clouds_of(PUBLISHED_EVENTS, (PUBLISHED_REPLICAS,) * 3),
    default_size="small",
)
