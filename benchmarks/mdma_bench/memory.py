"""The peak memory of one evaluation: what torch's own allocator was asked for, as its profiler recorded it.

    python -m mdma_bench.memory NETWORK N [N …]        (in the folder benchmarks; prints the bytes for each N as JSON)

Resident memory would depend on what malloc kept from before, and shows nothing below a megabyte; the sum of the
allocations is the same on every machine and in every run, and counts what a kernel takes for itself as well (it agrees
with the resident high-water mark where that is large). Each network has a process of its own: one that asks for more
than there is costs only its own row, and the profiler's messages do not mix with the tables.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from torch.profiler import ProfilerActivity, profile

from mdma_bench.evaluate import Evaluate
from mdma_bench.networks import network

__all__ = ["peak_bytes", "peaks_of"]

_FOLDER = Path(__file__).resolve().parents[1]


def peaks_of(name: str, sizes: list[int]) -> list[int]:
    """Bytes for a cloud of each size, found in a child process; none where it was killed or failed."""
    command = [sys.executable, "-m", "mdma_bench.memory", name, *map(str, sizes)]
    answer = subprocess.run(command, cwd=_FOLDER, capture_output=True, text=True, check=False)
    if answer.returncode:
        said = (answer.stderr.strip().splitlines() or ["it said nothing"])[-1]
        print(f"  the memory of {name} is not known: its process ended with status {answer.returncode} ({said})")
        return []
    return [int(line) for line in answer.stdout.split()]


def peak_bytes(evaluate: Evaluate, n: int) -> int:
    """The most that was allocated at a time while one cloud of ``n`` points was evaluated, its input apart."""
    points, mask, t = torch.ones((1, n, 3)), torch.ones((1, n), dtype=torch.bool), torch.full((1,), 0.5)
    with torch.no_grad(), profile(activities=[ProfilerActivity.CPU], profile_memory=True) as recorded:
        evaluate(points, mask, t)
    with tempfile.TemporaryDirectory(prefix="jetgen-mdma-") as folder:
        path = Path(folder) / "trace.json"
        recorded.export_chrome_trace(str(path))
        events = json.loads(path.read_text(encoding="utf-8"))["traceEvents"]
    return max(int(event["args"]["Total Allocated"]) for event in events if event.get("name") == "[memory]")


def main() -> None:
    """What the child does."""
    name, *sizes = sys.argv[1:]
    evaluate = network(name)
    peak_bytes(evaluate, 2)  # what is made once and kept is made here
    for n in map(int, sizes):
        print(peak_bytes(evaluate, n), flush=True)


if __name__ == "__main__":
    main()
