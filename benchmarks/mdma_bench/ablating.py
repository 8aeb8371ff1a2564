"""Variants of a preset, trained and judged one after the other: what both scripts of ablations do."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

__all__ = ["Row", "Variants", "ablate"]

Row = Mapping[str, Any]
Variants = Mapping[str, Mapping[str, Any]]

_KEY = ("variant", "dataset", "preset", "asked_steps", "seed")


def ablate(
    description: str | None,
    variants: Variants,
    run: Callable[[str, argparse.Namespace, int], Row],
    show: Callable[[Row], None],
) -> None:
    """Run and show the variants that the command line names, or all; what --out holds already is shown alone."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("variants", nargs="*", metavar="VARIANT", help=f"of {'; '.join(variants)} [all]")
    parser.add_argument("--preset", default="quick")
    parser.add_argument("--steps", type=int, help="of the network of the points, instead of the preset's")
    parser.add_argument("--dataset", default="pythia-top30@small")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--jets", type=int, default=10_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--judge", action="store_true", help="the fast classifier test as well, and what it sees")
    parser.add_argument("--out", type=Path, help="add the results to this file, and take what it has")
    options = parser.parse_args()
    unknown = set(options.variants) - set(variants)
    if unknown:
        parser.error(f"there is no variant {', '.join(sorted(unknown))}; there are {'; '.join(variants)}")
    torch.set_num_threads(options.threads)
    known = _known(options.out)
    for name in options.variants or variants:
        for seed in range(options.first_seed, options.first_seed + options.seeds):
            found = known.get((name, options.dataset, options.preset, options.steps, seed))
            row = {**run(name, options, seed), "asked_steps": options.steps} if found is None else found
            show(row)
            if options.out is not None and found is None:
                with options.out.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(row) + "\n")


def _known(path: Path | None) -> dict[tuple[Any, ...], Row]:
    if path is None or not path.is_file():
        return {}
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return {tuple(row.get(name) for name in _KEY): row for row in rows}
