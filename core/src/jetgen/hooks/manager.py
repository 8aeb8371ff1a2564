"""Load hook plugins and call them one at a time, so that none hurts the run or the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import EntryPoint
from typing import Any, TypeVar

import pluggy

from jetgen.api.loading import first_line
from jetgen.errors import PluginError
from jetgen.hooks import specifications
from jetgen.hooks.specifications import PROJECT
from jetgen.registry import Plugin, State

__all__ = ["Hooks"]

PlanT = TypeVar("PlanT")


class Hooks:
    """The hook plugins of one run.

    Arguments:
        plugins: what the registry found in the group ``hooks``; those that are in trouble are passed over.
        warn: called with one sentence for each plugin that fails to load or whose observer raises.

    Raises:
        PluginError: if a plugin implements a hook that does not exist, or with arguments that do not.
    """

    def __init__(self, plugins: Iterable[Plugin], warn: Callable[[str], None]) -> None:
        self._manager = pluggy.PluginManager(PROJECT)
        self._manager.add_hookspecs(specifications)
        self._warn = warn
        self._warned: set[tuple[str, str]] = set()
        self._open = True
        for plugin in plugins:
            if plugin.state in (State.OK, State.DUPLICATE):  # nobody picks hooks by their short name
                self._load(plugin)

    def _load(self, plugin: Plugin) -> None:
        name = f"{plugin.distribution}:{plugin.name}"
        try:
            found = EntryPoint(plugin.name, plugin.value, plugin.group).load()
            found = found() if isinstance(found, type) else found
        except (Exception, SystemExit) as error:  # noqa: BLE001 (a plugin may raise anything)
            self._warn(f"the hooks of {name} are left out: {first_line(error)}")
            return
        self.register(found, name)

    def register(self, plugin: object, name: str) -> None:
        """Add an object with hook implementations.

        Raises:
            PluginError: if one of them is wrong; the sentence names the plugin.
        """
        try:
            self._manager.register(plugin, name)
            self._manager.check_pending()
        except (pluggy.PluginValidationError, ValueError) as error:
            reason = " ".join(str(error).split())
            msg = f"the hooks of {name} are wrong: {reason}; mend them, or leave them out with --no-plugin"
            raise PluginError(msg) from error
        for caller in self._manager.get_hookcallers(plugin) or ():
            for implementation in caller.get_hookimpls():
                if implementation.plugin is plugin and (implementation.wrapper or implementation.hookwrapper):
                    msg = f"{caller.name} of {name} is a hook wrapper; jetgen calls hooks one at a time without any"
                    raise PluginError(msg)

    def modify_plan(self, plan: PlanT) -> PlanT:
        """The plan that is run: each plugin is given the plan that the one before it returned.

        Raises:
            PluginError: if one of them fails or returns something that is not a plan.
        """
        for implementation in self._implementations("jetgen_modify_plan"):
            name = implementation.plugin_name
            try:
                changed = _call(implementation, {"plan": plan})
            except (Exception, SystemExit) as error:  # a plugin may raise anything
                msg = f"jetgen_modify_plan of {name} failed ({first_line(error)}); leave it out with --no-plugin"
                raise PluginError(msg) from error
            if changed is not None and not isinstance(changed, type(plan)):
                msg = f"jetgen_modify_plan of {name} returned a {type(changed).__name__}, not a plan"
                raise PluginError(msg)
            plan = plan if changed is None else changed
        return plan

    def run_started(self, plan: Any) -> None:
        """Tell the observers that the cells of ``plan`` start now."""
        self._observe("jetgen_run_started", plan=plan)

    def cell_started(self, cell: Any) -> None:
        """Tell the observers that a cell starts."""
        self._observe("jetgen_cell_started", cell=cell)

    def progress(self, event: Mapping[str, Any]) -> None:
        """Pass a log record of a cell to the observers."""
        self._observe("jetgen_progress", event=event)

    def cell_finished(self, row: Any) -> None:
        """Tell the observers that a cell has its row."""
        self._observe("jetgen_cell_finished", row=row)

    def report_sections(self, results: Any) -> dict[str, Any]:
        """What each plugin adds to the report, by ``distribution:name``."""
        return self._observe("jetgen_report_sections", results=results)

    def environment(self) -> dict[str, Any]:
        """What each plugin adds to the provenance, by ``distribution:name``."""
        return self._observe("jetgen_environment")

    def run_finished(self) -> None:
        """Tell the observers that nothing more comes; a second call does nothing."""
        if self._open:
            self._open = False
            self._observe("jetgen_run_finished")

    close = run_finished

    def _observe(self, hook: str, **facts: Any) -> dict[str, Any]:
        """Call the observers one by one and gather what is not None; one that raises becomes one warning."""
        answers = {}
        for implementation in self._implementations(hook):
            name = implementation.plugin_name
            try:
                answer = _call(implementation, facts)
            except (Exception, SystemExit) as error:  # noqa: BLE001 (a plugin may raise anything)
                if (name, hook) not in self._warned:
                    self._warned.add((name, hook))
                    self._warn(f"{hook} of {name} failed ({first_line(error)}); the run goes on")
                continue
            if answer is not None:
                answers[name] = answer
        return answers

    def _implementations(self, hook: str) -> list[pluggy.HookImpl]:
        """In the order in which pluggy itself would call them."""
        caller: pluggy.HookCaller = getattr(self._manager.hook, hook)
        return caller.get_hookimpls()[::-1]


def _call(implementation: pluggy.HookImpl, facts: Mapping[str, Any]) -> Any:
    return implementation.function(*(facts[name] for name in implementation.argnames))
