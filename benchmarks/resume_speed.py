"""Time `jetbench run` on a run folder where every cell is finished, by the number of cells.

    python benchmarks/resume_speed.py --cells 100 2000 --dataset pythia-top30@tiny

One seed is really run. Its cell is then copied to the other seeds, with the records and the row that each of them
would have, so that the same command with more seeds finds nothing to do. The figures are seconds of the whole process:
plan, comparison of every record with today's inputs and code, hooks, tables and `results.parquet`.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from jetgen.harness.store.plan import CellPlan, Plan, read_plan
from jetgen.harness.store.row import read_row
from jetgen.harness.store.stages import StageStore
from jetgen.io.json_objects import digest


def _command(options: argparse.Namespace, run: Path, seeds: int) -> list[str]:
    words = ["-g", options.generator, "-d", options.dataset, "--preset", "tiny", "--draws", "2", "--seeds", str(seeds)]
    return [sys.executable, "-m", "jetgen.cli", "run", *words, "--out", str(run)]


def _copy(run: Path, plan: Plan, first: CellPlan, seed: int) -> None:
    """The finished cell of another seed: the records of the first one with the inputs and keys of this one."""
    cell = first.model_copy(update={"id": first.id.removesuffix("s0") + f"s{seed}", "seed": seed})
    here, there = StageStore(run, plan, first), StageStore(run, plan, cell)
    shutil.copytree(here.folder / "model", there.folder / "model")
    os.link(here.folder / "samples.h5", there.folder / "samples.h5")
    (there.folder / "stages").mkdir()
    keys = {}
    for stage in there.stages:
        record = here.record(stage)
        if record is None:
            msg = f"the stage {stage} of {first.id} has no record"
            raise SystemExit(msg)
        if stage != "prepare":
            inputs = there.inputs(stage)
            key = digest({"inputs": inputs, "modules": record.modules, "torch": record.torch})
            record = record.model_copy(update={"inputs": inputs, "key": key})
            there.write(record)
        keys[stage] = record.key
    row = read_row(run, first)
    if row is not None:
        row = row.model_copy(update={"id": cell.id, "seed": seed, "keys": keys})
        (there.folder / "row.json").write_text(row.model_dump_json(indent=1), encoding="utf-8")


def _seconds(command: list[str]) -> tuple[float, float]:
    """Wall-clock and CPU seconds of a command; the second are the fairer ones on a busy machine."""
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - start, cpu


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--cells", type=int, nargs="+", default=[100, 2000])
    parser.add_argument("--generator", default="rqs-flow")
    parser.add_argument("--dataset", default="pythia-top30@tiny")
    parser.add_argument("--runs", type=int, default=3, help="timed calls for each number of cells")
    return parser.parse_args()


def main() -> None:
    """Print the medians, and stop if a call that should do nothing has written a record."""
    options = _options()
    run = Path(tempfile.mkdtemp(prefix="jetgen-resume-")) / "run"
    print(f"one seed, really run: {_seconds(_command(options, run, 1))[0]:.1f} s")
    plan = read_plan(run)
    first = next(cell for cell in plan.cells if cell.generator is not None and cell.generator.name == options.generator)
    seeds, others = 1, len(plan.cells) - 1
    for cells in sorted(options.cells):
        for seed in range(seeds, cells - others):
            _copy(run, plan, first, seed)
        seeds = max(seeds, cells - others)
        command = _command(options, run, seeds)
        before = {path: path.stat().st_mtime_ns for path in run.glob("cells/*/*/*.json")}
        seconds = [_seconds(command) for _ in range(options.runs)]
        after = {path: path.stat().st_mtime_ns for path in run.glob("cells/*/*/*.json")}
        if after != before or len(json.loads((run / "plan.json").read_text())["cells"]) != cells:
            sys.exit("the run did something: its cells are not finished copies")
        wall, cpu = ([one[part] for one in seconds] for part in (0, 1))
        spread = f"from {min(wall):.2f} to {max(wall):.2f}"
        print(f"{cells} finished cells: median {median(wall):.2f} s, {spread} s, CPU {median(cpu):.2f} s", flush=True)
    shutil.rmtree(run.parent)


if __name__ == "__main__":
    main()
