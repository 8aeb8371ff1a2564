"""The scores of a run as a table of pandas."""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path
from typing import Any

from jetgen.errors import UsageError
from jetgen.harness.report.results import records
from jetgen.harness.run.tables import rows_of
from jetgen.harness.store.plan import read_plan

__all__ = ["load_run"]


def load_run(run: str | Path) -> Any:
    """A frame of pandas with a line for each score of each row of a run folder, as ``results.parquet`` has it.

    Raises:
        UsageError: if pandas is not installed.
        RunFolderError: if the folder is no run folder.
    """
    if importlib.util.find_spec("pandas") is None:
        msg = "load_run makes a table of pandas, which is not installed: pip install pandas"
        raise UsageError(msg)
    pandas: Any = importlib.import_module("pandas")
    folder = Path(run)
    return pandas.DataFrame(records(rows_of(folder, read_plan(folder))))
