"""Which generators, datasets, metrics and hooks there are, found without letting a plugin hurt the rest."""

from __future__ import annotations

from jetgen.api.loading import load_target
from jetgen.registry.catalogue import Registry
from jetgen.registry.discovery import discover
from jetgen.registry.plugin import GROUPS, Entry, Group, Plugin, State

__all__ = ["GROUPS", "Entry", "Group", "Plugin", "Registry", "State", "discover", "load_target"]
