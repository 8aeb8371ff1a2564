"""The notebook in docs/ runs as it stands, and keeps what it shows."""

from __future__ import annotations

from typing import Any

import nbformat
import pytest
from notebook_page import NOTEBOOK, executed


def kinds(cell: Any) -> list[str]:
    """What a cell shows, by the richest form of each output; text that is printed comes in any number of parts."""
    shown: list[str] = []
    for output in cell.outputs:
        data = output.get("data", {})
        kind = next((kind for kind in ("image/png", "text/html", "text/plain") if kind in data), "printed")
        if [kind] != shown[-1:] or kind != "printed":
            shown.append(kind)
    return shown


def code(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.fixture(scope="module")
def now(session_cache):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JETGEN_CACHE", str(session_cache))
        return code(executed(NOTEBOOK, "tiny"))


def test_every_cell_runs_and_shows_what_the_notebook_in_the_repository_shows(now):
    kept = code(nbformat.read(NOTEBOOK, as_version=4))
    assert [kinds(cell) for cell in now] == [kinds(cell) for cell in kept]
    assert [cell.execution_count for cell in kept] == list(range(1, len(kept) + 1))


def test_figures_are_pictures_and_nothing_is_written_to_standard_error(now):
    pictures = [cell for cell in now if "image/png" in kinds(cell)]
    assert len(pictures) == 3
    assert all(len(cell.outputs[-1].data["image/png"]) > 20_000 for cell in pictures)
    assert not [output for cell in now for output in cell.outputs if output.get("name") == "stderr"]
