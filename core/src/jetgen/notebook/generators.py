"""Generators and trained models by name, for notebooks and scripts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from jetgen.api.context import RunContext
from jetgen.api.protocols import CloudSource, FitReport, Generator
from jetgen.api.settings import Settings, resolve
from jetgen.api.specs import GeneratorSpec
from jetgen.data.clouds import Clouds
from jetgen.data.conditions import Conditions
from jetgen.data.shown import facts_html, in_words
from jetgen.data.spec import CloudSpec
from jetgen.errors import UsageError, did_you_mean
from jetgen.evaluation.progress import progress_bar
from jetgen.io.content import content_digest
from jetgen.io.saved_model import read_card, save_model
from jetgen.notebook.datasets import DatasetHandle
from jetgen.registry import discover, load_target
from jetgen.registry.plugin import Plugin
from jetgen.registry.saved_models import registered_generator, saved_settings
from jetgen.sampling.streamed import PART, SampleRequest, sample_to_file
from jetgen.system import usable_cores

__all__ = ["GeneratorHandle", "generator", "load"]

_FEWEST = 10
"""Training clouds of which a tenth can be held out."""


class GeneratorHandle:
    """A generator with its settings; :meth:`fit` it, then :meth:`sample`."""

    def __init__(
        self,
        plugin: Plugin,
        target: str,
        settings: Settings,
        model: Generator | None = None,
        card: Mapping[str, Any] | None = None,
    ) -> None:
        self.name = plugin.name
        self.settings = settings
        self._plugin = plugin
        self._target = target
        self._model = model
        self._card = dict(card or {})

    def __repr__(self) -> str:
        return f"{self._plugin.name} ({self._plugin.distribution} {self._plugin.version}), {self._trained_on()}"

    def _repr_html_(self) -> str:
        settings = {name: value for name, value in self.settings.model_dump().items() if value is not None}
        return facts_html(repr(self), settings)

    def _trained_on(self) -> str:
        """What it has learnt, in words."""
        if self._model is None:
            weights = getattr(self.settings, "weights", None)
            return "not trained" if weights is None else f"with the weights {weights}"
        return f"trained on {self._card.get('dataset', in_words(CloudSpec.from_json(self._card['cloud_spec'])))}"

    def fit(
        self,
        data: DatasetHandle | CloudSource,
        *,
        val: CloudSource | None = None,
        spec: CloudSpec | None = None,
        seed: int = 0,
        device: str = "cpu",
        threads: int | None = None,
        out: Path | None = None,
        upstream: Mapping[str, GeneratorHandle] | None = None,
        progress: bool | None = None,
    ) -> FitReport:
        """Train on the train split of ``data`` and validate on its val split, or on clouds of one's own.

        Arguments:
            data: a dataset, or training clouds.
            val: the validation clouds; by default the last tenth of the training clouds, which is then held out.
            spec: of clouds of one's own; by default that of the file that they are in.
            seed: of the initialisation and the training.
            device: such as ``"cpu"`` or ``"cuda:0"``.
            threads: of the CPU; by default all that the machine or its batch system grants.
            out: a folder for checkpoints; after an interrupt, the same call resumes from it.
            upstream: trained models that it works on top of, by role (:meth:`jetgen.Settings.needs`). One that it needs
                and that is not given is trained first.
            progress: True for a progress bar on standard error, False for none; by default on a terminal or in a
                notebook only.

        Raises:
            UsageError: if the generator cannot learn such clouds, or does not need a model that is given, or nothing
                says what the clouds are.
            PluginError: if the generator cannot be imported.
        """
        learnt = _training_data(data, val, spec)
        reason = self.settings.incompatibility(learnt.spec)
        if reason is not None:
            msg = f"{self.name} cannot learn {learnt.name}: {reason}"
            raise UsageError(msg)
        cls: Any = load_target(self._target)
        model: Generator = cls.create(self.settings, learnt.spec)
        cores = threads or usable_cores()
        with TemporaryDirectory() as folder, progress_bar(self.name, 1, show=progress) as bar:
            needed = self._needed(learnt, seed, device, upstream or {}, Path(folder))
            ctx = RunContext(seed=seed, device=device, threads=cores, out=out, upstream=needed, listener=bar)
            report = model.fit(learnt.train, learnt.val, ctx)
        self._model = model
        self._card = {"cloud_spec": learnt.spec.to_json(), "dataset": learnt.name, "seed": seed}
        return report

    def _needed(
        self, data: TrainingClouds, seed: int, device: str, given: Mapping[str, GeneratorHandle], folder: Path
    ) -> dict[str, Path]:
        """The folders of the models that the settings need, by role: those that are given, or else trained now."""
        needs = self.settings.needs()
        for role in given:
            if role not in needs:
                msg = f"{self.name} needs no model called {role!r}{did_you_mean(role, needs)}"
                raise UsageError(msg)
        for role, need in needs.items():
            model = given.get(role)
            if model is None:
                model = generator(need.generator, need.preset, **need.overrides)
                own = seed if need.seed is None else need.seed
                model.fit(data.train, val=data.val, spec=data.spec, seed=own, device=device)
            model.save(folder / role)
        return {role: folder / role for role in needs}

    def sample(self, n: int, *, seed: int = 0, conditions: Conditions | None = None, device: str = "cpu") -> Clouds:
        """``n`` new clouds, or ``conditions.n`` clouds for ``conditions``. The same seed gives the same clouds.

        Raises:
            UsageError: if there is no trained model.
        """
        request = Conditions(n) if conditions is None else conditions
        return self._trained().sample(request, RunContext(seed=seed, device=device, threads=usable_cores()))

    def sample_to(
        self,
        path: str | Path,
        n: int,
        *,
        seed: int = 0,
        like: CloudSource | None = None,
        layout: str | None = None,
        device: str = "cpu",
        part: int = PART,
        listener: Callable[[Mapping[str, Any]], None] | None = None,
    ) -> None:
        """``n`` new clouds into a file of any size; after an interrupt, the same call goes on.

        They are made in parts, each with seeds of its own, so they are others than those of :meth:`sample`.

        Arguments:
            path: ``.h5`` for the native layout, ``.npz``, or ``.parquet`` with a list in each cell.
            n: how many.
            seed: of all of them.
            like: clouds whose conditioning and true events are answered, again and again if there are fewer than ``n``.
            layout: ``native``, ``jetnet``, ``npz`` or ``parquet``, whatever the file is called.
            device: such as ``"cpu"`` or ``"cuda:0"``.
            part: clouds that are made at once.
            listener: is told of the progress.

        Raises:
            UsageError: if there is no trained model, or the format cannot hold such clouds.
            StorageError: if something cannot be written.
        """
        model = self._trained()
        request = SampleRequest(n, seed, None if like is None else like[0 : len(like)], part)
        told: dict[str, Any] = {} if listener is None else {"listener": listener}
        ctx = RunContext(seed=seed, device=device, threads=usable_cores(), **told)
        spec = CloudSpec.from_json(self._card["cloud_spec"])
        with TemporaryDirectory() as folder:
            self.save(Path(folder) / "model")
            identity = content_digest(Path(folder) / "model")
        sample_to_file(model, spec, request, Path(path), ctx, identity=identity, layout=layout)

    def save(self, folder: str | Path) -> None:
        """Write the trained model to ``folder``; :func:`jetgen.load` reads it.

        An empty folder is used, the folder of a saved model is replaced.

        Raises:
            UsageError: if there is no trained model, or if the folder holds anything else, which is left as it is.
            PluginError: if the generator saved a pickle.
            JetgenError: if the folder cannot be written.
        """
        described = {
            "name": self._plugin.name,
            "distribution": self._plugin.distribution,
            "version": self._plugin.version,
            "settings": self.settings.model_dump(mode="json"),
        }
        save_model(self._trained(), Path(folder), {**self._card, "generator": described})

    def _trained(self) -> Generator:
        if self._model is None:
            self._model = self._pretrained()
        if self._model is None:
            msg = f"{self.name} has not been trained: call fit first, or jetgen.load a saved model"
            raise UsageError(msg)
        return self._model

    def _pretrained(self) -> Generator | None:
        """The model with the weights that the settings name, if the generator has any (:class:`SupportsPretrained`)."""
        make: Any = getattr(load_target(self._target), "pretrained", None)
        found: Any = None if make is None else make(self.settings)
        if found is not None:
            self._card = {"cloud_spec": found.spec.to_json(), **self._card}
        made: Generator | None = found
        return made


@dataclass(frozen=True)
class TrainingClouds:
    """What a model learns from, and what that is called."""

    name: str
    spec: CloudSpec
    train: CloudSource
    val: CloudSource


def _training_data(
    data: DatasetHandle | CloudSource, val: CloudSource | None, spec: CloudSpec | None
) -> TrainingClouds:
    """The splits of a dataset, or clouds of one's own with their meaning.

    Raises:
        UsageError: if nothing says what the clouds are, or they are too few to hold some out.
    """
    if isinstance(data, DatasetHandle):
        return TrainingClouds(data.name, spec or data.spec, data.train, data.val if val is None else val)
    meaning = spec or getattr(data, "spec", None)
    if not isinstance(meaning, CloudSpec):
        msg = "nothing says what the columns of the training clouds mean; give spec=CloudSpec(...)"
        raise UsageError(msg)
    n = len(data)
    if val is None and n < _FEWEST:
        msg = f"{n} clouds are too few to hold some out for validation; give val=..., or {_FEWEST} or more"
        raise UsageError(msg)
    kept = n if val is not None else n - n // 10
    return TrainingClouds("clouds of one's own", meaning, data[0:kept], data[kept:n] if val is None else val)


def generator(name: str, preset: str | None = None, **settings: Any) -> GeneratorHandle:
    """The generator called ``name``, untrained, with a preset and further settings that replace those of the preset.

    Raises:
        UsageError: if there is no such generator, preset or setting.
        PluginError: if its plugin has an error.
    """
    plugin = discover().find("generators", name)
    spec = plugin.spec
    if not isinstance(spec, GeneratorSpec):
        msg = f"{name} is not a generator"
        raise UsageError(msg)
    cls: Any = load_target(spec.settings)
    resolved = resolve(cls, plugin.name, preset, [("arguments", settings)] if settings else [])
    return GeneratorHandle(plugin, spec.target, resolved.settings)


def load(folder: str | Path, device: str = "cpu") -> GeneratorHandle:
    """The trained model in ``folder``: saved by :meth:`GeneratorHandle.save`, or ``RUN/cells/ID/model`` of a run.

    Raises:
        DataError: if the folder has no valid card, or its settings are not those of the installed generator.
        PluginError: if the generator that the card names is not installed or cannot be imported.
    """
    folder = Path(folder)
    card = read_card(folder)
    plugin, spec = registered_generator(card, folder)
    settings = saved_settings(card, spec, folder)
    cls: Any = load_target(spec.target)
    return GeneratorHandle(plugin, spec.target, settings, cls.load(folder, device), card)
