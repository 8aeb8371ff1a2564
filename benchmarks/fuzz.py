"""Read damaged files, weights and cards, and count what comes of it.

    python benchmarks/fuzz.py [--inputs 10000] [--seed 1] [--json OUT]

Every input is made from a healthy one by damage to its bytes, by an edit with the library of its format, or by a trap
(see ``fuzzing/``), and read in a process of its own. The outcomes:

read        equal to the healthy one: the damage was where nothing is read
refused     by one sentence that begins with the file
legal       an edit made another legal file, which is read
unseen      a number changed in a format without checksums, which nobody can notice
wrong       read as something else although it could be noticed, or a trap that caught us
untidy      refused, but not by one sentence that names the file
traceback, hang (10 s), crash
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fuzzing.damage import BYTES, KINDS
from fuzzing.edits import JSON_EDITS, edit_safetensors
from fuzzing.hdf5_edits import HDF5_EDITS, HDF5_TRAPS
from fuzzing.healthy import HEALTHY, Healthy
from fuzzing.npz_edits import NPZ_EDITS, NPZ_TRAPS
from fuzzing.trial import Outcome, attempt

_COLUMNS = ("read", "refused", "legal", "unseen", "wrong", "untidy", "traceback", "hang", "crash")
_BAD = _COLUMNS[4:]
_SHOWN = 40


@dataclass
class _Count:
    """The outcomes of one healthy input."""

    outcomes: Counter[str] = field(default_factory=Counter)
    peak: float = 0.0
    largest: str = ""
    bad: list[str] = field(default_factory=list)


def main() -> None:
    """Make the inputs, read them and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--only", default="", help="only healthy inputs with one of these words in the name; with commas"
    )
    parser.add_argument("--json", type=Path, help="write the counts to this file")
    asked = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # a fork does not survive threads of torch
    with tempfile.TemporaryDirectory() as folder:
        counts = _run(Path(folder), asked.inputs, asked.seed, asked.only)
    _print(counts)
    if asked.json:
        document = {name: {**one.outcomes, "peak": round(one.peak, 1), "bad": one.bad} for name, one in counts.items()}
        asked.json.write_text(json.dumps(document, indent=1), encoding="utf-8")


def _run(home: Path, inputs: int, seed: int, only: str) -> dict[str, _Count]:
    (home / "healthy").mkdir()
    (home / "damaged").mkdir()
    chosen = [one for one in HEALTHY if any(word in one.name for word in only.split(",") or [""])]
    if not chosen:
        msg = f"no healthy input is called like {only}; there are {', '.join(one.name for one in HEALTHY)}"
        raise SystemExit(msg)
    contents = {}
    for one in chosen:
        one.write(home / "healthy" / one.name)
        contents[one.name] = one.read(home / "healthy" / one.name)  # here, so that children find all modules loaded
    counts = {one.name: _Count() for one in chosen}
    for i in range(inputs):
        one, dice = chosen[i % len(chosen)], random.Random(f"{seed}/{i}")
        path = home / "damaged" / one.name
        label, kind, file = _damage(home / "healthy" / one.name, path, dice)
        outcome = attempt(one.read, path)
        result = _judge(one, outcome, kind, file, contents[one.name])
        _note(counts[one.name], result, f"{i} {label} of {file}: {outcome.text[-300:]}", outcome.peak)
        shutil.rmtree(home / "damaged")
        (home / "damaged").mkdir()
    return counts


def _note(count: _Count, result: str, what: str, peak: float) -> None:
    count.outcomes[result] += 1
    if peak > count.peak:
        count.peak, count.largest = peak, what
    if result in _BAD:
        count.bad.append(f"{result}: {what}")


def _damage(healthy: Path, path: Path, dice: random.Random) -> tuple[str, str, str]:
    """Make a damaged copy at ``path``: what was done, whether it is damage, an edit or a trap, and to which file."""
    if not healthy.is_dir():
        shutil.copy(healthy, path)
        return _damage_file(path, dice)
    shutil.copytree(healthy, path)
    return _damage_file(dice.choice(sorted(path.iterdir())), dice)


def _damage_file(path: Path, dice: random.Random) -> tuple[str, str, str]:
    if dice.random() < 0.05:
        label = dice.choice(sorted(KINDS))
        path.unlink()
        KINDS[label](path)
        return label, "trap", path.name
    edits = list(_edits(path))
    if edits and dice.random() < 0.4:
        label, kind, edit = dice.choice(edits)
        try:
            edit(path, dice)
        except (ValueError, TypeError, KeyError, OSError, AttributeError) as error:  # this file cannot be edited so
            return f"{label} ({error})", "edit", path.name
        return label, kind, path.name
    label = dice.choice(sorted(BYTES))
    data = bytearray(path.read_bytes())
    BYTES[label](data, dice)
    path.write_bytes(data)
    return label, "damage", path.name


def _edits(path: Path) -> Iterator[tuple[str, str, Callable[[Path, random.Random], Any]]]:
    tables: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        ".h5": (dict(HDF5_EDITS), dict(HDF5_TRAPS)),
        ".hdf5": (dict(HDF5_EDITS), dict(HDF5_TRAPS)),
        ".npz": (dict(NPZ_EDITS), dict(NPZ_TRAPS)),
        ".json": (dict(JSON_EDITS), {}),
        ".safetensors": ({"another header": edit_safetensors}, {}),
    }
    edits, traps = tables.get(path.suffix, ({}, {}))  # tables get no edits
    yield from ((label, "edit", edit) for label, edit in edits.items())
    yield from ((label, "trap", edit) for label, edit in traps.items())


def _judge(one: Healthy, outcome: Outcome, kind: str, file: str, content: str) -> str:
    if outcome.result != "read" or outcome.text == content:
        return outcome.result
    if kind == "edit":
        # One checksum covers both files of a torch model, also against whole files; HDF5 writes its checksums anew.
        return "wrong" if file in ("model.json", "weights.safetensors", "generator.json") else "legal"
    return "unseen" if kind == "damage" and one.unchecked in ("*", file) else "wrong"


def _print(counts: dict[str, _Count]) -> None:
    width = max(len(name) for name in counts)
    print(" " * width, *(f"{column:>9}" for column in _COLUMNS), "  peak MB")
    for name, one in counts.items():
        print(f"{name:{width}}", *(f"{one.outcomes[column]:9}" for column in _COLUMNS), f"{one.peak:9.0f}")
    total = sum((one.outcomes for one in counts.values()), Counter())
    most = max(counts.values(), key=lambda one: one.peak)
    print(f"{'all':{width}}", *(f"{total[column]:9}" for column in _COLUMNS), f"{most.peak:9.0f}")
    print("most memory:", most.largest.replace("\n", " | "))
    bad = [line for one in counts.values() for line in one.bad]
    for line in bad[:_SHOWN]:
        print("-", line.replace("\n", " | "))
    if len(bad) > _SHOWN:
        print(f"- and {len(bad) - _SHOWN} more")


if __name__ == "__main__":
    main()
