"""The figures of the report: drawn, kept as PDF beside the page, and put into it as PNG."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from pathlib import Path

from jetgen.api.loading import first_line
from jetgen.hooks import Drawing, Section
from jetgen.io.atomic import atomic_path
from jetgen.plot.style import missing_libraries, rendered

__all__ = ["DrawnFigure", "DrawnSection", "drawn"]

_DPI = 72


@dataclass(frozen=True)
class DrawnFigure:
    """A figure for the page.

    Arguments:
        image: the PNG in base 64; empty if it could not be drawn.
        file: of the PDF, in the folder of the figures.
        reason: why there is none.
    """

    name: str
    caption: str
    image: str = ""
    file: str = ""
    reason: str = ""


@dataclass(frozen=True)
class DrawnSection:
    """A section for the page."""

    title: str
    anchor: str
    paragraphs: tuple[str, ...]
    figures: tuple[DrawnFigure, ...]


def drawn(section: Section, anchor: str, folder: Path) -> DrawnSection:
    """The section with its figures drawn; what goes wrong with one costs that one only.

    Raises:
        StorageError: if a figure cannot be written.
    """
    paragraphs = tuple(part.strip() for part in section.text.split("\n\n") if part.strip())
    figures = tuple(_figure(one, f"{anchor}-{i}", folder) for i, one in enumerate(section.drawings))
    return DrawnSection(section.title, anchor, paragraphs, figures)


def _figure(drawing: Drawing, name: str, folder: Path) -> DrawnFigure:
    reason = missing_libraries()
    if reason is not None:
        return DrawnFigure(name, drawing.caption, reason=reason)
    try:
        png, pdf = rendered(drawing.draw, "png", "pdf", dpi=_DPI)
    except Exception as error:  # noqa: BLE001 (it may be anybody's code, on anybody's clouds)
        return DrawnFigure(name, drawing.caption, reason=first_line(error))
    file = re.sub(r"[^\w@.-]+", "-", drawing.name) + ".pdf"
    with atomic_path(folder / file) as aside:
        aside.write_bytes(pdf)
    return DrawnFigure(name, drawing.caption, base64.b64encode(png).decode(), file)
