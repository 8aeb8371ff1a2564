"""Put a model that `jetbench run` trained into the package of its plugin, with a card that says where it comes from.

    python benchmarks/mdma_weights.py RUN CELL NAME [--scored RUN CELL]

CELL is the id of a cell of the run folder, NAME what `weights=NAME` will find. --scored takes the scores from another
cell that sampled with these weights, for example with another number of function evaluations. The card holds the data,
the recipe, the seed, the scores on test jets with the floors beside them, and the versions. One cell is shipped, and
the card says of which seed; it is not the best of many by the test set.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parent.parent / "plugins" / "mdma-flowmatch" / "src" / "jetgen_mdma_flowmatch"
SCORES = ("w1m", "w1p", "w1pt", "w1mult", "w1efp", "sliced", "nll", "novelty", "c2st", "fpnd_truth")


def _read(run: Path, cell: str) -> dict[str, Any]:
    row: dict[str, Any] = json.loads((run / "cells" / cell / "row.json").read_text(encoding="utf-8"))
    return row


def scores(run: Path, cell: str) -> dict[str, Any]:
    """The scores of the cell with their floors, and how it sampled."""
    row = _read(run, cell)
    floors = _read(run, f"floor.{row['dataset']}@{row['size']}")["scores"]
    found: dict[str, Any] = {}
    for name in SCORES:
        if name in row["scores"]:
            found[name] = {key: row["scores"][name][key] for key in ("mean", "spread", "n_real", "n_fake")}
            found[name]["floor"] = floors[name]["mean"] if name in floors else None
    sampling = {key: row["settings"][key] for key in ("solver", "nfe")}
    return {"sampling": sampling, "draws": row["draws"], "scores": found}


def card(run: Path, cell: str) -> dict[str, Any]:
    """What is known of the cell's model."""
    row = _read(run, cell)
    return {
        "generator": row["generator"],
        "data": {"dataset": row["dataset"], "size": row["size"]},
        "recipe": {"preset": row["preset"], "overrides": row["overrides"], "settings": row["settings"]},
        "seed": row["seed"],
        "training": {
            **{key: row["cost"][key] for key in ("parameters", "steps", "fit_seconds")},
            **{key: row[key] for key in ("device", "threads")},
        },
        "provenance": row.get("provenance", {}),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("cell")
    parser.add_argument("name")
    parser.add_argument("--scored", nargs=2, metavar=("RUN", "CELL"), help="where the scores are, if elsewhere")
    options = parser.parse_args()
    judged_run, judged_cell = options.scored or (options.run, options.cell)
    told = card(options.run, options.cell) | scores(Path(judged_run), judged_cell)
    folder = PACKAGE / "weights" / options.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for file in ("weights.safetensors", "model.json"):
        shutil.copyfile(options.run / "cells" / options.cell / "model" / file, folder / file)
    (folder / "card.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    print(f"{folder.relative_to(PACKAGE.parent)}: {', '.join(sorted(path.name for path in folder.iterdir()))}")


if __name__ == "__main__":
    main()
