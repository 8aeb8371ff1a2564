"""How each score was made, and on what: the end of the report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from jetgen.harness.report.wording import head
from jetgen.harness.store.row import Row, Score

__all__ = ["origins", "score_facts"]

_BETTER = {"lower": "smaller", "higher": "larger", "one": "near 1", "half": "near 0.5"}


def score_facts(rows: Sequence[Row]) -> Iterator[dict[str, Any]]:
    """Each metric of the rows: what it is, how many clouds it saw, how often, and what code computed it."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        for name, score in row.scores.items():
            if name == score.metric:
                found.setdefault(name, []).append(row)
    for name, having in sorted(found.items()):
        spec = having[0].spec_of(name)
        floors = [row.scores[name] for row in having if row.kind == "floor"]
        models = [row.scores[name] for row in having if row.kind != "floor"]
        yield {
            "name": head(name),
            "summary": f"{spec.summary} ({_reference(spec.paper)})" if spec.paper else spec.summary,
            "better": _BETTER[spec.direction] + ("" if spec.ranked else ", not ranked"),
            "unit": spec.unit,
            "sizes": _beside(models, floors, lambda score: f"{score.n_fake:,} / {score.n_real:,}"),
            "draws": _beside(models, floors, lambda score: str(len(score.values))),
            "version": _several(row.version_of(name) for row in having),
        }


def _reference(paper: str) -> str:
    return f"arXiv:{paper}" if paper[:1].isdigit() else paper


def origins(rows: Sequence[Row]) -> list[dict[str, str]]:
    """Every fact about machine and software that rows carry, with the number of rows that have it."""
    counted: dict[tuple[str, str], int] = {}
    for row in rows:
        for fact in set(_facts(row.provenance)):
            counted[fact] = counted.get(fact, 0) + 1
    return [
        {"rows": f"{number} of {len(rows)}", "name": name, "value": value}
        for (name, value), number in sorted(counted.items())
    ]


def _facts(document: dict[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for name, value in document.items():
        if isinstance(value, dict):
            yield from _facts(value, f"{before}{name}: ")
        elif value is not None:
            yield f"{before}{name}", str(value)


def _beside(models: Sequence[Score], floors: Sequence[Score], text: Callable[[Score], str]) -> str:
    """What is said of the models, and of the floor where that is something else."""
    ours, floor = _several(map(text, models)), _several(map(text, floors))
    return ours if floor in ("", ours) else f"{ours}; floor {floor}".removeprefix("; ")


def _several(texts: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(text for text in texts if text))
