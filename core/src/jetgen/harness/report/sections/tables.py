"""Tables of events, and clouds of no kind that other sections know, in the report."""

from __future__ import annotations

from functools import partial

from jetgen.data.jets import has_relative
from jetgen.harness.report.run_results import RunResults, TableResults
from jetgen.hooks import Drawing, Section, hookimpl
from jetgen.metrics.observables.high_level import high_level_names
from jetgen.metrics.observables.voxels import has_voxels
from jetgen.plot import clouds
from jetgen.plot.comparison import Comparison

__all__ = ["jetgen_report_sections"]

_MOST_CORRELATED = 28


@hookimpl
def jetgen_report_sections(results: RunResults) -> list[Section]:
    """A section for each table of such clouds."""
    return [
        Section(f"Features: {table.title}", drawings=_drawings(table, table.comparison))
        for table in results.tables
        if not (has_relative(table.spec) or has_voxels(table.spec) or table.spec.given is not None)
        and table.comparison is not None
    ]


def _drawings(table: TableResults, found: Comparison) -> tuple[Drawing, ...]:
    names = high_level_names(found.spec)[:_MOST_CORRELATED]
    drawings = [
        Drawing(f"{table.name}-features", "Features of the points.", partial(clouds.draw_features, found=found))
    ]
    if len(names) > 1:
        words = "Correlations of observables, and by how much those of the models differ."
        draw = partial(clouds.draw_correlations, found=found, names=names)
        drawings.append(Drawing(f"{table.name}-correlations", words, draw))
    return tuple(drawings)
