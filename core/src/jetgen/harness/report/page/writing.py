"""The report of a run, ``RUN/report/index.html``: one file that fetches nothing, and its figures as PDF beside it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from jetgen.errors import plain
from jetgen.harness.report.leaderboard import Table, tables
from jetgen.harness.report.page.drawn import DrawnSection, drawn
from jetgen.harness.report.page.provenance import origins, score_facts
from jetgen.harness.report.run_results import RunResults
from jetgen.harness.store.plan import cell_folder
from jetgen.harness.store.row import Row
from jetgen.hooks import Hooks, Section
from jetgen.io.atomic import write_text

__all__ = ["write_report"]

_MOST_SCORES = 16  # of one table: a page is wider than a terminal, and a wide table scrolls


@dataclass(frozen=True)
class _Cell:
    """A cell of a table: its lines, what it is sorted by (empty: nothing), and whether it is clearly the best."""

    parts: tuple[str, ...]
    value: str
    strong: bool


def write_report(results: RunResults, hooks: Hooks) -> Path:
    """Make the report of a run; the path of its page.

    Raises:
        StorageError: if a file cannot be written.
    """
    folder = results.run / "report"
    sections = _drawn_sections(results, hooks, folder / "figures")
    page = folder / "index.html"
    write_text(page, _rendered(results, sections))
    return page


def _drawn_sections(results: RunResults, hooks: Hooks, folder: Path) -> list[DrawnSection]:
    """What the hook plugins answer, in their order; what is no section is said to be none."""
    found: list[DrawnSection] = []
    for plugin, answer in hooks.report_sections(results).items():
        for section in answer if isinstance(answer, (list, tuple)) else [answer]:
            if not isinstance(section, Section):
                msg = f"{plugin} answered with {type(section).__name__}, not with a Section of jetgen.hooks."
                section = Section(f"From {plugin}", msg)  # noqa: PLW2901 (what stands in its place)
            found.append(drawn(section, f"section-{len(found)}", folder))
    return found


def _rendered(results: RunResults, sections: Sequence[DrawnSection]) -> str:
    from jinja2 import Environment, StrictUndefined

    ours = files(__package__)
    source, style, script = (
        ours.joinpath(f"report.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js")
    )
    template = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True).from_string(source)
    rows = results.rows
    failures = [_failure(results.run, row) for row in rows if row.status not in ("ok", "skipped")]
    contents = [("Leaderboard", "leaderboard"), *([("What did not end well", "failures")] if failures else [])]
    contents += [(one.title, one.anchor) for one in sections]
    contents += [("How each score was made", "scores"), ("Where the numbers come from", "provenance")]
    return template.render(
        title=f"jetgen: {results.run.name}",
        subtitle=f"{len(rows)} rows; {results.plan.created}; jetgen {results.plan.jetgen}",
        style=style,
        script=script,
        contents=contents,
        tables=[_table(table) for table in tables(rows, most=_MOST_SCORES)],
        failures=failures,
        sections=sections,
        notes=results.notes,
        scores=list(score_facts(rows)),
        commands=results.plan.commands,
        provenance=origins(rows),
    )


def _table(table: Table) -> Mapping[str, Any]:
    lines = [
        [
            _Cell(tuple(plain(text).split("\n")), _sorted_by(value), (i, j) in table.strong)
            for j, (text, value) in enumerate(zip(line, values, strict=True))
        ]
        for i, (line, values) in enumerate(zip(table.lines, table.values, strict=True))
    ]
    return {"title": table.title, "heads": table.heads, "lines": lines, "notes": table.notes}


def _sorted_by(value: float | str | None) -> str:
    return "" if value is None or (isinstance(value, float) and not math.isfinite(value)) else str(value)


def _failure(run: Path, row: Row) -> Mapping[str, str]:
    log = cell_folder(run, row.id).relative_to(run) / "log.txt"
    return {
        "id": row.id,
        "status": row.status,
        "phase": row.phase or "",
        "error": plain(row.error or "stopped at its time limit"),
        "log": str(log) if (run / log).exists() else "",
    }
