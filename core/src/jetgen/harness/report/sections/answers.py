"""Answers to true events in the report: features, residuals, numbers of points, and single events."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from jetgen.harness.report.run_results import RunResults, TableResults
from jetgen.hooks import Drawing, Section, hookimpl
from jetgen.plot import answers, clouds
from jetgen.plot.comparison import Comparison

__all__ = ["jetgen_report_sections"]


@hookimpl
def jetgen_report_sections(results: RunResults) -> list[Section]:
    """A section for each table of clouds that answer true ones."""
    return [
        Section(f"Answers: {table.title}", drawings=tuple(_drawings(table, table.comparison)))
        for table in results.tables
        if table.spec.given is not None and table.comparison is not None
    ]


def _drawings(table: TableResults, found: Comparison) -> Iterator[Drawing]:
    yield Drawing(f"{table.name}-features", "Features of the points.", partial(clouds.draw_features, found=found))
    if enough := answers.enough_replicas(found.real):
        yield Drawing(
            f"{table.name}-spreads",
            "The variance of the residuals of each true particle, generated over true.",
            partial(answers.draw_spreads, found=found),
        )
        yield Drawing(
            f"{table.name}-moments",
            "Mean and variance of the residuals of each true particle, generated against true.",
            partial(answers.draw_moments, found=found),
        )
    yield Drawing(
        f"{table.name}-sizes",
        "The number of points against that of true particles, and that of three events.",
        partial(answers.draw_sizes, found=found),
    )
    if enough and {"eta", "phi"} <= set(found.spec.names):
        yield Drawing(
            f"{table.name}-events",
            "Three events: crosses are true particles, dots the points of their answers.",
            partial(answers.draw_events, found=found),
        )
