"""Digests of source files that a changed comment or docstring leaves alone."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
import sys
from functools import cache
from pathlib import Path

from jetgen.errors import JetgenError
from jetgen.io.atomic import write_json
from jetgen.system import cache_folder

__all__ = ["SourceDigests"]

_MOST = 5_000  # digests that are kept: the last edits of a few hundred files


class SourceDigests:
    """Digests of source files. Parsing takes long, so the cache folder keeps what was parsed once."""

    def __init__(self) -> None:
        # The fields of the syntax tree differ between versions of Python.
        self._path = cache_folder() / f"syntax-{sys.version_info.major}.{sys.version_info.minor}.json"
        self._known = _read(self._path)
        self._grown = False

    def digest(self, path: Path) -> str | None:
        """SHA-256 of the syntax tree of a Python file, of the bytes of any other file; None if it cannot be read."""
        try:
            content = path.read_bytes()
        except OSError:
            return None
        of_bytes = hashlib.sha256(content).hexdigest()
        if path.suffix != ".py":
            return of_bytes
        if of_bytes not in self._known:
            self._known[of_bytes] = _tree_digest(content) or of_bytes
            self._grown = True
        return self._known[of_bytes]

    def save(self) -> None:
        """Write what is new. A cache that cannot be written is no error: the files are parsed again."""
        if self._grown:
            self._grown = False
            with contextlib.suppress(JetgenError, OSError):
                write_json(self._path, dict(list(self._known.items())[-_MOST:]))


@cache
def _read(path: Path) -> dict[str, str]:
    """The digests of the cache by the digests of the bytes; one dictionary for the whole process."""
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def _tree_digest(content: bytes) -> str | None:
    """SHA-256 of the syntax tree without docstrings; None if the file does not parse."""
    try:
        text = ast.dump(_WithoutTexts().visit(ast.parse(content)))
    except (SyntaxError, ValueError, RecursionError):
        return None
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class _WithoutTexts(ast.NodeTransformer):
    """Removes statements that are a string and nothing else: docstrings, and the descriptions of attributes."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        lone = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if lone else node
