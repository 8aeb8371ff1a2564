"""Look plugins up by name."""

from __future__ import annotations

from collections.abc import Iterable

from jetgen.errors import PluginError, UsageError, did_you_mean
from jetgen.registry.plugin import Group, Plugin, State

__all__ = ["Registry"]


class Registry:
    """Every plugin that was found, in the order of :func:`jetgen.registry.discover`."""

    def __init__(self, plugins: Iterable[Plugin]) -> None:
        self.plugins = tuple(plugins)

    def of(self, group: Group) -> tuple[Plugin, ...]:
        """The plugins of one group, whatever their state."""
        return tuple(plugin for plugin in self.plugins if plugin.group == group)

    def usable(self, group: Group) -> tuple[Plugin, ...]:
        """The plugins of one group that are ok."""
        return tuple(plugin for plugin in self.of(group) if plugin.state is State.OK)

    def find(self, group: Group, name: str) -> Plugin:
        """The healthy plugin that ``name`` means: a short name, or ``distribution/name``, which is never ambiguous.

        Raises:
            UsageError: if there is none of that name; the nearest one is suggested.
            PluginError: if it cannot be used, or if several distributions claim the short name.
        """
        claims = [plugin for plugin in self.of(group) if plugin.answers_to(name)]
        if not claims:
            known = [plugin.full_name if "/" in name else plugin.name for plugin in self.of(group)]
            hint = did_you_mean(name, known) or f"; `jetbench list {group}` shows what there is"
            msg = f"there is no {group.removesuffix('s')} {name!r}{hint}"
            raise UsageError(msg)
        claims = [plugin for plugin in claims if plugin.state is not State.DISABLED] or claims[:1]
        if len(claims) > 1:
            choices = " and ".join(plugin.full_name for plugin in claims)
            msg = f"the {group.removesuffix('s')} {name!r} is claimed by {choices}: name one of them in full"
            raise PluginError(msg)
        return _healthy(claims[0])

    def troubles(self) -> tuple[Plugin, ...]:
        """The plugins that are not ok, except those that the user disabled."""
        return tuple(plugin for plugin in self.plugins if plugin.state not in (State.OK, State.DISABLED))

    def refuse_troubles(self) -> None:
        """What ``--strict-plugins`` does.

        Raises:
            PluginError: if a plugin is not ok; the sentence lists all of them.
        """
        troubles = self.troubles()
        if troubles:
            listed = "; ".join(f"{plugin.full_name} is {plugin.state} ({plugin.reason})" for plugin in troubles)
            msg = f"--strict-plugins: {listed}"
            raise PluginError(msg)


def _healthy(plugin: Plugin) -> Plugin:
    """The plugin if it can be used by its full name; duplicates are healthy, only their short name is not."""
    if plugin.state in (State.OK, State.DUPLICATE):
        return plugin
    advice = {
        State.DISABLED: "enable it to use it",
        State.INCOMPATIBLE: f"install a {plugin.distribution} and a jetgen that fit each other",
    }.get(plugin.state, f"`jetbench doctor {plugin.full_name}` shows the whole error")
    msg = f"the {plugin.group.removesuffix('s')} {plugin.full_name} is {plugin.state}: {plugin.reason}; {advice}"
    raise PluginError(msg)
