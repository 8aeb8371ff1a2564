"""Run the notebook in docs/ and keep its outputs: ``python benchmarks/notebook_page.py`` (some minutes on two cores).

A test runs it too, with the smallest dataset; this is how the outputs in the repository are made.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[1] / "docs" / "jets-in-a-notebook.ipynb"


def executed(path: Path, size: str) -> Any:
    """The notebook with its outputs on a dataset of this size.

    Raises:
        nbclient.exceptions.CellExecutionError: if a cell fails.
    """
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    for cell in notebook.cells:
        cell.source = cell.source.replace('SIZE = "small"', f'SIZE = "{size}"')
    NotebookClient(notebook, timeout=3600, record_timing=False).execute()
    return notebook


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="small", help="of the dataset")
    parser.add_argument("--out", type=Path, default=NOTEBOOK, help="where the notebook with its outputs is written")
    asked = parser.parse_args()
    nbformat.write(executed(NOTEBOOK, asked.size), asked.out)  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
