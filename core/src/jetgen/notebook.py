"""Handles for a notebook: a dataset, a generator and a trained model by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from jetgen.api.context import RunContext
from jetgen.api.protocols import CloudSource, Dataset, FitReport, Generator
from jetgen.api.settings import Settings, resolve
from jetgen.api.specs import GeneratorSpec
from jetgen.data.clouds import Clouds
from jetgen.data.conditions import Conditions
from jetgen.data.spec import CloudSpec
from jetgen.datasets.naming import find_dataset, open_dataset
from jetgen.errors import DataError, UsageError
from jetgen.io.saved_model import load_model, read_card, save_model
from jetgen.registry import discover, load_target
from jetgen.system import usable_cores

__all__ = ["DatasetHandle", "GeneratorHandle", "dataset", "generator", "load"]


class DatasetHandle:
    """A dataset that makes or fetches its clouds when they are first asked for."""

    def __init__(self, name: str, made: Dataset) -> None:
        self.name = name
        self._made = made

    @property
    def spec(self) -> CloudSpec:
        """What its arrays mean."""
        return self._made.spec

    @cached_property
    def _prepared(self) -> Dataset:
        self._made.prepare(RunContext())
        return self._made

    @property
    def train(self) -> CloudSource:
        """The clouds to fit on."""
        return self._prepared.load("train")

    @property
    def val(self) -> CloudSource:
        """The clouds to choose on."""
        return self._prepared.load("val")

    @property
    def test(self) -> CloudSource:
        """The clouds to score on."""
        return self._prepared.load("test")


class GeneratorHandle:
    """A generator with its settings; :meth:`fit` it, then :meth:`sample`."""

    def __init__(
        self,
        name: str,
        target: str,
        settings: Settings,
        model: Generator | None = None,
        card: Mapping[str, Any] | None = None,
    ) -> None:
        self.name = name
        self.settings = settings
        self._target = target
        self._model = model
        self._card = dict(card or {})

    def fit(self, data: DatasetHandle, *, seed: int = 0, device: str = "cpu", out: Path | None = None) -> FitReport:
        """Train on the train split of ``data`` and choose on its val split.

        Arguments:
            out: a folder for checkpoints; with it, the same call goes on after an interrupt.
        """
        reason = self.settings.incompatibility(data.spec)
        if reason is not None:
            msg = f"{self.name} cannot learn {data.name}: {reason}"
            raise UsageError(msg)
        cls: Any = load_target(self._target)
        model: Generator = cls.create(self.settings, data.spec)
        report = model.fit(data.train, data.val, RunContext(seed=seed, device=device, threads=usable_cores(), out=out))
        self._model = model
        self._card = {"cloud_spec": data.spec.to_json(), "dataset": data.name, "seed": seed}
        return report

    def sample(self, n: int, *, seed: int = 0, conditions: Conditions | None = None, device: str = "cpu") -> Clouds:
        """``n`` new clouds, or the answer to ``conditions``; the same seed gives the same clouds."""
        request = Conditions(n) if conditions is None else conditions
        return self._trained().sample(request, RunContext(seed=seed, device=device, threads=usable_cores()))

    def save(self, folder: str | Path) -> None:
        """Write the trained model to ``folder``, which is replaced; :func:`jetgen.load` reads it."""
        cls = type(self.settings)
        described = {
            "name": self.name,
            "settings": self.settings.model_dump(mode="json"),
            "settings_target": f"{cls.__module__}:{cls.__qualname__}",
        }
        save_model(self._trained(), Path(folder), {**self._card, "target": self._target, "generator": described})

    def _trained(self) -> Generator:
        if self._model is None:
            self._model = self._pretrained()
        if self._model is None:
            msg = f"{self.name} has not been trained: call fit first, or jetgen.load a saved model"
            raise UsageError(msg)
        return self._model

    def _pretrained(self) -> Generator | None:
        """The model whose weights the settings name, of a generator that has such (:class:`SupportsPretrained`)."""
        make: Any = getattr(load_target(self._target), "pretrained", None)
        found: Any = None if make is None else make(self.settings)
        if found is not None:
            self._card = {"cloud_spec": found.spec.to_json(), **self._card}
        made: Generator | None = found
        return made


def dataset(name: str, features: Sequence[str] | None = None) -> DatasetHandle:
    """The dataset called ``name`` or ``name@size``, such as ``"pythia-top30@small"``, or the one in a file.

    Arguments:
        features: the features to read of a file, in this order; needed if it does not name its columns.
    """
    found = find_dataset(discover(), name, features)
    return DatasetHandle(found.label, open_dataset(found))


def generator(name: str, preset: str | None = None, **settings: Any) -> GeneratorHandle:
    """The generator called ``name`` with a preset and further settings above it, not yet trained."""
    plugin = discover().find("generators", name)
    spec = plugin.spec
    if not isinstance(spec, GeneratorSpec):
        msg = f"{name} is not a generator"
        raise UsageError(msg)
    cls: Any = load_target(spec.settings)
    resolved = resolve(cls, plugin.name, preset, [("arguments", settings)] if settings else [])
    return GeneratorHandle(plugin.name, spec.target, resolved.settings)


def load(folder: str | Path, device: str = "cpu") -> GeneratorHandle:
    """The trained model in ``folder``: one that was saved by a handle, or ``RUN/cells/ID/model`` of a run."""
    card = read_card(Path(folder))
    try:
        described = card["generator"]
        cls: Any = load_target(described["settings_target"])
        name, settings = str(described["name"]), cls.model_validate(described["settings"])
    except (KeyError, TypeError, ValueError) as error:
        msg = (
            f"the card of the model in {folder} does not say which generator it is, or with other settings than today's"
        )
        raise DataError(msg) from error
    return GeneratorHandle(name, card["target"], settings, load_model(Path(folder), device), card)
