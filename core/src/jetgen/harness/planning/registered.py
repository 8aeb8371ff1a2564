"""Whether what a plan would import is what is installed: a run folder may come from anybody."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import zip_longest

from jetgen.api.specs import GeneratorSpec
from jetgen.datasets.file_dataset import FileDataset
from jetgen.errors import PluginError, UsageError
from jetgen.harness.planning.samples import SAMPLES, SAMPLES_SETTINGS
from jetgen.harness.store.plan import CellPlan, DatasetPlan, GeneratorPlan, MetricPlan
from jetgen.registry import Registry
from jetgen.registry.plugin import Group, Plugin

__all__ = ["refuse_unregistered"]

_FILE = f"{FileDataset.__module__}:{FileDataset.__name__}"
_SAMPLES = (SAMPLES, SAMPLES_SETTINGS)


def refuse_unregistered(cells: Iterable[CellPlan], registry: Registry) -> None:
    """Check that every plugin of the cells is registered here with the targets that the plan has.

    Nothing is imported for that, and nothing of a cell may be imported before. Cells that the plan skips need none.

    Raises:
        PluginError: if one is not; the sentence names the cell and the plugin.
    """
    known: set[tuple[Group, str, tuple[str, ...]]] = set()
    for cell in cells:
        if cell.skip is not None or cell.unloadable is not None:
            continue
        for plan in (cell.dataset, cell.generator, *cell.metrics):
            if plan is not None and (wanted := _wanted(plan)) not in known:
                _check(cell, registry, *wanted)
                known.add(wanted)


def _wanted(plan: DatasetPlan | GeneratorPlan | MetricPlan) -> tuple[Group, str, tuple[str, ...]]:
    """The group, the full name, and what would be imported."""
    name = f"{plan.distribution}/{plan.name}"
    if isinstance(plan, MetricPlan):
        return "metrics", name, (plan.spec.target,)
    if isinstance(plan, GeneratorPlan):
        return "generators", name, (plan.target, plan.settings_target)
    return "datasets", name, (plan.target,)


def _check(cell: CellPlan, registry: Registry, group: Group, name: str, targets: tuple[str, ...]) -> None:
    if (group, targets) in (("datasets", (_FILE,)), ("generators", _SAMPLES)):
        return
    try:
        found = _registered(registry.find(group, name))
    except (UsageError, PluginError) as error:
        msg = f"the cell {cell.id} cannot be run: {error}"
        raise PluginError(msg) from error
    for planned, here in zip_longest(targets, found):
        if planned != here:
            msg = f"the cell {cell.id} would import {planned} for {name}, which is {here} here; plan anew: jetbench run"
            raise PluginError(msg)


def _registered(plugin: Plugin) -> tuple[str, ...]:
    spec = plugin.spec
    if spec is None:
        return ()
    return (spec.target, spec.settings) if isinstance(spec, GeneratorSpec) else (spec.target,)
