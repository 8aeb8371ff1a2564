"""The results in Markdown."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from planted.faults import FAULTS
from planted.study import CLOSURE, OPTIMUM, Results

__all__ = ["closure_table", "power_table"]


def power_table(results: Results) -> str:
    """One row for each fault: the optimal area, and the power of each judge with its area, means over the replicas."""
    names = _names(results, list(FAULTS))
    lines = [_row(["fault", "optimal AUC", *(f"`{name}`" for name in names)]), "|---|---:" + "|---:" * len(names) + "|"]
    for fault in FAULTS:
        best = results.get(f"{fault}/{OPTIMUM}/0")
        if best is not None:
            found = [_of(results, fault, name) for name in names]
            cells = [f"{_mean(one, 'power', 'power_stderr', 2)} ({_area(one):.3f})" if one else "" for one in found]
            lines.append(_row([fault, _pm(best["area"], best["stderr"]), *cells]))
    return "\n".join(lines)


def _area(found: Sequence[dict[str, float]]) -> float:
    return float(np.mean([one["area"] for one in found]))


def closure_table(results: Results) -> str:
    """One row for each value of each judge: mean and spread of the areas, beside the error that it states."""
    lines = [_row(["closure", "seeds", "mean AUC", "spread", "stated error"]), "|---|---:|---:|---:|---:|"]
    for name in _names(results, [CLOSURE]):
        found = _of(results, CLOSURE, name)
        areas, stated = [one["area"] for one in found], float(np.mean([one["stderr"] for one in found]))
        spread = float(np.std(areas, ddof=1)) if len(areas) > 1 else stated
        mean = _pm(float(np.mean(areas)), spread / len(areas) ** 0.5)
        cells = [f"`{name}`", str(len(areas)), mean, f"{spread:.4f}" if len(areas) > 1 else "", f"{stated:.4f}"]
        lines.append(_row(cells))
    return "\n".join(lines)


def _names(results: Results, faults: Sequence[str]) -> list[str]:
    """Every value of every judge of these faults, in the order in which they were found."""
    tasks = [(task.split("/"), document) for task, document in results.items()]
    found = [document for (fault, judge, _), document in tasks if fault in faults and judge != OPTIMUM]
    return list(dict.fromkeys(name for document in found for name in document))


def _of(results: Results, fault: str, name: str) -> list[dict[str, float]]:
    return [document[name] for task, document in results.items() if task.startswith(f"{fault}/") and name in document]


def _mean(found: Sequence[dict[str, float]], value: str, stderr: str, digits: int) -> str:
    error = sum(one[stderr] ** 2 for one in found) ** 0.5 / len(found)
    return _pm(float(np.mean([one[value] for one in found])), error, digits)


def _pm(value: float, error: float, digits: int = 4) -> str:
    return f"{value:.{digits}f} ± {error:.{digits}f}"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
