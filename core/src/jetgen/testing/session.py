"""A generator under test: trained once at its tiny preset, and shared by all checks."""

from __future__ import annotations

import importlib
import shutil
import sys
import tempfile
import time
import weakref
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property, reduce
from pathlib import Path
from typing import Any

import numpy as np

from jetgen.api.context import RunContext
from jetgen.api.loading import first_line, load_target
from jetgen.api.protocols import Generator
from jetgen.api.settings import Need, Settings, resolve
from jetgen.api.specs import GeneratorSpec
from jetgen.data.clouds import Clouds
from jetgen.data.conditions import Conditions
from jetgen.errors import UsageError
from jetgen.io.saved_model import save_model
from jetgen.registry import discover
from jetgen.testing.toy import Slices, Toy, answer_toy, jet_toy, table_toy
from jetgen.testing.verdict import CheckSkippedError, skip
from jetgen.testing.watching import Traces, watched

__all__ = ["MANY", "SEED", "CheckedGenerator", "Session", "Training", "find_checked", "label"]


@dataclass(frozen=True)
class CheckedGenerator:
    """The spec of a generator, and its entry point.

    Arguments:
        module: the module that the entry point imports; empty if it is not known.
        name: the name of the entry point; empty if there is none.
    """

    spec: GeneratorSpec
    module: str = ""
    name: str = ""


def find_checked(generator: str | GeneratorSpec) -> CheckedGenerator:
    """The entry of an installed generator, of an entry-point value ``"package.spec:SPEC"``, or of a spec.

    Raises:
        UsageError: if there is no generator of that name, or the object is not a spec.
        PluginError: if its plugin has an error.
    """
    if isinstance(generator, GeneratorSpec):
        return CheckedGenerator(generator, _module_of(generator))
    if ":" in generator:
        return CheckedGenerator(_load(generator), generator.partition(":")[0])
    plugin = discover().find("generators", generator)
    return CheckedGenerator(_load(plugin.value), plugin.value.partition(":")[0], plugin.name)


def label(generator: str | GeneratorSpec) -> str:
    """The name of the generator for the ids of tests; nothing is imported."""
    return generator.name if isinstance(generator, GeneratorSpec) else generator


def _load(value: str) -> GeneratorSpec:
    module, _, path = value.partition(":")
    try:
        found: Any = reduce(getattr, path.split("."), importlib.import_module(module))
    except (ImportError, AttributeError) as error:
        msg = f"there is no generator spec at {value} ({error})"
        raise UsageError(msg) from error
    if not isinstance(found, GeneratorSpec):
        msg = f"{value} is a {type(found).__name__}, not a GeneratorSpec"
        raise UsageError(msg)
    return found


def _module_of(spec: GeneratorSpec) -> str:
    """The loaded module of the generator's package that holds this spec object; empty if there is none."""
    package = spec.target.partition(":")[0].partition(".")[0]
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == package and any(value is spec for value in vars(module).values()):
            return name
    return ""


SEED = 1
"""The seed of the shared training and of the samples that are compared."""
MANY = 130
"""Clouds in a sample that is compared; no multiple of any usual batch size."""


@dataclass(frozen=True)
class Training:
    """A finished training.

    Arguments:
        model: the trained model.
        report: what ``fit`` returned.
        messages: what ``fit`` sent to ``ctx.report``.
        seconds: its wall time.
        traces: its side effects.
        changed_splits: the splits whose clouds ``fit`` changed in place.
    """

    model: Generator
    report: Any
    messages: tuple[Mapping[str, Any], ...]
    seconds: float
    traces: Traces
    changed_splits: tuple[str, ...]


class Session:
    """A generator under test, with the trainings that its checks share. Its scratch folders are removed with it.

    Arguments:
        generator: the name of an installed generator, an entry-point value such as ``"package.spec:SPEC"``, or a spec.
        toy: the clouds to learn; by default jets of up to 10 particles, for a generator of tables alone a table.
        preset: the preset of its settings.
        overrides: settings that replace those of the preset.

    Raises:
        UsageError: if there is no such generator.
        PluginError: if its plugin has an error.
    """

    def __init__(
        self,
        generator: str | GeneratorSpec,
        toy: Toy | None = None,
        preset: str = "tiny",
        overrides: Mapping[str, Any] | None = None,
    ) -> None:
        self.entry = find_checked(generator)
        self.spec = self.entry.spec
        usual: dict[tuple[str, ...], Callable[[], Toy]] = {("table",): table_toy, ("tracks",): answer_toy}
        self.toy = toy or usual.get(tuple(self.spec.kinds), jet_toy)()
        self.root = Path(tempfile.mkdtemp(prefix="jetgen-checks-")).resolve()
        weakref.finalize(self, shutil.rmtree, self.root, ignore_errors=True)
        self._preset = preset
        self._overrides = dict(overrides or {})

    @cached_property
    def settings_class(self) -> type[Settings]:
        """The settings class that the spec names."""
        cls: type[Settings] = load_target(self.spec.settings)
        return cls

    @cached_property
    def settings(self) -> Settings:
        """The settings of the preset, with the overrides."""
        layers = [("checks", self._overrides)] if self._overrides else []
        return resolve(self.settings_class, self.spec.name, self._preset, layers).settings

    @cached_property
    def generator_class(self) -> type[Generator]:
        """The class that the spec names."""
        cls: type[Generator] = load_target(self.spec.target)
        return cls

    def folder(self, name: str) -> Path:
        """A new empty folder, removed with the session."""
        return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.root))

    def watched(self, *allowed: Path) -> AbstractContextManager[Traces]:
        """Record the side effects of a ``with`` block; ``allowed`` are the folders that it may write to."""
        return watched(self.root, allowed)

    def request(self, n: int) -> Conditions:
        """A request for ``n`` clouds, with the conditioning of true ones where the toy has any."""
        return Conditions.like(self.truth(n))

    def truth(self, n: int) -> Clouds:
        """``n`` clouds of the test split, repeated if there are fewer."""
        return self.toy.test[np.arange(n) % len(self.toy.test)]

    def train(
        self,
        seed: int = SEED,
        out: Path | None = None,
        deadline: float | None = None,
        listener: Callable[[Mapping[str, Any]], None] | None = None,
    ) -> Training:
        """Train a new model. An error that the generator raises is not caught.

        Raises:
            CheckSkippedError: if the spec or the settings say that the generator cannot learn such clouds.
        """
        self._skip_if_incompatible()
        messages: list[Mapping[str, Any]] = []
        ctx = RunContext(
            seed, out=out, deadline=deadline, upstream=self._upstream, listener=listener or messages.append
        )
        model = self.generator_class.create(self.settings, self.toy.spec)
        splits = {"train": self.toy.train, "val": self.toy.val}
        before = {name: split.fingerprint() for name, split in splits.items()}
        started = time.perf_counter()
        with self.watched(*([out] if out is not None else [])) as traces:
            report: Any = model.fit(Slices(self.toy.train), Slices(self.toy.val), ctx)
        seconds = time.perf_counter() - started
        changed = tuple(name for name, split in splits.items() if split.fingerprint() != before[name])
        return Training(model, report, tuple(messages), seconds, traces, changed)

    @property
    def first(self) -> Training:
        """The shared training. An error that it raised is raised again at every access."""
        return _outcome(self._first)

    @property
    def model(self) -> Generator:
        """The model of the shared training; if that failed, the check is skipped."""
        return self._or_skip(self._first).model

    @property
    def second(self) -> Training:
        """Another training like the first, with the same seed and without an output folder."""
        return _outcome(self._second)

    @property
    def second_model(self) -> Generator:
        """The model of the second training; if that failed, the check is skipped."""
        return self._or_skip(self._second).model

    @cached_property
    def saved(self) -> Path:
        """The folder of the saved model; the output folder of its training is removed."""
        folder = self.folder("saved")
        self.model.save(folder)
        shutil.rmtree(self._out, ignore_errors=True)
        return folder

    def sample(self, model: Generator, n: int = MANY, seed: int = SEED) -> Clouds:
        """``n`` clouds of ``model``."""
        return model.sample(self.request(n), RunContext(seed))

    @cached_property
    def _out(self) -> Path:
        return self.folder("out")

    @cached_property
    def _first(self) -> Training | BaseException:
        return self._attempt(self._out)

    @cached_property
    def _second(self) -> Training | BaseException:
        return self._attempt(None)

    def _attempt(self, out: Path | None) -> Training | BaseException:
        """A training or its error; kept, so that a training that fails is not repeated for every check."""
        try:
            return self.train(out=out)
        except (Exception, SystemExit) as error:  # noqa: BLE001 (a plugin may raise anything; it is raised again)
            return error

    def _or_skip(self, attempt: Training | BaseException) -> Training:
        if isinstance(attempt, BaseException) and not isinstance(attempt, CheckSkippedError):
            skip(f"there is no model: its training failed ({first_line(attempt)})")
        return _outcome(attempt)

    def _skip_if_incompatible(self) -> None:
        kind = self.toy.spec.kind
        if kind not in self.spec.kinds:
            skip(f"it learns {' and '.join(self.spec.kinds)}, the toy holds {kind}: give a toy of that kind")
        reason = self.settings.incompatibility(self.toy.spec)
        if reason is not None:
            skip(f"its settings say that it cannot learn the toy: {reason}")

    @cached_property
    def _upstream(self) -> dict[str, Path]:
        return {role: self._needed(role, need) for role, need in self.settings.needs().items()}

    def _needed(self, role: str, need: Need) -> Path:
        """The saved model of another generator, trained on the same toy with the same seed."""
        other = Session(need.generator, self.toy, need.preset, need.overrides)
        folder = self.folder("upstream") / role
        card = {"generator": {"name": other.spec.name}, "cloud_spec": self.toy.spec.to_json()}
        save_model(other.first.model, folder, card)
        return folder


def _outcome(attempt: Training | BaseException) -> Training:
    if isinstance(attempt, BaseException):
        raise attempt
    return attempt
