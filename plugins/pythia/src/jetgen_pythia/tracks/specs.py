"""The spec of the dataset."""

from __future__ import annotations

from jetgen.api.specs import DatasetSpec
from jetgen_tracks.specs import EVENTS, clouds_of

__all__ = ["PYTHIA_TRACKS"]

PYTHIA_TRACKS = DatasetSpec(
    name="pythia-tracks",
    summary="Tracks of the charged particles of gluon jets of 1 TeV from Pythia 8; near ones hide each other",
    target="jetgen_pythia.tracks.dataset:PythiaTracks",
    paper="2211.06406",
    kind="tracks",
    sizes=clouds_of(EVENTS),  # as many true events as tracks has, in as many replicas
    default_size="small",
    capabilities=("SupportsResponse", "SupportsSimulation"),
)
