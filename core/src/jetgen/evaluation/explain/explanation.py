"""What a classifier test sees in generated clouds, as numbers."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from jetgen.evaluation.explain.contrasts import Contrast
from jetgen.metrics.c2st.verdict import Score
from jetgen.metrics.c2st.weights import CalibrationBin, WeightSummary
from jetgen.metrics.observables.catalogue import Observable

__all__ = ["Explanation", "Finding", "Judge", "Sides"]


@dataclass(frozen=True)
class Sides:
    """Arrays with an entry for each true and for each generated cloud."""

    true: NDArray[Any]
    generated: NDArray[Any]


@dataclass(frozen=True)
class Judge:
    """The classifier test.

    Arguments:
        name: of the metric, such as ``c2st_fast``.
        auc: of the classifier of sets.
        high_level: of the classifier of high-level features; None if the clouds have none.
        n: the number of clouds of each class that it reports on.
    """

    name: str
    auc: Score
    high_level: Score | None
    n: int


@dataclass(frozen=True)
class Finding:
    """What one observable shows.

    Arguments:
        observable: its name, title, unit and family.
        alone: the AUC of the best classifier of it alone.
        made: generated against true clouds.
        invented: among generated clouds the tenth with the smallest weights, which the judge holds for invented,
            against the others. Clouds of equal weight stay together, so it may be more than a tenth; None if it were
            more than half.
        uncovered: among true clouds the tenth with the largest weights, which the model hardly makes, against the
            others; None likewise.
    """

    observable: Observable
    alone: Score
    made: Contrast
    invented: Contrast | None
    uncovered: Contrast | None


@dataclass(frozen=True)
class Explanation:
    """What a classifier test sees, by :func:`jetgen.explain`; ``str`` of it is what it says in words.

    Arguments:
        kind: of the clouds.
        judge: the classifier test.
        true, generated: the weights w = D / (1 - D) of the clouds of either class that the judge reports on.
        calibration: the calibration curve of the judge.
        findings: the observables, that with the largest AUC alone first.
        weights: the weights themselves.
        given: the weights that the generated clouds came with; None if all counted alike.
        reported: those of the generated clouds that the judge reports on.
        values: by name of the observable, its values in all clouds.
    """

    kind: str
    judge: Judge
    true: WeightSummary
    generated: WeightSummary
    calibration: tuple[CalibrationBin, ...]
    findings: tuple[Finding, ...]
    weights: Sides = field(repr=False)
    given: NDArray[Any] | None = field(repr=False)
    reported: NDArray[Any] | None = field(repr=False)
    values: Mapping[str, Sides] = field(repr=False)

    def __str__(self) -> str:
        from jetgen.evaluation.explain.words import sentences

        return "\n".join(sentences(self))

    def to_json(self) -> dict[str, Any]:
        """A JSON object with every number, but for those of single clouds."""
        kept = {one.name: getattr(self, one.name) for one in dataclasses.fields(self)}
        for name in ("weights", "given", "reported", "values"):
            del kept[name]
        return {name: _plain(value) for name, value in kept.items()}

    def draw(self, folder: str | Path) -> list[Path]:
        """Draw ``weights.png``, ``calibration.png`` and ``strongest.png`` into a folder, and return their paths.

        Raises:
            UsageError: if matplotlib or mplhep is not installed.
            StorageError: if a figure cannot be written.
        """
        from jetgen.evaluation.explain.figures import draw

        return draw(self, Path(folder))


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return [_plain(one) for one in value] if isinstance(value, tuple) else value
