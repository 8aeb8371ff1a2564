"""Which metrics a user means: names, or a word for a tier of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from jetgen.api.specs import MetricSpec
from jetgen.registry import Plugin, Registry

__all__ = ["TIERS", "chosen_metrics"]

TIERS = {"standard": ("standard",), "slow": ("slow",), "all": ("standard", "slow")}
"""The words that stand for many metrics, and the tiers that they mean."""


def chosen_metrics(registry: Registry, names: Sequence[str]) -> list[tuple[Plugin, bool]]:
    """The metrics that ``names`` mean, each once, and whether it was named itself.

    Arguments:
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


def _spec(plugin: Plugin) -> MetricSpec:
    return cast("MetricSpec", plugin.spec)
