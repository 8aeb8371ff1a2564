"""Put a model that `jetbench run` trained into the package of its plugin, with a card that says where it comes from.

    python benchmarks/mdma_weights.py RUN CELL NAME

CELL is the id of a cell of the run folder, NAME what `weights=NAME` will find. The card holds the data, the recipe, the
seed, the scores of the run on test jets with the floors beside them, and the versions. One cell is shipped, and the
card says of which seed; it is not the best of many by the test set.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parent.parent / "plugins" / "mdma-flowmatch" / "src" / "jetgen_mdma_flowmatch"
SCORES = ("w1m", "w1p", "w1pt", "w1mult", "w1efp", "sliced", "nll", "novelty", "c2st", "fpnd_truth")


def card(run: Path, cell: str) -> dict[str, Any]:
    """What is known of the cell's model."""
    row = json.loads((run / "cells" / cell / "row.json").read_text(encoding="utf-8"))
    floor_path = run / "cells" / f"floor.{row['dataset']}@{row['size']}" / "row.json"
    floors = json.loads(floor_path.read_text(encoding="utf-8"))["scores"]
    scores = {}
    for name in SCORES:
        if name in row["scores"]:
            one = row["scores"][name]
            scores[name] = {key: one[key] for key in ("mean", "spread", "n_real", "n_fake")}
            scores[name]["floor"] = floors[name]["mean"] if name in floors else None
    return {
        "generator": row["generator"],
        "data": {"dataset": row["dataset"], "size": row["size"]},
        "recipe": {"preset": row["preset"], "overrides": row["overrides"], "settings": row["settings"]},
        "seed": row["seed"],
        "training": {
            **{key: row["cost"][key] for key in ("parameters", "steps", "fit_seconds")},
            **{key: row[key] for key in ("device", "threads")},
        },
        "scores": scores,
        "draws": row["draws"],
        "provenance": row.get("provenance", {}),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("cell")
    parser.add_argument("name")
    options = parser.parse_args()
    told = card(options.run, options.cell)
    folder = PACKAGE / "weights" / options.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for file in ("weights.safetensors", "model.json"):
        shutil.copy(options.run / "cells" / options.cell / "model" / file, folder / file)
    (folder / "card.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    print(f"{folder.relative_to(PACKAGE.parent)}: {', '.join(sorted(path.name for path in folder.iterdir()))}")


if __name__ == "__main__":
    main()
