"""The speed of the Pythia datasets: milliseconds of wall time per jet, with 1 and 2 processes.

python benchmarks/pythia_speed.py [--parton top] [--jets 1000]
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time

from jetgen_pythia.dataset import PythiaJets
from jetgen_pythia.pool import make_shards
from jetgen_pythia.recipe import PARTONS
from jetgen_pythia.shards import home, shards


def in_process(parton: str, jets: int) -> float:
    """Seconds for ``jets`` jets from ``simulate``: one process, one thread, Pythia already initialised."""
    dataset = PythiaJets.create("tiny", parton=parton, particles=150)
    dataset.simulate(10, 0)
    start = time.perf_counter()
    dataset.simulate(jets, 1)
    return time.perf_counter() - start


def in_workers(parton: str, jets: int, processes: int) -> float:
    """Seconds for ``jets`` jets into an empty cache, including the start of the processes."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["JETGEN_CACHE"] = folder
        start = time.perf_counter()
        make_shards(shards(home(parton), parton, "train", jets), processes, lambda: None)
        return time.perf_counter() - start


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parton", choices=list(PARTONS), default="top")
    parser.add_argument("--jets", type=int, default=1000, help="rounded up to whole shards of 100 with processes")
    options = parser.parse_args()
    rows = {"simulate, 1 process": in_process(options.parton, options.jets)}
    for processes in (1, 2):
        rows[f"prepare, {processes} process{'es'[: 2 * (processes - 1)]}"] = in_workers(
            options.parton, options.jets, processes
        )
    for name, seconds in rows.items():
        print(f"{name:22} {1000 * seconds / options.jets:7.2f} ms/jet {options.jets / seconds:7.1f} jets/s")


if __name__ == "__main__":
    main()
