"""Jets: fresh training sets of a simulator, trainings that are kept in a folder, and the bins and regions of the truth.

The train stream of a dataset is cut into sets of n_train jets without a common jet, one for each training. The last
fifth of a set chooses the best weights, so these jets count as training jets. All other jets of the dataset (what is
left of the train stream, val and test) are the truth.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

import jetgen
import numpy as np
from jetgen.api.protocols import Split
from jetgen.data.jets import has_relative, relative_mass
from jetgen.errors import DataError, UsageError
from jetgen.io.atomic import atomic_path, make_folder, write_json
from jetgen.metrics.observables.substructure import substructure
from jetgen.notebook import DatasetHandle
from numpy.typing import NDArray

from amplifying.bins import Bins
from amplifying.formula import Masses, Target, amplification

__all__ = ["BINS", "COLUMNS", "DATA", "REGIONS", "Study", "measured", "observables"]

_Array = NDArray[np.float64]

COLUMNS = ("mass", "tau21", "tau32", "d2")
"""The observables of a jet that are kept."""

BINS = ("mass", "tau32", "d2", "mass d2", "mass tau32 d2")
"""What is cut into bins, one to three observables at once."""

REGIONS = ("all", "bulk", "mass tail", "D2 tail")
"""The tails are the heaviest and the largest D2 of 5 % of the true jets; the bulk is in neither."""

DATA = "training jets"
"""The training sets themselves, as if they were the limit of a generator: their G is 1, whatever the bins."""

_TAIL = 0.95
_SELECTION = 0.2


@dataclass(frozen=True)
class Study:
    """What is trained on what, and the folder that belongs to it.

    Arguments:
        folder: for observables and facts.
        dataset: such as ``pythia-top30@medium``.
        n_train: jets of a training.
        n_gen: jets that each generates.
        sets: the number of training sets.
    """

    folder: Path
    dataset: str
    n_train: int
    n_gen: int
    sets: int

    def claim(self) -> None:
        """Write down in the folder whose it is.

        Raises:
            UsageError: if it is that of another study, or if the dataset does not suit.
        """
        spec = self._data.spec
        if not has_relative(spec) or spec.conditioning:
            msg = f"{self.dataset} does not suit: bins are in mass and substructure of jets without conditioning"
            raise UsageError(msg)
        about = {"dataset": self.dataset, "n_train": self.n_train, "n_gen": self.n_gen, "sets": self.sets}
        _claimed(self.folder / "study.json", about)

    def training_set(self, number: int) -> jetgen.Clouds:
        """The jets of one training.

        Raises:
            UsageError: if the dataset has too few.
        """
        source = self._data.train
        if self.sets * self.n_train > len(source):
            most = len(source) // self.n_train
            msg = f"{self.dataset} has jets for {most} sets of {self.n_train}, not for {self.sets}; take fewer"
            raise UsageError(msg)
        return source[number * self.n_train : (number + 1) * self.n_train]

    def truth(self) -> _Array:
        """The observables of the jets that are in no training set."""

        def jets() -> jetgen.Clouds:
            rest = self._data.train[self.sets * self.n_train :]
            return jetgen.Clouds.concatenate([rest, self._data.val[:], self._data.test[:]])

        return self._kept("truth", jets)

    def found(self) -> dict[str, list[_Array]]:
        """The observables of the training sets, and of what each model generated, by the name of the model."""
        data = [self._kept(f"training-jets-{i}", partial(self.training_set, i)) for i in range(self.sets)]
        made = {}
        for home in sorted(path.parent for path in self.folder.glob("*/model.json")):
            made[home.name] = [np.load(path).astype(np.float64) for path in sorted(home.glob("training-*.npy"))]
        return {DATA: data, **made}

    def train(self, model: str, preset: str, settings: Mapping[str, Any], number: int) -> bool:
        """Train on one set, generate, and keep the observables. False if they are there already.

        Raises:
            UsageError: if the folder has trainings of this model with other settings.
        """
        handle, home = jetgen.generator(model, preset, **settings), self.folder / model
        _claimed(home / "model.json", {"preset": preset, **handle.settings.model_dump(mode="json")})
        if (home / f"training-{number}.npy").exists():
            return False
        jets, started = self.training_set(number), time.perf_counter()
        report = handle.fit(DatasetHandle(f"training set {number}", _Set(self._data.spec, jets)), seed=number)
        trained = time.perf_counter()
        generated = handle.sample(self.n_gen, seed=number)
        seconds = {"training": trained - started, "sampling": time.perf_counter() - trained}
        self._kept(f"{model}/training-{number}", lambda: generated)
        write_json(home / f"training-{number}.json", {"steps": report.steps, "seconds": seconds})
        return True

    @property
    def _data(self) -> DatasetHandle:
        return jetgen.dataset(self.dataset)

    def _kept(self, name: str, jets: Callable[[], jetgen.Clouds]) -> _Array:
        """The observables of jets (N, columns), computed once."""
        path = self.folder / f"{name}.npy"
        if not path.exists():
            values = observables(jets(), self._data.spec)
            with atomic_path(path) as aside, aside.open("wb") as file:
                np.save(file, values)
        kept: _Array = np.load(path).astype(np.float64)
        return kept


@dataclass(frozen=True)
class _Set:
    """A training set as a dataset; nothing is tested on it."""

    spec: jetgen.CloudSpec
    jets: jetgen.Clouds

    @classmethod
    def create(cls, size: str, **options: Any) -> Self:
        """Refused: it is cut from another dataset.

        Raises:
            UsageError: always.
        """
        del options
        msg = f"a training set has no size {size!r}: it is cut from a dataset that has"
        raise UsageError(msg)

    def recipe(self) -> Mapping[str, Any]:
        """Nothing is kept that would need it."""
        return {}

    def prepare(self, ctx: jetgen.RunContext) -> None:
        """The jets are there."""

    def load(self, split: Split) -> jetgen.Clouds:
        """The first jets to learn from, the last fifth to select by."""
        learned = round(len(self.jets) * (1.0 - _SELECTION))
        return self.jets[:learned] if split == "train" else self.jets[learned:]


def observables(jets: jetgen.Clouds, spec: jetgen.CloudSpec) -> NDArray[np.float32]:
    """The columns :data:`COLUMNS` (N, 4)."""
    return np.column_stack([relative_mass(jets, spec), substructure(jets, spec)]).astype(np.float32)


def measured(study: Study, numbers: Sequence[int], seed: int) -> list[dict[str, Any]]:
    """G of every model and of the training jets, for each region, each choice of observables and each Q: JSON rows.

    A model with a single training has none.
    """
    truth, found = study.truth(), study.found()
    rows = []
    for region, inside in _regions(truth).items():
        there = truth[inside(truth)]
        samples = {model: [one[inside(one)] for one in each] for model, each in found.items() if len(each) > 1}
        for names, number, (model, each) in itertools.product(BINS, numbers, samples.items()):
            columns = [COLUMNS.index(name) for name in names.split()]
            about = {"model": model, "region": region, "bins": names, "Q": number}
            try:
                bins = Bins.equal(there[:, columns], number)
                target = Target.counted(bins.counts(there[:, columns]), len(truth))
                masses = Masses.counted([bins.counts(one[:, columns]) for one in each])
                limit = Masses.exact(masses.values) if model == DATA else masses
                g = amplification(limit, target, study.n_train, np.random.default_rng(seed))
            except DataError as error:
                nothing = {"G": None, "low": None, "high": None, "mse": None, "trainings": len(each)}
                rows.append({**about, **nothing, "text": "too few", "reason": str(error)})
            else:
                rows.append({**about, **g.to_json(), "text": str(g)})
    return rows


def _regions(truth: _Array) -> dict[str, Callable[[_Array], NDArray[np.bool_]]]:
    """For each of :data:`REGIONS`, which jets lie in it."""
    mass, d2 = COLUMNS.index("mass"), COLUMNS.index("d2")
    heavy, large = np.quantile(truth[:, [mass, d2]], _TAIL, axis=0)
    tests: list[Callable[[_Array], NDArray[np.bool_]]] = [
        lambda jets: np.ones(len(jets), bool),
        lambda jets: (jets[:, mass] < heavy) & (jets[:, d2] < large),
        lambda jets: jets[:, mass] >= heavy,
        lambda jets: jets[:, d2] >= large,
    ]
    return dict(zip(REGIONS, tests, strict=True))


def _claimed(path: Path, about: Mapping[str, Any]) -> None:
    """Write down what a folder holds.

    Raises:
        UsageError: if it holds something else.
    """
    if path.exists():
        there = json.loads(path.read_text(encoding="utf-8"))
        differing = sorted(name for name in {*there, *about} if there.get(name) != about.get(name))
        if differing:
            msg = f"{path.parent} was made with other {', '.join(differing)}; choose another folder with --out"
            raise UsageError(msg)
    make_folder(path.parent)
    write_json(path, about)
