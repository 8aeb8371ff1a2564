"""Time `jetbench list` as a whole process, with a warm cache, beside a Python that does nothing.

Run it by `python benchmarks/list_speed.py --runs 15`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from statistics import median


def _seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    """Print the medians and the ratio; the two commands take turns, so that a busy machine hits both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    commands = {"jetbench list": [sys.executable, "-m", "jetgen.cli", "list"], "python": [sys.executable, "-c", "pass"]}
    for command in commands.values():
        _seconds(command)
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            seconds[name].append(_seconds(command))
    for name, values in seconds.items():
        print(f"{name}: median {median(values):.3f} s, from {min(values):.3f} to {max(values):.3f} s, {runs} runs")
    ratio = median(a / b for a, b in zip(seconds["jetbench list"], seconds["python"], strict=True))
    print(f"ratio: {ratio:.1f}")


if __name__ == "__main__":
    main()
