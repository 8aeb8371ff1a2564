"""Which generators a request asks for, and with which settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from jetgen.api.specs import GeneratorSpec
from jetgen.errors import PluginError, UsageError, did_you_mean
from jetgen.harness.planning.request import Request, parse_generator
from jetgen.registry import Plugin, Registry, State

__all__ = ["WEIGHTS", "Asked", "Layers", "asked_generators", "layers_of"]

WEIGHTS = "jetgen/weights"
"""The generator behind the rows of ``--reweight``."""

Layers = Sequence[tuple[str, Mapping[str, Any]]]
"""Pairs of an origin and the settings that it gives, the later the stronger."""


@dataclass(frozen=True)
class Asked:
    """A generator of the run.

    Arguments:
        plugin: what it is.
        layers: its settings above the preset.
        shown_as: the name of its row, where it is not that of the generator.
        named: whether the user named it.
    """

    plugin: Plugin
    layers: Layers
    shown_as: str = ""
    named: bool = False

    def has_row(self, kind: str) -> bool:
        """Whether it has a row among clouds of this kind: a baseline for other kinds has none unless it is named."""
        spec = self.plugin.spec
        other = self.baseline and isinstance(spec, GeneratorSpec) and kind not in spec.kinds
        return self.named or not other

    @property
    def baseline(self) -> bool:
        """Whether it is a baseline, with one row in every run."""
        spec = self.plugin.spec
        return isinstance(spec, GeneratorSpec) and spec.baseline and self.plugin.state is State.OK

    @property
    def refinable(self) -> bool:
        """Whether it is a model of its own, whose samples can have weights."""
        spec = self.plugin.spec
        return isinstance(spec, GeneratorSpec) and not spec.baseline and not spec.refines


def asked_generators(request: Request, registry: Registry) -> list[Asked]:
    """The baselines first, then the models asked for; a broken one that was named stays in.

    Raises:
        UsageError: if no generator has the preset, or settings are given for one that is not in the run.
        PluginError: if one that was named cannot be used.
    """
    baselines = [each for plugin in registry.of("generators") if (each := _plain(request, plugin)).baseline]
    if request.generators == "all":
        models = [_plain(request, plugin) for plugin in registry.usable("generators") if not _refines(plugin)]
    else:
        models = [_named(request, registry, text) for text in request.generators]
        chosen = {each.plugin.full_name for each in models}
        baselines = [replace(each, named=each.plugin.full_name in chosen) for each in baselines]
    seen = {each.plugin.full_name for each in baselines}
    asked = baselines + [each for each in models if each.plugin.full_name not in seen or each.shown_as]
    plugins = [each.plugin for each in asked]
    _check_layers(request, plugins, [registry.find("generators", WEIGHTS)] if request.reweight else [])
    _check_preset(request.preset, plugins)
    return asked


def layers_of(request: Request, plugin: Plugin) -> Layers:
    """What files and ``--set`` say of the settings of a generator."""
    return [*request.layers.get(plugin.name, ()), *request.layers.get(plugin.full_name, ())]


def _plain(request: Request, plugin: Plugin) -> Asked:
    return Asked(plugin, layers_of(request, plugin))


def _named(request: Request, registry: Registry, text: str) -> Asked:
    """What ``name,key=value,...`` asks for: its own settings are above all others, and are the name of its row."""
    name, own = parse_generator(text)
    plugin = _found(registry, name)
    if not own:
        return _plain(request, plugin)
    _, told = text.split(",", 1)
    return Asked(plugin, [*layers_of(request, plugin), ("-g", own)], f"{plugin.name},{told.strip()}")


def _found(registry: Registry, name: str) -> Plugin:
    """The generator called ``name``; one that is broken becomes a row, so that the others run."""
    try:
        return registry.find("generators", name)
    except PluginError:
        found = [plugin for plugin in registry.of("generators") if plugin.answers_to(name)]
        if len(found) != 1 or found[0].state is State.DISABLED or found[0].fault:
            raise
        return found[0]


def _check_layers(request: Request, plugins: Sequence[Plugin], added: Sequence[Plugin]) -> None:
    names = {name for plugin in [*plugins, *added] for name in (plugin.name, plugin.full_name)}
    for name in request.layers:
        if name not in names:
            msg = f"settings are given for {name!r}, which is not in this run{did_you_mean(name, names)}"
            raise UsageError(msg)


def _check_preset(preset: str, plugins: Sequence[Plugin]) -> None:
    """A preset that no generator of the run has is a slip of the pen, and no fault of the first one."""
    known = dict.fromkeys(preset for plugin in plugins for preset in plugin.presets)
    if known and preset not in known:
        hint = did_you_mean(preset, known)
        msg = f"no generator of this run has a preset {preset!r}{hint}; there are {', '.join(known)}"
        raise UsageError(msg)


def _refines(plugin: Plugin) -> bool:
    return isinstance(plugin.spec, GeneratorSpec) and plugin.spec.refines
