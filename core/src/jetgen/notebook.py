"""Datasets, generators and trained models by name, for notebooks and scripts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from jetgen.api.context import RunContext
from jetgen.api.protocols import CloudSource, Dataset, FitReport, Generator
from jetgen.api.settings import Settings, resolve
from jetgen.api.specs import GeneratorSpec
from jetgen.data.clouds import Clouds
from jetgen.data.conditions import Conditions
from jetgen.data.spec import CloudSpec
from jetgen.datasets.naming import find_dataset, open_dataset
from jetgen.datasets.preparing import prepare
from jetgen.errors import UsageError, did_you_mean
from jetgen.io.content import content_digest
from jetgen.io.saved_model import read_card, save_model
from jetgen.registry import discover, load_target
from jetgen.registry.plugin import Plugin
from jetgen.registry.saved_models import registered_generator, saved_settings
from jetgen.sampling.streamed import PART, SampleRequest, sample_to_file
from jetgen.system import usable_cores

__all__ = ["DatasetHandle", "GeneratorHandle", "dataset", "generator", "load"]


class DatasetHandle:
    """A dataset. Its clouds are simulated or downloaded at the first access.

    The splits raise :class:`jetgen.errors.DataError` if the clouds cannot be had or are damaged.
    """

    def __init__(self, name: str, made: Dataset) -> None:
        self.name = name
        self._made = made

    @property
    def spec(self) -> CloudSpec:
        """The spec of its clouds."""
        return self._made.spec

    @cached_property
    def _prepared(self) -> Dataset:
        prepare(self._made, self.name, RunContext())
        return self._made

    @property
    def train(self) -> CloudSource:
        """The clouds to train on."""
        return self._prepared.load("train")

    @property
    def val(self) -> CloudSource:
        """The clouds to validate on."""
        return self._prepared.load("val")

    @property
    def test(self) -> CloudSource:
        """The clouds to evaluate on."""
        return self._prepared.load("test")


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

    def fit(
        self,
        data: DatasetHandle,
        *,
        seed: int = 0,
        device: str = "cpu",
        out: Path | None = None,
        upstream: Mapping[str, GeneratorHandle] | None = None,
    ) -> FitReport:
        """Train on the train split of ``data`` and validate on its val split.

        Arguments:
            data: the dataset.
            seed: of the initialisation and the training.
            device: such as ``"cpu"`` or ``"cuda:0"``.
            out: a folder for checkpoints; after an interrupt, the same call resumes from it.
            upstream: trained models that it works on top of, by role (:meth:`jetgen.Settings.needs`). One that it needs
                and that is not given is trained first.

        Raises:
            UsageError: if the generator cannot learn such clouds, or does not need a model that is given.
            PluginError: if the generator cannot be imported.
        """
        reason = self.settings.incompatibility(data.spec)
        if reason is not None:
            msg = f"{self.name} cannot learn {data.name}: {reason}"
            raise UsageError(msg)
        cls: Any = load_target(self._target)
        model: Generator = cls.create(self.settings, data.spec)
        with TemporaryDirectory() as folder:
            needed = self._needed(data, seed, device, upstream or {}, Path(folder))
            ctx = RunContext(seed=seed, device=device, threads=usable_cores(), out=out, upstream=needed)
            report = model.fit(data.train, data.val, ctx)
        self._model = model
        self._card = {"cloud_spec": data.spec.to_json(), "dataset": data.name, "seed": seed}
        return report

    def _needed(
        self, data: DatasetHandle, seed: int, device: str, given: Mapping[str, GeneratorHandle], folder: Path
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
                model.fit(data, seed=seed if need.seed is None else need.seed, device=device)
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


def dataset(name: str, features: Sequence[str] | None = None) -> DatasetHandle:
    """The dataset called ``name`` or ``name@size``, such as ``"pythia-top30@small"``, or that of a file.

    Arguments:
        name: a name, with ``,key=value`` for each option that the dataset asks for, or the path of a file of clouds.
        features: the features to read from a file, in this order; required if it does not name its columns.

    Raises:
        UsageError: if there is no such dataset or size.
        PluginError: if its plugin has an error.
        DataError: if the file does not exist or does not hold clouds.
    """
    found = find_dataset(discover(), name, features)
    return DatasetHandle(found.label, open_dataset(found))


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
