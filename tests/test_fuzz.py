"""A small budget of ``benchmarks/fuzz.py``: damaged files and folders are read as they were, or refused."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "fuzz.py"
ENOUGH = 200
FILES = ".h5,.hdf5,.npz"  # models have more in `make fuzz`: to train one would take longer than all of this


def test_no_damaged_file_is_a_traceback_a_hang_or_read_as_another(tmp_path):
    command = [sys.executable, BENCHMARK, "--inputs", str(ENOUGH), "--seed", "7", "--only", FILES]
    subprocess.run([*command, "--json", tmp_path / "counts.json"], check=True, capture_output=True)
    counts = json.loads((tmp_path / "counts.json").read_text(encoding="utf-8"))
    assert not [line for one in counts.values() for line in one.pop("bad")]
    assert max(one.pop("peak") for one in counts.values()) < 100
    total = sum(map(Counter, counts.values()), Counter())
    assert sum(total.values()) == ENOUGH
    assert total["refused"] > ENOUGH / 2
