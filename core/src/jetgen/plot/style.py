"""The style of all figures: mplhep's, truth in grey, models in colours that everyone can tell apart."""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from jetgen.errors import UsageError
from jetgen.io.atomic import atomic_path

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["COLOURS", "TRUE", "Draw", "figure_of", "missing_libraries", "rendered", "save", "styled", "wrapped"]

TRUE = "black"
"""The colour of truth."""

COLOURS = ("#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#a65628", "#7f7f7f")
"""The colours of models, in their order (Okabe and Ito, and two more)."""

Draw = Callable[["Figure"], None]
"""Draws into an empty figure and sets its size in inches."""


def missing_libraries() -> str | None:
    """What to install before figures can be drawn, in one sentence; None if nothing is missing."""
    absent = [name for name in ("matplotlib", "mplhep") if importlib.util.find_spec(name) is None]
    if not absent:
        return None
    return f"figures need {' and '.join(absent)}, which is not installed: pip install 'jetgen[figures]'"


def wrapped(name: str) -> str:
    """The name of a model on several lines, as it stands above a narrow panel.

    >>> wrapped("mdma-gan,weights=pythia-top30").splitlines()
    ['mdma-gan,', 'weights=pythia-top30']
    """
    return name.replace(",", ",\n")


@contextmanager
def styled() -> Iterator[None]:
    """Figures that are made and written inside have our style; the style of the process is left alone.

    Raises:
        UsageError: if matplotlib or mplhep is not installed.
    """
    reason = missing_libraries()
    if reason is not None:
        raise UsageError(reason)
    import matplotlib as mpl
    import mplhep

    with mpl.rc_context({**mplhep.style.ATLAS, "legend.frameon": False, "font.size": 12, "axes.labelsize": 13}):
        yield


def figure_of(draw: Draw) -> Figure:
    """The figure itself, as a notebook shows it.

    Raises:
        UsageError: if matplotlib or mplhep is not installed.
    """
    with styled():
        from jetgen.plot.shown_figure import ShownFigure

        figure = ShownFigure(layout="constrained")
        draw(figure)
    return figure


def rendered(draw: Draw, *formats: str, dpi: int = 80) -> list[bytes]:
    """One figure as files of these formats, such as ``"png"`` and ``"pdf"``; it needs no screen.

    Raises:
        UsageError: if matplotlib or mplhep is not installed.
    """
    with styled():
        figure = figure_of(draw)
        files = []
        for kind in formats:
            file = io.BytesIO()
            # Without a date the same figure has the same bytes.
            figure.savefig(file, format=kind, dpi=dpi, metadata={"CreationDate": None} if kind == "pdf" else None)
            figure.set_layout_engine("none")  # it is as dear as drawing, and the next format has the same layout
            files.append(file.getvalue())
    return files


def save(path: Path, draw: Draw, dpi: int = 80) -> Path:
    """One figure as PNG, whole or not at all; its path.

    Raises:
        UsageError: if matplotlib or mplhep is not installed.
        StorageError: if it cannot be written.
    """
    (content,) = rendered(draw, "png", dpi=dpi)
    with atomic_path(path) as aside:
        aside.write_bytes(content)
    return path
