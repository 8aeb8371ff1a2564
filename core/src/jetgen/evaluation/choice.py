"""Which metrics a user means, and why a metric cannot be computed for some clouds."""

from __future__ import annotations

import importlib.util
from collections.abc import Collection, Iterable, Sequence
from typing import cast

from jetgen.api.specs import MetricSpec
from jetgen.data.spec import CloudSpec
from jetgen.registry import Plugin, Registry, State

__all__ = [
    "TIERS",
    "chosen_metrics",
    "claimed_metrics",
    "clash",
    "inapplicable",
    "suits",
    "too_few_clouds",
    "unweighted",
]

TIERS = {"standard": ("standard",), "slow": ("slow",), "all": ("standard", "slow")}
"""Words that select many metrics, and the tiers that they stand for."""


def chosen_metrics(registry: Registry, names: Sequence[str]) -> list[tuple[Plugin, bool]]:
    """The metrics that ``names`` select, each once, with True if it was named itself rather than by its tier.

    Arguments:
        registry: the installed plugins.
        names: names of metrics, or words of :data:`TIERS`.

    Raises:
        UsageError: if there is no such metric; the nearest one is suggested.
        PluginError: if one that was named cannot be used.
    """
    found: dict[str, tuple[Plugin, bool]] = {}
    for name in names:
        if name in TIERS:
            many = [plugin for plugin in registry.usable("metrics") if _spec(plugin).tier in TIERS[name]]
            for plugin in many:
                found.setdefault(plugin.full_name, (plugin, False))
        else:
            plugin = registry.find("metrics", name)
            found[plugin.full_name] = (plugin, True)
    return list(found.values())


def claimed_metrics(registry: Registry, names: Sequence[str]) -> dict[str, str]:
    """The metrics that ``names`` would select by their tier and that several distributions claim, and what to do."""
    tiers = {tier for name in names for tier in TIERS.get(name, ())}
    found: dict[str, list[str]] = {}
    for plugin in registry.of("metrics"):
        if plugin.state is State.DUPLICATE and _spec(plugin).tier in tiers:
            found.setdefault(plugin.name, []).append(plugin.full_name)
    return {
        name: f"{' and '.join(claims)} claim this name: choose with -m {claims[0]}, or --no-plugin {claims[-1]}"
        for name, claims in found.items()
    }


def _spec(plugin: Plugin) -> MetricSpec:
    return cast("MetricSpec", plugin.spec)


def inapplicable(spec: MetricSpec, cloud_spec: CloudSpec) -> str | None:
    """Why a metric cannot be computed for such clouds on this installation, in one sentence; None if it can."""
    if cloud_spec.kind not in spec.kinds:
        return f"{spec.name} judges {' and '.join(map(_plural, spec.kinds))}, these are {_plural(cloud_spec.kind)}"
    if not suits(spec, cloud_spec):
        only, these = ("", "none") if spec.answers == "only" else ("no ", "some")
        return f"{spec.name} judges {only}answers to true events, and these clouds answer {these}"
    missing = [name for name in spec.features if name not in cloud_spec.names]
    if missing:
        return f"{spec.name} needs the features {', '.join(missing)}; the clouds have {', '.join(cloud_spec.names)}"
    absent = [module for module in spec.requires if importlib.util.find_spec(module) is None]
    if absent:
        return f"{spec.name} needs {' and '.join(absent)}, which is not installed: pip install {' '.join(absent)}"
    return None


def suits(spec: MetricSpec, cloud_spec: CloudSpec) -> bool:
    """Whether a metric is for such clouds: for their kind, and for answers to true clouds where they are some."""
    unsuited = "only" if cloud_spec.given is None else "never"
    return cloud_spec.kind in spec.kinds and spec.answers != unsuited


def _plural(kind: str) -> str:
    """How a sentence calls clouds of this kind."""
    return "tables" if kind == "table" else kind


def unweighted(spec: MetricSpec, *, weights: bool) -> str | None:
    """Why a metric cannot judge generated clouds with weights, in one sentence; None if it can, or there are none."""
    return f"{spec.name} takes no weights" if weights and not spec.weighted else None


def clash(metric: str, given: Iterable[str], metrics: Collection[str], seen: Collection[str]) -> str | None:
    """Why the scores of a metric are left out: one would replace a score of another; None if none does.

    Arguments:
        given: the names of its scores, its own among them.
        metrics: the names of all metrics that are computed.
        seen: the names of the scores of those before it.
    """
    taken = next((name for name in given if name in seen or (name in metrics and name != metric)), None)
    return None if taken is None else f"its component {taken} is called like a score of another metric"


def too_few_clouds(spec: MetricSpec, n_real: int, n_fake: int, n_effective: float | None = None) -> str | None:
    """Why a metric says nothing for so few clouds, in one sentence; None if there are enough.

    Arguments:
        n_effective: the effective size of the generated sample, if it has weights.
    """
    counts = {"true": n_real, "generated": n_fake}
    if n_effective is not None:
        counts[f"effective (of {n_fake}) generated"] = int(n_effective)
    for what, n in counts.items():
        if n < spec.smallest_n:
            return f"{n} {what} clouds are too few: {spec.name} says something from {spec.smallest_n} on"
    return None
