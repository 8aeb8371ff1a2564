"""What tests of runs share: a run as a user starts it, and what it leaves behind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

DATA = "kind-jets@tiny"


def arguments(
    run: Path,
    *generators: str,
    metrics: tuple[str, ...] = ("w1mult",),
    references: bool = False,
    more: tuple[str, ...] = (),
) -> list[str]:
    """A run of some generators on small jets, with few draws; without baselines and report it is quicker."""
    named = [word for name in generators for word in ("-g", name)]
    judged = [word for name in metrics for word in ("-m", name)]
    left_out = [] if references else ["--no-plugin", "replay", "--no-plugin", "independence"]
    size = ["-d", DATA, "--preset", "tiny", "--draws", "2"]
    return ["run", *named, *judged, *left_out, *size, "--no-report", "--out", str(run), *more]


def rows(run: Path) -> dict[str, dict[str, Any]]:
    """The rows of a run by the name of the generator; the floor is ``floor``."""
    found = [json.loads(path.read_text()) for path in sorted(run.glob("cells/*/row.json"))]
    return {row["generator"] or "floor": row for row in found}


def cell(run: Path, generator: str) -> Path:
    """The folder of the first cell of a generator."""
    return next(iter(sorted(run.glob(f"cells/{generator}.*"))))


def stage_times(run: Path) -> dict[str, int]:
    """When each stage of each cell was recorded, to see what was done again."""
    paths = sorted(run.glob("cells/*/stages/*.json"))
    return {str(path.relative_to(run)): path.stat().st_mtime_ns for path in paths if ".begun." not in path.name}
