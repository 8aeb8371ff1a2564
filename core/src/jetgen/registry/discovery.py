"""Find every plugin and its state."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

from jetgen.api.loading import first_line
from jetgen.errors import UsageError, did_you_mean
from jetgen.registry.catalogue import Registry
from jetgen.registry.plugin import GROUPS, Entry, Group, Plugin, State, normalised, spec_from_answer
from jetgen.registry.probe_cache import ProbeCache

__all__ = ["discover", "scan"]


_CORE = "jetgen"
_REMEMBERED = "as it was found within the hour; `jetbench list --refresh` asks again"


def discover(*, deny: Collection[str] = (), refresh: bool = False) -> Registry:
    """Every plugin that is installed here. No code of a plugin runs in this process.

    Arguments:
        deny: distributions, names or ``distribution/name`` that shall not be used nor looked into.
        refresh: ask every plugin again, even if its answer is in the cache.

    Raises:
        UsageError: if ``deny`` or the environment variable ``JETGEN_PLUGINS`` names what is not installed.

    ``JETGEN_PLUGINS`` is a list, with commas, of the distributions or names that may be used; without it all may.
    What core itself brings may always be used, unless ``deny`` says otherwise.
    """
    entries = scan()
    cache = ProbeCache()
    disabled = _disabled(entries, deny)
    plugins: dict[Entry, Plugin] = {
        entry: Plugin(**vars(entry), state=State.DISABLED, reason=reason) for entry, reason in disabled.items()
    }
    plugins |= {
        entry: Plugin(**vars(entry), state=State.BROKEN, reason=entry.fault)
        for entry in entries
        if entry.fault and entry not in disabled
    }
    asked = []
    for entry in entries:
        if entry not in plugins:
            plugin = None if refresh else _recalled(entry, cache.recall(entry))
            plugins |= {entry: plugin} if plugin else {}
            asked += [] if plugin else [entry]
    plugins |= _ask(asked, cache)
    return Registry(_marked_duplicates([plugins[entry] for entry in entries]))


def _ask(entries: list[Entry], cache: ProbeCache) -> dict[Entry, Plugin]:
    """Probe the entries; their answers go to the cache."""
    if not entries:
        return {}
    from jetgen.registry.probing import probe

    plugins = {}
    for entry, answer in probe(entries).items():
        plugin = _healthy(entry, answer.document)
        cache.remember(entry, {"state": answer.state, "reason": answer.reason, **answer.document})
        plugins[entry] = plugin or _unhealthy(entry, answer.state, answer.reason)
    cache.forget_old()
    return plugins


def _recalled(entry: Entry, document: Mapping[str, Any] | None) -> Plugin | None:
    """The plugin of an answer in the cache; None if it has to be asked."""
    try:
        state = State(document["state"]) if document else State.OK
    except (KeyError, ValueError):
        return None
    if document is None or state is State.OK:
        return _healthy(entry, document)
    return _unhealthy(entry, state, f"{document.get('reason', '')} ({_REMEMBERED})")


def _unhealthy(entry: Entry, state: State, reason: str) -> Plugin:
    if state is State.OK:  # the child read the spec and we cannot: jetgen was replaced in between
        return Plugin(**vars(entry), state=State.BROKEN, reason="jetgen changed while it was asked; run again")
    return Plugin(**vars(entry), state=state, reason=reason)


def _healthy(entry: Entry, document: Mapping[str, Any] | None) -> Plugin | None:
    """The plugin of a healthy answer; None if there is no answer or it is not a healthy one."""
    if not document or document.get("state") != State.OK:
        return None
    if entry.group == "hooks":
        return Plugin(**vars(entry), state=State.OK)
    try:
        spec = spec_from_answer(entry.group, document["spec"])
        presets = tuple(str(preset) for preset in document["presets"])
    except (KeyError, TypeError, ValueError):  # a damaged cache is asked again
        return None
    return Plugin(**vars(entry), state=State.OK, spec=spec, presets=presets)


def _disabled(entries: Iterable[Entry], deny: Collection[str]) -> dict[Entry, str]:
    """The entry points that the user switched off, and by which switch."""
    entries = list(entries)
    allow = [name.strip() for name in os.environ.get("JETGEN_PLUGINS", "").split(",") if name.strip()]
    for switch, names in (("JETGEN_PLUGINS", allow), ("--no-plugin", deny)):
        for name in names:
            if not any(_meant(entry, name) for entry in entries):
                known = {entry.name for entry in entries} | {entry.distribution for entry in entries}
                msg = f"{switch} names {name!r}, which is not installed{did_you_mean(name, sorted(known))}"
                raise UsageError(msg)
    reasons = {}
    for entry in entries:
        if any(_meant(entry, name) for name in deny):
            reasons[entry] = "by --no-plugin"
        elif allow and entry.distribution != _CORE and not any(_meant(entry, name) for name in allow):
            reasons[entry] = "not among JETGEN_PLUGINS"
    return reasons


def _meant(entry: Entry, name: str) -> bool:
    return entry.answers_to(name) or normalised(entry.distribution) == normalised(name)


def _marked_duplicates(plugins: list[Plugin]) -> list[Plugin]:
    """Healthy plugins whose short name another distribution claims as well are duplicates."""
    claims = Counter((plugin.group, plugin.name) for plugin in plugins if plugin.state is not State.DISABLED)
    marked = []
    for plugin in plugins:
        if plugin.state is State.OK and claims[plugin.group, plugin.name] > 1:
            others = [
                other.distribution
                for other in plugins
                if (other.group, other.name) == (plugin.group, plugin.name)
                and other.distribution != plugin.distribution
                and other.state is not State.DISABLED
            ]
            reason = f"{' and '.join(others)} claims this name too; use {plugin.full_name}"
            marked.append(replace(plugin, state=State.DUPLICATE, reason=reason))
        else:
            marked.append(plugin)
    return marked


def scan() -> list[Entry]:
    """The entry points of jetgen's groups, ordered by group and name.

    Repeats are one: an editable install lists its entry points twice, and of two copies of one distribution on
    the path the first counts, as it does for ``import``. Metadata of any vintage and damage are read: what cannot be
    used says so.
    """
    found: dict[tuple[str, str, str], Entry] = {}
    homes: dict[tuple[str, str, str], str] = {}
    for distribution in distributions():
        home = str(distribution.locate_file(""))
        for entry in _entries(distribution):
            key = (entry.group, entry.name, normalised(entry.distribution))
            first = found.setdefault(key, entry)
            if first.version != entry.version and homes.setdefault(key, home) == home:
                versions = f"{first.version} and {entry.version}"
                found[key] = replace(first, damage=f"two versions of it are installed, {versions}; {_AGAIN}")
            homes.setdefault(key, home)
    return sorted(found.values(), key=lambda entry: (GROUPS.index(entry.group), entry.name, entry.distribution))


_AGAIN = "uninstall it, remove what is left, and install it again"


def _entries(distribution: Distribution) -> list[Entry]:
    """Reading METADATA costs more than the rest, so it is read only where there is something of ours."""
    try:
        text = distribution.read_text("entry_points.txt")
    except (OSError, ValueError):  # not readable, or not UTF-8
        text = None
    if not text or "jetgen." not in text:
        return []
    folder = Path(str(getattr(distribution, "_path", "unknown"))).name
    try:  # each access reads METADATA again, and older Pythons have None for what is missing
        name, version = str(distribution.name or ""), str(distribution.version or "")
    except Exception:  # noqa: BLE001 (the parser of e-mail raises what it likes)
        name = version = ""
    damage = "" if name and version else f"the metadata in {folder} have no Name or no Version; {_AGAIN}"
    name, version = name or folder.partition("-")[0], version or "unknown"
    groups: dict[str, Group] = {f"jetgen.{group}": group for group in GROUPS}
    try:
        points = [point for point in distribution.entry_points if point.group in groups]
        return [Entry(groups[one.group], one.name, name, version, one.value, damage=damage) for one in points]
    except Exception as error:  # noqa: BLE001 (as above)
        first = next(group for group in GROUPS if f"jetgen.{group}" in text or group == GROUPS[-1])
        reason = f"entry_points.txt in {folder} cannot be read ({first_line(error)}); {_AGAIN}"
        return [Entry(first, name, name, version, "", damage=reason)]
