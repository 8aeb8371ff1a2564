"""A figure that a notebook shows as a picture, whether pyplot was imported there or not."""

from __future__ import annotations

import io
from typing import Any

from matplotlib.figure import Figure

from jetgen.plot.style import styled

__all__ = ["ShownFigure"]


class ShownFigure(Figure):
    """A matplotlib figure without a window, in our style wherever it is drawn."""

    def savefig(self, fname: Any, **more: Any) -> None:
        """As that of matplotlib: fonts are looked up when a figure is drawn, so the style is needed again."""
        with styled():
            super().savefig(fname, **more)

    def _repr_png_(self) -> bytes:
        file = io.BytesIO()
        self.savefig(file, format="png", dpi=80)
        return file.getvalue()
