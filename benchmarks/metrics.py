"""The speed of the metrics beside jetnet 0.2.5 and energyflow, and how far the values of both differ.

    python benchmarks/metrics.py [--quick] [--out metrics.json]        (about ten minutes on two idle cores; quick: two)

Claimed are, at 10,000 and 50,000 jets of 30 and 150 particles: five EFPs at least 20 times as fast, 36 EFPs 10 times,
kpd 5 times, w1p 3 times, FPND twice, cov and mmd no slower. The peer runs in an environment of its own, which is made
in the cache folder when it is not there (it needs NumPy 1). Both sides read the same jets and have all cores; they
take turns at each case, and the fastest round of each counts. Imports, reading of files and one warm-up are not timed;
of the ways to call the peer the fastest counts. Exit status: 0 all targets met, 1 one missed, 3 there is no peer.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from jetgen.system import cache_folder
from metrics_speed.cases import CASES, Work, wanted
from metrics_speed.comparing import Measured, measure
from metrics_speed.environment import NoPeerError, check_peer, peer_python
from metrics_speed.jets import write_jets
from metrics_speed.side import Side
from metrics_speed.table import Row, header

_NO_PEER = 3
_NOTES = """
Seconds are the least of the rounds; "scaled from N" is linear in the number of jets (of batches: a hundred jets each).
"difference" is the largest relative difference of the values that both sides compute from the same jets. "MiB" is the
peak resident memory of each side while it worked, libraries and jets included.
fpd and kpd begin with the features (their EFPs are a row of their own), so the number of particles does not matter.
"""
_STAND_IN = "torch_cluster was replaced by a batched torch.topk in the peer's process unless it is installed there."


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="2,000 jets, 30 particles, one round")
    parser.add_argument("--jets", type=int, nargs="+", help="[10000 50000]")
    parser.add_argument("--particles", type=int, nargs="+", choices=(30, 150), help="[30 150]")
    parser.add_argument("--cases", nargs="+", choices=[case.name for case in CASES], help="only these")
    parser.add_argument("--rounds", type=int, help="of each case, at most [3]")
    parser.add_argument("--patience", type=float, default=12.0, help="seconds after which a case gets no further round")
    parser.add_argument("--peer", choices=("jetnet", "none"), default="jetnet")
    parser.add_argument("--peer-python", help="the interpreter of an environment that has the peer")
    parser.add_argument("--peer-folder", type=Path, help="where its environment is made [cache folder/peer-jetnet]")
    parser.add_argument("--memory", action=argparse.BooleanOptionalAction, default=None, help="of our EFPs, by itself")
    parser.add_argument("--out", type=Path, help="a JSON file with all of it")
    options = parser.parse_args()
    usual = ([2_000], [30], 1, False) if options.quick else ([10_000, 50_000], [30, 150], 3, True)
    for name, value in zip(("jets", "particles", "rounds", "memory"), usual, strict=True):
        if getattr(options, name) is None:
            setattr(options, name, value)
    return options


def _peer(options: argparse.Namespace) -> str | None:
    if options.peer == "none":
        return None
    if options.peer_python:
        check_peer(options.peer_python)
        return str(options.peer_python)
    return peer_python(options.peer_folder or cache_folder() / "peer-jetnet")


def _file(folder: Path, particles: int) -> Path:
    return folder / f"jets{particles}.npz"


def _rows(options: argparse.Namespace, folder: Path, peer: str | None) -> list[Row]:
    """Measure everything; each row is printed when it is there."""
    rows: list[Row] = []
    known: dict[Work, Measured] = {}
    print(header(), flush=True)
    with ExitStack() as stack:
        sides = {"ours": stack.enter_context(Side(sys.executable, "ours", folder / "ours.log"))}
        if peer is not None:
            sides["theirs"] = stack.enter_context(Side(peer, "theirs", folder / "theirs.log"))
        for case, particles, jets in wanted(options.jets, options.particles):
            if options.cases is not None and case.name not in options.cases:
                continue
            work = case.work(particles, jets)
            if work not in known:
                known[work] = measure(work, sides, _file(folder, particles), options.rounds, options.patience)
            rows.append(Row(case, particles, jets, work, known[work]))
            print(rows[-1].markdown(), flush=True)
    return rows


def _memory(folder: Path, particles: int, jets: int) -> dict[str, dict[str, Any]]:
    """Peak memory of our EFPs, in a process for each set of graphs."""
    answers = {}
    for case in ("efps5", "efps36"):
        with Side(sys.executable, "ours", folder / "memory.log") as side:
            answer = side.ask(case=case, jets_file=_file(folder, particles), jets=jets, compared=1)
        answers[case] = answer
        said = answer.get("error") or f"{answer['memory']:.0f} MiB at most, libraries and jets included"
        print(f"{case} of ours by itself, {jets:,} jets of {particles} particles: {said}")
    return answers


def _machine() -> dict[str, Any]:
    """Where it ran, and how busy that was before."""
    return {
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "system": platform.system(),
    }


def main() -> int:
    """Run the comparison."""
    options = _options()
    machine, start = _machine(), time.monotonic()
    try:
        peer = _peer(options)
    except NoPeerError as error:
        print(error, file=sys.stderr)
        return _NO_PEER
    with tempfile.TemporaryDirectory(prefix="jetgen-metrics-") as name:
        folder = Path(name)
        for particles in options.particles:
            write_jets(_file(folder, particles), particles, max(*options.jets, 1_000), features=particles == 30)
        rows = _rows(options, folder, peer)
        print(_NOTES + (_STAND_IN if peer else ""))
        memory = _memory(folder, max(options.particles), max(options.jets)) if options.memory else {}
    missed = [f"{row.case.label} ({row.particles} particles, {row.jets:,} jets)" for row in rows if row.met is False]
    print(f"{machine['cores']} cores, load before: {machine['load']}, {time.monotonic() - start:.0f} s in all")
    print(f"targets missed: {', '.join(missed) or 'none'}")
    if options.out:
        document = {"machine": machine, "rows": [row.document() for row in rows], "memory": memory, "missed": missed}
        options.out.write_text(json.dumps(document, indent=1) + "\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
