"""Read the entry points of every installed distribution from its metadata alone."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import Distribution, distributions

from jetgen.registry.plugin import GROUPS, Entry, Group, normalised

__all__ = ["scan"]


def scan() -> list[Entry]:
    """The entry points of jetgen's groups, ordered by group and name.

    Repeats are one: an editable install lists its entry points twice, and of two copies of one distribution on
    the path the first counts, as it does for ``import``. A distribution with unreadable metadata is left out.
    """
    found: dict[tuple[str, str, str], Entry] = {}
    for distribution in distributions():
        try:
            entries = list(_entries(distribution))
        except Exception:  # noqa: BLE001, S112 (metadata of any vintage and damage; nothing of ours is lost with it)
            continue
        for entry in entries:
            found.setdefault((entry.group, entry.name, normalised(entry.distribution)), entry)
    return sorted(found.values(), key=lambda entry: (GROUPS.index(entry.group), entry.name, entry.distribution))


def _entries(distribution: Distribution) -> Iterator[Entry]:
    """Reading METADATA costs more than the rest, so it is read only where there is something of ours."""
    text = distribution.read_text("entry_points.txt")
    if not text or "jetgen." not in text:
        return
    groups: dict[str, Group] = {f"jetgen.{group}": group for group in GROUPS}
    for point in distribution.entry_points:
        if point.group in groups:
            yield Entry(groups[point.group], point.name, distribution.name, distribution.version, point.value)
