"""Models as a whole in the report: quality against cost, and how trainings went."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from jetgen.harness.report.figures import Standing
from jetgen.harness.report.run_results import MOST_MODELS, RunResults, TableResults
from jetgen.harness.report.wording import head
from jetgen.harness.store.plan import cell_folder
from jetgen.harness.store.stage_record import read_record
from jetgen.hooks import Drawing, Section, hookimpl
from jetgen.plot import models

__all__ = ["jetgen_report_sections"]


@hookimpl
def jetgen_report_sections(results: RunResults) -> list[Section]:
    """A section for each table with models that were timed or trained."""
    sections = []
    for table in results.tables:
        drawings = tuple(_drawings(table))
        if drawings:
            sections.append(Section(f"Quality, cost and training: {table.title}", drawings=drawings))
    return sections


def _drawings(table: TableResults) -> Iterator[Drawing]:
    score = table.experiment.order.judge or next(
        (name for name in ("w1m", "w1p") if name in table.experiment.scores), None
    )
    prices = [price for one in table.experiment.models if (price := _price(one, score)) is not None]
    if prices and score is not None:
        floor = next((one for one in table.experiment.standings if one.rows[0].kind == "floor"), None)
        figure = None if floor is None else floor.figures.get(score)
        yield Drawing(
            f"{table.name}-cost",
            "Quality against the time to make a cloud; the band is where independent truth lies.",
            partial(
                models.draw_prices,
                prices=prices,
                score=head(score, table.experiment.order.judge),
                floor=None if figure is None else (figure.mean, figure.low, figure.high),
                simulator=_simulator(table),
            ),
        )
    histories = {
        one.title: history for one in table.experiment.models[:MOST_MODELS] if (history := _history(table, one))
    }
    if histories:
        words = "What the trainings of the first seed reported over their time."
        yield Drawing(f"{table.name}-training", words, partial(models.draw_histories, histories=histories))


def _price(one: Standing, score: str | None) -> models.Price | None:
    cost, figure = one.best_row.cost, one.figures.get(score or "")
    if figure is None or cost.microseconds_per_cloud is None:
        return None
    return models.Price(one.title, cost.microseconds_per_cloud, (figure.mean, figure.spread), cost.timing_device or "")


def _simulator(table: TableResults) -> float | None:
    times = [one.best_row.cost.simulator_microseconds_per_cloud for one in table.experiment.models]
    return next((time for time in times if time is not None), None)


def _history(table: TableResults, one: Standing) -> dict[str, list[float]]:
    """The quantities that its training reported often enough for a curve."""
    record = read_record(cell_folder(table.run, one.best_row.id) / "stages" / "fit.json")
    found = {} if record is None else record.results.get("history") or {}
    return {name: values for name, values in found.items() if len(values) > 1}
