"""What a notebook shows of an object: a small table, with everything from outside escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from jetgen.data.spec import CloudSpec

__all__ = ["columns_html", "facts_html", "in_words"]


def facts_html(title: str, facts: Mapping[str, object]) -> str:
    """A table of names and values below a title.

    >>> facts_html("a < b", {"n": 3})
    '<b>a &lt; b</b><table><tr><td>n</td><td>3</td></tr></table>'
    """
    lines = (f"<tr><td>{escape(name)}</td><td>{escape(str(value))}</td></tr>" for name, value in facts.items())
    return f"<b>{escape(title)}</b><table>{''.join(lines)}</table>"


def columns_html(heads: Sequence[str], lines: Sequence[Sequence[object]]) -> str:
    """A table with a head."""
    head = "".join(f"<th>{escape(one)}</th>" for one in heads)
    body = ("".join(f"<td>{escape(str(cell))}</td>" for cell in line) for line in lines)
    return f"<table><tr>{head}</tr>{''.join(f'<tr>{line}</tr>' for line in body)}</table>"


def in_words(spec: CloudSpec) -> str:
    """Clouds of this spec.

    >>> from jetgen.data.jets import jet_spec
    >>> in_words(jet_spec(30))
    'jets of up to 30 points (etarel, phirel, ptrel)'
    """
    given = f" given {', '.join(spec.conditioning_names)}" if spec.conditioning else ""
    answers = " that answer true events" if spec.given is not None else ""
    return f"{spec.kind} of up to {spec.max_points} points ({', '.join(spec.names)}){given}{answers}"
