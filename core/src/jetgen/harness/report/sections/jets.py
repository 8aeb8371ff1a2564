"""Jets in the report: features, jet observables, substructure, correlations, images, and single jets."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from functools import partial

from jetgen.data.jets import has_relative
from jetgen.harness.report.run_results import RunResults, TableResults
from jetgen.hooks import Drawing, Section, hookimpl
from jetgen.plot import clouds, jets
from jetgen.plot.comparison import Comparison

__all__ = ["jetgen_report_sections"]

_JETS = ("mass", "pt", "multiplicity")
_CORRELATED = ("mass", "pt", "multiplicity", "girth", "les_houches", "dispersion", "fraction_1", "ptrel_1", "ptrel_2")


@hookimpl
def jetgen_report_sections(results: RunResults) -> list[Section]:
    """A section for each table of jets with relative coordinates."""
    return [
        Section(f"Jets: {table.title}", drawings=tuple(_drawings(table, table.comparison)))
        for table in results.tables
        if has_relative(table.spec) and table.comparison is not None
    ]


def _drawings(table: TableResults, found: Comparison) -> Iterator[Drawing]:
    scores = table.experiment.scores

    def drawing(name: str, caption: str, draw: partial[None]) -> Drawing:
        return Drawing(f"{table.name}-{name}", caption, partial(draw, found=found))

    yield drawing("features", "Features of the particles.", partial(clouds.draw_features))
    yield drawing("jets", "Mass, transverse momentum and multiplicity.", partial(clouds.draw_observables, names=_JETS))
    if "substructure" in scores and importlib.util.find_spec("fastjet") is not None:
        words = "N-subjettiness ratios and D2 of the first jets of each side."
        yield drawing("substructure", words, partial(jets.draw_substructure))
    if "w1efp" in scores:
        yield drawing("efps", "The energy flow polynomials behind W1EFP.", partial(jets.draw_efps))
    words = "Correlations of jet observables, and by how much those of the models differ."
    yield drawing("correlations", words, partial(clouds.draw_correlations, names=_CORRELATED))
    yield drawing(
        "images", "Average images: mean momentum by direction, and the ratio to truth.", partial(jets.draw_images)
    )
    yield drawing("single", "Single jets; the area of a circle is the momentum.", partial(jets.draw_single_jets))
