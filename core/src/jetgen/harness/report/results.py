"""All rows of a run as one table, ``results.parquet``: compiled from the rows, rebuilt at will."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from pydantic_core import to_json

from jetgen.harness.report.leaderboard import markdown
from jetgen.harness.store.row import Row
from jetgen.io.atomic import atomic_path, write_text

__all__ = ["records", "write_csv", "write_results"]


_FACTS = ("unit", "direction", "ranked", "smallest_n")
"""What a table says of the metric behind a score."""


def records(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """One record for each score, and one for each row without any; identity, outcome and cost are in all of them."""
    found = []
    for row in rows:
        cost = row.cost.model_dump(exclude={"peak_bytes", "seconds", "microseconds_by_batch"})
        cost |= {f"microseconds_batch_{n}": value for n, value in row.cost.microseconds_by_batch.items()}
        common = row.model_dump(
            include={"id", "kind", "status", "phase", "error_type", "error", "generator", "shown_as"}
        )
        common |= row.model_dump(
            include={"distribution", "version", "preset", "baseline", "dataset", "size", "data", "seed"}
        )
        common |= {"n_effective": row.counts.get("n_effective"), **cost}
        for name, score in row.scores.items():
            facts = {fact: getattr(row.spec_of(name), fact) for fact in _FACTS}
            values = score.model_dump(exclude={"values"})
            more = {"metric_version": row.version_of(name), "draws": len(score.values)}
            found.append({**common, "score": name, **values, **facts, **more})
        if not row.scores:
            found.append(common)
    return found


def write_results(run: Path, rows: Sequence[Row], notes: Sequence[str] = ()) -> None:
    """Write ``RUN/results.parquet`` and ``RUN/leaderboard.md``, each whole or not at all.

    Arguments:
        notes: sentences that stand below the leaderboard.
    """
    with atomic_path(run / "results.parquet") as aside:
        _write_parquet(records(rows), aside)
    write_text(run / "leaderboard.md", "\n".join([markdown(rows), *(f"- {note}\n" for note in notes)]))


def write_csv(table: Sequence[Mapping[str, Any]], file: TextIO) -> None:
    """The records as CSV, with a column for each name that any of them has."""
    names = list(dict.fromkeys(name for record in table for name in record))
    writer = csv.DictWriter(file, names)
    writer.writeheader()
    writer.writerows(table)


def _write_parquet(table: Sequence[Mapping[str, Any]], path: Path) -> None:
    """The records as a Parquet file; by way of JSON, since pyarrow imports pandas to look at Python lists."""
    import pyarrow as pa
    from pyarrow import json as pyarrow_json
    from pyarrow import parquet

    lines, names, texts = [], dict[str, None](), set[str]()
    for record in table:
        lines.append(to_json(record) + b"\n")
        names |= dict.fromkeys(record)
        texts |= {name for name in record.keys() - texts if isinstance(record[name], str)}
    # Without its type a text that looks like a date would become one.
    schema = pa.schema([(name, pa.string()) for name in names if name in texts])
    read = pyarrow_json.ReadOptions(use_threads=False, block_size=max([1 << 20, *map(len, lines)]))
    parsed = pyarrow_json.ParseOptions(explicit_schema=schema)
    made = pyarrow_json.read_json(io.BytesIO(b"".join(lines)), read, parsed) if lines else pa.table({})
    with path.open("wb") as file:  # a name with a colon would be taken for the address of a file system
        parquet.write_table(made.select(list(names)), file)
