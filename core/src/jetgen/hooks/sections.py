"""What a plugin adds to the report of a run: sections with words and figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jetgen.plot.style import Draw

__all__ = ["Drawing", "Section"]


@dataclass(frozen=True)
class Drawing:
    """A figure of the report, drawn when the page is made.

    Arguments:
        name: what its file is called, without an ending.
        caption: what it shows, in a sentence or two.
        draw: draws it into an empty matplotlib figure and sets its size in inches. An error there costs the report
            this figure only.
    """

    name: str
    caption: str
    draw: Draw


@dataclass(frozen=True)
class Section:
    """A section of the report.

    Arguments:
        title: its heading.
        text: paragraphs, parted by empty lines; plain text.
        drawings: its figures.
    """

    title: str
    text: str = ""
    drawings: tuple[Drawing, ...] = ()
