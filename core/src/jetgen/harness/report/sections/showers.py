"""Calorimeter showers in the report: profiles, shower observables, and mean showers."""

from __future__ import annotations

from functools import partial

from jetgen.harness.report.run_results import RunResults, TableResults
from jetgen.hooks import Drawing, Section, hookimpl
from jetgen.metrics.observables.high_level import high_level_names
from jetgen.metrics.observables.voxels import has_voxels
from jetgen.plot import clouds, showers
from jetgen.plot.comparison import Comparison

__all__ = ["jetgen_report_sections"]

_SHOWERS = ("response", "multiplicity", "cells", "z", "z_sd", "r")


@hookimpl
def jetgen_report_sections(results: RunResults) -> list[Section]:
    """A section for each table of showers in voxels."""
    return [
        Section(f"Showers: {table.title}", drawings=_drawings(table, table.comparison))
        for table in results.tables
        if has_voxels(table.spec) and table.comparison is not None
    ]


def _drawings(table: TableResults, found: Comparison) -> tuple[Drawing, ...]:
    names = [name for name in _SHOWERS if name in high_level_names(found.spec)]
    return (
        Drawing(
            f"{table.name}-profiles",
            "Mean energy by layer and by ring, and the energies of voxels.",
            partial(showers.draw_profiles, found=found),
        ),
        Drawing(
            f"{table.name}-observables",
            "Observables of whole showers.",
            partial(clouds.draw_observables, found=found, names=names),
        ),
        Drawing(
            f"{table.name}-mean",
            "The mean shower in layers and rings, and the ratio to truth.",
            partial(showers.draw_mean_showers, found=found),
        ),
    )
