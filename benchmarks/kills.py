"""Kill one run again and again at random moments, rerun it to the end, and compare it with an undisturbed one.

    python benchmarks/kills.py --kills 20 --generator rqs-flow --preset tiny --dataset pythia-top30@tiny

Each kill is a SIGKILL, to the driver with its whole process group or to one of the processes below it. Printed are
the rows that were lost, and whether the weights and the scores at the end are equal to the last bit.
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


def _kill(process: subprocess.Popen[bytes], moments: random.Random) -> str:
    """SIGKILL the driver or one of its descendants; what was hit."""
    below = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    if below and moments.random() < 0.5:
        victim = moments.choice(below)
        try:
            words = victim.cmdline()
            victim.kill()
        except psutil.NoSuchProcess:
            return "nobody (it had just ended)"
        return "stage " + " ".join(words[5:]) if "jetgen.harness.stage" in words else "cell or worker"
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        return "driver"
    return "nobody (the run had ended)"


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


def main() -> int:
    """Run the comparison; exit status 1 if anything was lost or differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--generator", default="rqs-flow")
    parser.add_argument("--dataset", default="pythia-top30@tiny")
    parser.add_argument("--preset", default="tiny")
    parser.add_argument("--seed", type=int, default=1, help="of the moments of the kills")
    options = parser.parse_args()
    moments = random.Random(options.seed)
    folder = Path(tempfile.mkdtemp(prefix="jetgen-kills-"))
    start = time.monotonic()
    calm_status = _start(folder / "calm", options).wait()
    calm_seconds = time.monotonic() - start
    print(f"undisturbed run: exit status {calm_status}, {calm_seconds:.0f} s")
    lost = 0
    for kill in range(options.kills):
        process = _start(folder / "killed", options)
        time.sleep(moments.uniform(0.2, calm_seconds / 3))
        before = _rows(folder / "killed")
        hit = _kill(process, moments)
        process.wait()
        after = _rows(folder / "killed")
        lost += sum(name not in after for name in before)
        print(f"kill {kill + 1:2d}: {hit}; {len(after)} rows are there")
    status = _start(folder / "killed", options).wait()
    calm, killed = _digests(folder / "calm"), _digests(folder / "killed")
    same_files = calm == killed
    same_scores = _scores(folder / "calm") == _scores(folder / "killed")
    print(f"rerun to the end: exit status {status}")
    print(
        f"rows lost: {lost}; weights and samples equal: {same_files} ({len(calm)} files); scores equal: {same_scores}"
    )
    return 0 if calm_status == status == lost == 0 and same_files and same_scores else 1


if __name__ == "__main__":
    sys.exit(main())
