"""Kill one run again and again at random moments, rerun it to the end, and compare it with an undisturbed one.

    python benchmarks/kills.py --kills 20 --generator rqs-flow --preset tiny --dataset pythia-top30@tiny

Each kill is a SIGKILL, to the driver with its whole process group or to one of the processes below it; then the same
command is given again. A run that comes to its end is compared with the undisturbed one to the last bit, and the next
one begins, until there were enough kills. Printed are the rows that were lost, and whether all is equal.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil


def _command(run: Path, options: argparse.Namespace) -> list[str]:
    names = ["-g", options.generator, "-d", options.dataset, "--preset", options.preset, "--draws", "2"]
    return [sys.executable, "-m", "jetgen.cli", "run", *names, "--out", str(run)]


def _start(run: Path, options: argparse.Namespace) -> subprocess.Popen[bytes]:
    null = subprocess.DEVNULL
    return subprocess.Popen(_command(run, options), stdout=null, stderr=null, start_new_session=True)


def _kill(process: subprocess.Popen[bytes], moments: random.Random) -> str | None:
    """SIGKILL the driver or one of its descendants; what was hit, None if the run had ended."""
    below = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    if below and moments.random() < 0.5:
        victim = moments.choice(below)
        try:
            words = victim.cmdline()
            victim.kill()
        except psutil.NoSuchProcess:
            return "a process that had just ended"
        return "stage " + " ".join(words[5:]) if "jetgen.harness.run.stage" in words else "cell or worker"
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        return "driver"
    return None


def _rows(run: Path) -> dict[str, bytes]:
    """The finished rows by cell; a killed stage's own row is there to be replaced."""
    found = {path.parent.name: path.read_bytes() for path in run.glob("cells/*/row.json")}
    return {name: text for name, text in found.items() if json.loads(text)["status"] == "ok"}


def _digests(run: Path) -> dict[str, str]:
    """Weights and samples of every cell."""
    files = [*run.glob("cells/*/model/**/*"), *run.glob("cells/*/samples.h5")]
    return {
        str(path.relative_to(run)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files if path.is_file()
    }


def _scores(run: Path) -> dict[str, dict[str, list[float]]]:
    documents = {name: json.loads(text) for name, text in _rows(run).items()}
    return {
        name: {key: score["values"] for key, score in document["scores"].items()}
        for name, document in documents.items()
    }


def _same(calm: Path, killed: Path) -> bool:
    """Whether weights, samples and scores are equal to the last bit; a line about it."""
    files, scores = _digests(calm) == _digests(killed), _scores(calm) == _scores(killed)
    print(f"  ended: weights and samples equal: {files} ({len(_digests(calm))} files), scores equal: {scores}")
    return files and scores


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--generator", default="rqs-flow")
    parser.add_argument("--dataset", default="pythia-top30@tiny")
    parser.add_argument("--preset", default="tiny")
    parser.add_argument("--longest", type=float, default=8.0, help="seconds between a start and its kill, at most")
    parser.add_argument("--seed", type=int, default=1, help="of the moments of the kills")
    return parser.parse_args()


def main() -> int:
    """Run the comparison; exit status 1 if anything was lost or differs."""
    options = _options()
    moments = random.Random(options.seed)
    folder = Path(tempfile.mkdtemp(prefix="jetgen-kills-"))
    start = time.monotonic()
    status = _start(folder / "calm", options).wait()
    print(f"undisturbed run: exit status {status}, {time.monotonic() - start:.0f} s")
    kills, lost, life, good = 0, 0, 1, status == 0
    while True:
        run = folder / f"life-{life}"
        process = _start(run, options)
        if kills < options.kills:
            time.sleep(moments.uniform(0.2, options.longest))
        else:
            process.wait()
        before = _rows(run)
        hit = _kill(process, moments)
        status = process.wait()
        after = _rows(run)
        lost += sum(name not in after for name in before)
        if hit is not None:
            kills += 1
            print(f"kill {kills:2d}, life {life}: {hit}; rows that are ok: {len(after)}")
        elif status == 0:
            good = _same(folder / "calm", run) and good
            life += 1
            if kills >= options.kills:
                break
        else:
            good = False
            print(f"  a run that nobody killed ended with status {status}")
            break
    print(f"{kills} kills in {life - 1} lives; rows lost: {lost}; everything equal: {good}")
    return 0 if good and not lost else 1


if __name__ == "__main__":
    sys.exit(main())
