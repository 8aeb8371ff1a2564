"""Hooks of a run, called by pluggy in the driver process only.

A plugin marks its functions and names their module, an object or a class in the entry-point group ``jetgen.hooks``:

>>> from jetgen.hooks import hookimpl
>>> class Counter:
...     rows = 0
...
...     @hookimpl
...     def jetgen_cell_finished(self, row):
...         self.rows += 1
"""

from __future__ import annotations

from jetgen.hooks.manager import Hooks
from jetgen.hooks.sections import Drawing, Section
from jetgen.hooks.specifications import hookimpl

__all__ = ["Drawing", "Hooks", "Section", "hookimpl"]
