"""The specs of the baselines; nothing heavy is imported here."""

from __future__ import annotations

from jetgen.api.specs import GeneratorSpec

__all__ = ["copy_truth", "independence", "replay"]

replay = GeneratorSpec(
    name="replay",
    summary="baseline: hands training clouds back; unbeatable on distances, worthless, and novelty shows it",
    target="jetgen.references.generators:Replay",
    settings="jetgen.references.settings:ReferenceSettings",
    kinds=("jets", "showers", "tracks", "table"),
    baseline=True,
)

copy_truth = GeneratorSpec(
    name="copy-truth",
    summary="baseline: hands true events back as their reconstruction; a detector without losses and errors",
    target="jetgen.references.copying:CopyTruth",
    settings="jetgen.references.settings:CopySettings",
    kinds=("tracks",),
    baseline=True,
)

independence = GeneratorSpec(
    name="independence",
    summary="baseline: every feature at every rank drawn by itself from the training clouds; no correlations",
    target="jetgen.references.generators:Independence",
    settings="jetgen.references.settings:ReferenceSettings",
    kinds=("jets", "showers", "tracks", "table"),
    baseline=True,
)
