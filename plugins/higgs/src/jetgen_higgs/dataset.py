"""The dataset class: signal, background or both, of the published file or of the excerpt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, Self, get_args

from jetgen.api.context import RunContext
from jetgen.api.protocols import Split
from jetgen.data.spec import CloudSpec
from jetgen.errors import DataError, UsageError, did_you_mean

from jetgen_higgs.columns import FEATURES, cloud_spec
from jetgen_higgs.files import DOI, PUBLISHED, remedy
from jetgen_higgs.rows import Rows, number_of_rows, rows_with
from jetgen_higgs.source import Source
from jetgen_higgs.specs import EXCERPT, SIZES

__all__ = ["HiggsEvents"]

_LABELS: Mapping[str, int | None] = {"both": None, "signal": 1, "background": 0}
_TEST, _VAL = 500_000, 200_000  # the last rows of the published file, and those before them
_MOST_TEST, _MOST_VAL = 2, 5  # at most half, and a fifth, of a shorter file
_TRAIN_FILE, _TEST_FILE = "train_10k.csv", "test_5k.csv"  # of the excerpt


class HiggsEvents:
    """Simulated collisions, each a table row of 18 observables: a heavy Higgs boson, or its background of top pairs.

    A file with the names, but not the size of the published one may stand in for it: its checksum is then part of the
    recipe. If it has less than a million rows, its last half is the test set, and the fifth before that the val set.

    Arguments:
        size: a size of :data:`jetgen_higgs.specs.SIZES`.
        events: ``signal``, ``background`` or ``both``, which has the label as conditioning.

    Raises:
        UsageError: if there is no such size or label.

    >>> HiggsEvents.create("small", events="both").spec.conditioning_names
    ('signal',)
    """

    def __init__(self, size: str = "small", *, events: str = "both") -> None:
        _known("events", events, SIZES)
        _known("size", size, SIZES[events])
        self._size, self._events = size, events
        self._counts = dict(zip(get_args(Split), SIZES[events][size], strict=True))

    @classmethod
    def create(cls, size: str, **options: Any) -> Self:
        """A dataset of one of the sizes; nothing is read or fetched yet."""
        return cls(size, **options)

    @property
    def spec(self) -> CloudSpec:
        """18 observables; of both labels the label as conditioning."""
        return cloud_spec(labelled=_LABELS[self._events] is None)

    def recipe(self) -> Mapping[str, Any]:
        """The published file, its split and how much of it is taken; of other files their checksums, too.

        Raises:
            DataError: if a file cannot be read.
        """
        known = {
            "doi": DOI,
            "events": self._events,
            "features": [feature.name for feature in FEATURES],
            "split": "excerpt" if self._size == EXCERPT else f"the last {_TEST} rows test, {_VAL} before them val",
            **self._counts,
        }
        digests = {split: source.digest for split, source in self._sources.items() if source.digest is not None}
        return {**known, "sha256": digests} if digests else known

    def prepare(self, ctx: RunContext) -> None:
        """Read each file into the cache, once; the published one is downloaded if it is nowhere.

        Raises:
            DataError: if a file is missing, damaged, too short or of another layout.
            JetgenError: if the published file can neither be found nor downloaded.
        """
        for split, source in self._sources.items():
            source.prepare(ctx)
            self.load(split)

    def load(self, split: Split) -> Rows:
        """The events of one split, in the order of the file.

        Raises:
            UsageError: if there is no such split.
            DataError: if they were not prepared, or the file has too few.
        """
        _known("split", split, self._counts)
        source, label = self._sources[split], _LABELS[self._events]
        store = source.opened()
        rows, n = rows_with(store, *self._range(split, number_of_rows(store)), label), self._counts[split]
        if len(rows) < n:
            what = "events" if label is None else f"{self._events} events"
            msg = (
                f"{source} has {len(rows):,} {what} for {split}, size {self._size} needs {n:,}; "
                f"choose a smaller size, or {remedy()}"
            )
            raise DataError(msg)
        return Rows(store, rows[:n], labelled=label is None)

    def _range(self, split: Split, total: int) -> tuple[int, int]:
        """The first row of a split in its file of ``total`` rows, and the row after its last one."""
        if self._size == EXCERPT:
            train, val, test = SIZES["both"][EXCERPT]
            first, last = {"train": (0, train), "val": (train, train + val), "test": (0, test)}[split]
            return min(first, total), min(last, total)
        test, val = min(_TEST, total // _MOST_TEST), min(_VAL, total // _MOST_VAL)
        cuts = (0, total - test - val, total - test, total)
        i = get_args(Split).index(split)
        return cuts[i], cuts[i + 1]

    @cached_property
    def _sources(self) -> dict[Split, Source]:
        """The file of each split."""
        if self._size == EXCERPT:
            train, test = Source(_TRAIN_FILE), Source(_TEST_FILE)
            return {"train": train, "val": train, "test": test}
        return dict.fromkeys(get_args(Split), Source(*PUBLISHED))


def _known(what: str, name: str, known: Iterable[str]) -> None:
    names = list(known)
    if name not in names:
        msg = f"the HIGGS datasets have no {what} {name!r}{did_you_mean(name, names)}; use {', '.join(names)}"
        raise UsageError(msg)
