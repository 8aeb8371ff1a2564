"""From a request to a plan: which cells there are, what each needs, and why some are skipped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from jetgen.api.settings import Need, Settings, resolve
from jetgen.api.specs import GeneratorSpec, MetricSpec
from jetgen.datasets.naming import find_dataset, open_dataset
from jetgen.errors import DataError, JetgenError, PluginError, UsageError
from jetgen.evaluation.choice import chosen_metrics, claimed_metrics, inapplicable, suits, too_few_clouds
from jetgen.harness.planning.asked import WEIGHTS, Asked, Layers, asked_generators, layers_of
from jetgen.harness.planning.estimates import Estimates, fit_seconds
from jetgen.harness.planning.request import Request
from jetgen.harness.planning.samples import FileOfSamples
from jetgen.harness.store.plan import PLAN_FORMAT, REWEIGHT, CellPlan, DatasetPlan, GeneratorPlan, MetricPlan, Plan
from jetgen.harness.store.provenance import versions
from jetgen.harness.store.row import Row
from jetgen.io.content import content_digest
from jetgen.io.json_objects import digest
from jetgen.registry import Plugin, Registry, State, load_target
from jetgen.system import core_limit

__all__ = ["Planner"]

# The safety limit of a stage: a multiple of what a training should take, and at least so many seconds.
_SAFETY = 10.0
_LEAST_TIMEOUTS = {"standard": 900.0, "slow": 3_600.0, "paper": 36_000.0}
# Blocks of timing: long enough for the clock and the caches, but `tiny` is there to check, not to measure.
_BLOCK_SECONDS = {"tiny": 0.1}
_USUAL_BLOCK_SECONDS = 1.0
_MEMORY_SHARE = 0.8
_LONGEST_ID = 200  # bytes


class Planner:
    """Makes the cells of one request from what the registry knows.

    Arguments:
        rows: of earlier commands on the run folder: cells like theirs take as long.
    """

    def __init__(self, request: Request, registry: Registry, rows: Sequence[Row] = ()) -> None:
        cores, granted_by = core_limit()
        if request.threads is not None and request.threads < cores:
            cores, granted_by = request.threads, "--threads"
        if not 1 <= request.jobs <= cores:
            msg = f"--jobs {request.jobs} is more than the {cores} core(s) of {granted_by}; one core for each job"
            raise UsageError(msg)
        self._request = request
        self._registry = registry
        self._threads = cores // request.jobs
        share = int(psutil.virtual_memory().total * _MEMORY_SHARE / request.jobs)
        self._memory = share if request.memory is None else request.memory
        self._granted_by = granted_by
        self._estimates = Estimates(rows)
        self._cells: dict[str, CellPlan] = {}
        self._shown: dict[tuple[str, str], str] = {}
        self._chosen: dict[tuple[Any, ...], tuple[tuple[MetricPlan, ...], dict[str, str]]] = {}

    def plan(self) -> Plan:
        """The whole plan: for each dataset its floor, the baselines, and every model with every seed."""
        request = self._request
        asked = asked_generators(request, self._registry)
        self._shown = {_variant(each.plugin, request.preset, each.layers): each.shown_as for each in asked}
        samples = [FileOfSamples.of(text) for text in request.samples]
        for dataset in self._datasets():
            self._add(self._floor(dataset))
            for each in asked:
                if not each.has_row(dataset.spec.kind):
                    continue
                seeds = 1 if each.baseline else request.seeds
                for seed in range(seeds):
                    self._model(each.plugin, dataset, seed, request.preset, each.layers, shown_as=each.shown_as)
                    if request.reweight and each.refinable:
                        self._weights(each, dataset, seed)
            for sample in samples:
                generator = sample.generator(dataset, request.preset)
                cell_id = _id(f"{sample.name}.{generator.preset}.{dataset.label}.s0")
                draws, reason = sample.draws(dataset, request.draws)
                cell = self._cell(cell_id, generator, dataset, seed=0, skip=reason)
                self._add(cell.model_copy(update={"draws": draws}))
        return Plan(
            format=PLAN_FORMAT,
            jetgen=versions()["jetgen"],
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            jobs=request.jobs,
            cores=self._threads * request.jobs,
            granted_by=self._granted_by,
            cells=tuple(self._cells.values()),
        )

    def _datasets(self) -> list[DatasetPlan]:
        """The datasets asked for. Two of one label, such as files of one name, would be taken for each other."""
        named: dict[str, tuple[str, DatasetPlan]] = {}
        for name in self._request.datasets:
            dataset = self._dataset(name)
            other, earlier = named.setdefault(dataset.label, (name, dataset))
            if earlier != dataset:
                msg = f"{other} and {name} would both be called {dataset.label}; rename one, or run them apart"
                raise UsageError(msg)
        return [dataset for _, dataset in named.values()]

    def _dataset(self, name: str) -> DatasetPlan:
        found = find_dataset(self._registry, name)
        dataset = open_dataset(found)
        try:
            recipe, cloud_spec = dict(dataset.recipe()), dataset.spec.to_json()
        except JetgenError:
            raise
        except (Exception, SystemExit) as error:
            msg = f"the dataset {name} cannot say what it is ({type(error).__name__}: {error})"
            raise PluginError(msg) from error
        return DatasetPlan(
            name=found.name,
            size=found.size,
            distribution=found.distribution,
            version=found.version,
            target=found.spec.target,
            options=dict(found.spec.options),
            recipe=recipe,
            cloud_spec=cloud_spec,
            counts=found.counts,
            simulated="SupportsSimulation" in found.spec.capabilities,
            density="SupportsDensity" in found.spec.capabilities,
            response="SupportsResponse" in found.spec.capabilities,
        )

    def _metrics(
        self, dataset: DatasetPlan, generator: GeneratorPlan | None
    ) -> tuple[tuple[MetricPlan, ...], dict[str, str]]:
        """The metrics that apply to the dataset and the generator, and why others do not."""
        chosen, skipped = [], claimed_metrics(self._registry, self._request.metrics)
        cloud_spec = dataset.spec
        for plugin, named in chosen_metrics(self._registry, self._request.metrics):
            spec = plugin.spec
            if not isinstance(spec, MetricSpec) or "core" in spec.needs:
                continue  # what wants a core for itself is the timing stage
            if not (suits(spec, cloud_spec) or named):
                continue  # nobody asked it of such clouds
            reason = inapplicable(spec, cloud_spec)
            if reason is None and spec.costly and not named:
                reason = too_few_clouds(spec, dataset.counts[-1], dataset.counts[-1])
            able = generator is not None and spec.capability in generator.capabilities
            if reason is None and "model" in spec.needs and not able:
                if not named or generator is None:
                    continue  # nobody asked it of a floor, or of a model that does not have it
                reason = f"{generator.name} does not declare {spec.capability}"
            if reason is not None:
                skipped[plugin.name] = reason
                continue
            plan = MetricPlan(name=plugin.name, distribution=plugin.distribution, version=plugin.version, spec=spec)
            chosen.append(plan)
        # The metrics of one module share a process, so they stand together.
        return tuple(sorted(chosen, key=lambda metric: (metric.module, metric.name))), skipped

    def _floor(self, dataset: DatasetPlan) -> CellPlan:
        return self._cell(_id(f"floor.{dataset.label}"), None, dataset, seed=0)

    def _model(
        self,
        plugin: Plugin,
        dataset: DatasetPlan,
        seed: int,
        preset: str,
        layers: Sequence[tuple[str, Mapping[str, Any]]],
        *,
        given: Mapping[str, Any] | None = None,
        shown_as: str = "",
    ) -> str:
        """Add the cell of a model, and before it the cells that it needs; its id.

        Arguments:
            given: settings that are nobody's choice: they leave no mark.
            shown_as: the name of the row; by default the one that such a model has in this run.
        """
        spec, key = plugin.spec, _variant(plugin, preset, layers)
        variant, shown_as = key[1], shown_as or self._shown.get(key, "")
        name = plugin.name if plugin.state is State.OK else plugin.full_name.replace("/", "~")
        cell_id = _id(f"{(shown_as or name).replace('/', '~')}.{variant}.{dataset.label}.s{seed}")
        if cell_id in self._cells:
            return cell_id
        if not isinstance(spec, GeneratorSpec):
            self._add(self._unloadable(cell_id, plugin, dataset, seed, preset))
            return cell_id
        if preset not in plugin.presets and (spec.baseline or self._request.generators == "all"):
            reason = f"{plugin.name} has no preset {preset!r}; it has {', '.join(plugin.presets) or 'none'}"
            self._add(self._cell(cell_id, _described(plugin, preset), dataset, seed, skip=reason))
            return cell_id
        every = [(REWEIGHT, given), *layers] if given else layers
        resolved = resolve(_settings_class(spec), plugin.name, preset, every)
        needs, missing = self._needs(plugin.name, resolved.settings, dataset, seed)
        generator = GeneratorPlan(
            name=plugin.name,
            distribution=plugin.distribution,
            version=plugin.version,
            target=spec.target,
            settings_target=spec.settings,
            api_version=spec.api_version,
            preset=variant,
            settings=resolved.values,
            origins=dict(resolved.origins),
            capabilities=spec.capabilities,
            baseline=spec.baseline,
            modules=spec.modules,
            inputs=_digests(resolved.settings, plugin.name),
            shown_as=shown_as,
        )
        skip = _incompatibility(spec, resolved.settings, dataset) or missing
        self._add(self._cell(cell_id, generator, dataset, seed, needs=needs, skip=skip))
        return cell_id

    def _weights(self, asked: Asked, dataset: DatasetPlan, seed: int) -> None:
        """Add the cell of a model with weights."""
        plugin, changed = asked.plugin, _changed(asked.layers)
        preset, weights = self._request.preset, self._registry.find("generators", WEIGHTS)
        given = {"base": plugin.full_name, "base_preset": preset, "base_overrides": changed}
        name = f"{asked.shown_as or plugin.name + _mark(changed)}+{weights.name}"
        self._model(weights, dataset, seed, preset, layers_of(self._request, weights), given=given, shown_as=name)

    def _needs(
        self, name: str, settings: Settings, dataset: DatasetPlan, seed: int
    ) -> tuple[dict[str, str], str | None]:
        """The cells that a model needs, by role; with ``--all`` also why there is none of one of them."""
        found: dict[str, str] = {}
        for role, need in settings.needs().items():
            try:
                found[role] = self._need(need, dataset, seed)
            except (PluginError, UsageError) as error:
                msg = f"{name} works on top of {need.generator}: {error}"
                if self._request.generators != "all":
                    raise type(error)(msg) from error
                return {}, msg
        return found, None

    def _need(self, need: Need, dataset: DatasetPlan, seed: int) -> str:
        plugin = self._registry.find("generators", need.generator)
        layers = [("needed", need.overrides)] if need.overrides else []
        return self._model(plugin, dataset, seed if need.seed is None else need.seed, need.preset, layers)

    def _unloadable(self, cell_id: str, plugin: Plugin, dataset: DatasetPlan, seed: int, preset: str) -> CellPlan:
        generator = _described(plugin, preset)
        reason = f"its plugin is {plugin.state.value}: {plugin.reason}"
        return self._cell(cell_id, generator, dataset, seed, unloadable=reason)

    def _cell(
        self,
        cell_id: str,
        generator: GeneratorPlan | None,
        dataset: DatasetPlan,
        seed: int,
        **more: Any,
    ) -> CellPlan:
        request = self._request
        key = (dataset.label, generator and (generator.distribution, generator.name, generator.capabilities))
        if key not in self._chosen:
            self._chosen[key] = self._metrics(dataset, generator)
        metrics, skipped = self._chosen[key]
        least = max(_LEAST_TIMEOUTS[metric.spec.tier] for metric in metrics) if metrics else _LEAST_TIMEOUTS["standard"]
        timeout = max(least, _SAFETY * fit_seconds(generator)) if request.timeout is None else request.timeout
        cell = CellPlan(
            id=cell_id,
            kind="floor" if generator is None else "model",
            generator=generator,
            dataset=dataset,
            seed=seed,
            draws=request.draws,
            metrics=metrics,
            metrics_skipped=skipped,
            threads=self._threads,
            device=request.device,
            memory_bytes=self._memory,
            timeout=timeout,
            grace=request.grace,
            block_seconds=_BLOCK_SECONDS.get(request.preset, _USUAL_BLOCK_SECONDS),
            minutes=0.0,
            **more,
        )
        idle = cell.skip is not None or cell.unloadable is not None
        return cell if idle else cell.model_copy(update={"minutes": self._estimates.minutes(cell)})

    def _add(self, cell: CellPlan) -> None:
        self._cells.setdefault(cell.id, cell)


def _id(text: str) -> str:
    """The name of a cell's folder: a file system counts bytes, and takes 255."""
    if len(text.encode()) <= _LONGEST_ID:
        return text
    start = text.encode()[: _LONGEST_ID - 9].decode(errors="ignore")
    return f"{start}~{digest(text)[:8]}"


def _changed(layers: Sequence[tuple[str, Mapping[str, Any]]]) -> dict[str, Any]:
    """The settings that layers give, of several for one key the last."""
    return {key: value for _, layer in layers for key, value in layer.items()}


def _variant(plugin: Plugin, preset: str, layers: Layers) -> tuple[str, str]:
    """What tells the models of a dataset and a seed apart: the generator, and its preset with changed settings."""
    return plugin.full_name, f"{preset}{_mark(_changed(layers))}"


def _mark(changed: Mapping[str, Any]) -> str:
    """What tells models with changed settings apart."""
    return f"+{digest(changed)[:6]}" if changed else ""


def _settings_class(spec: GeneratorSpec) -> type[Settings]:
    cls = load_target(spec.settings)
    if not issubclass(cls, Settings):
        msg = f"the settings of {spec.name}, {spec.settings}, are not a subclass of jetgen.Settings"
        raise PluginError(msg)
    return cls


def _described(plugin: Plugin, preset: str) -> GeneratorPlan:
    """A generator that does not run, for its row."""
    return GeneratorPlan(
        name=plugin.name,
        distribution=plugin.distribution,
        version=plugin.version,
        target=plugin.value,
        settings_target="",
        api_version=0,
        preset=preset,
        settings={},
        origins={},
        baseline=isinstance(plugin.spec, GeneratorSpec) and plugin.spec.baseline,
    )


def _digests(settings: Settings, owner: str) -> dict[str, str]:
    """What is in the files that the settings name, by setting."""
    try:
        return {name: content_digest(Path(path)) for name, path in settings.inputs().items()}
    except DataError as error:
        msg = f"a setting of {owner} names a file: {error}"
        raise UsageError(msg) from error


def _incompatibility(spec: GeneratorSpec, settings: Settings, dataset: DatasetPlan) -> str | None:
    cloud_spec = dataset.spec
    if cloud_spec.kind not in spec.kinds:
        return f"{spec.name} learns {' and '.join(spec.kinds)}, {dataset.name} holds {cloud_spec.kind}"
    return settings.incompatibility(cloud_spec)
