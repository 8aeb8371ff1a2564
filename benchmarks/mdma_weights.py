"""Put a model that `mdma_training.py` saved into the package of its plugin, with a card that says where it comes from.

    python benchmarks/mdma_weights.py FOLDER NAME RUN CELL

FOLDER is the model, NAME what `weights=NAME` will find, CELL the id of the cell of a run folder that sampled with these
weights (`benchmarks/mdma.py quality --weights FOLDER`). The card holds the data, the recipe, the seed, the scores on
test jets with the floors beside them, and the versions. One training is shipped, and the card says of which seed; it is
not the best of many by the test set.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

PLUGINS = Path(__file__).parent.parent / "plugins"
SCORES = ("w1m", "w1p", "w1pt", "w1mult", "w1efp", "sliced", "nll", "novelty", "c2st_fast", "c2st", "fpnd_truth")


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
    sampling = {key: row["settings"][key] for key in ("solver", "nfe") if key in row["settings"]}
    return {
        "sampling": sampling,
        "judged_on": f"{row['dataset']}@{row['size']}",
        "draws": row["draws"],
        "scores": found,
    }


def card(folder: Path) -> dict[str, Any]:
    """What is known of the model."""
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    model = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    dataset, _, size = report["dataset"].partition("@")
    return {
        "generator": report["generator"],
        "data": {"dataset": dataset, "size": size},
        "recipe": {"preset": report["preset"], "settings": model["settings"]},
        "seed": report["seed"],
        "training": {key: report[key] for key in ("parameters", "steps", "fit_seconds")},
        "provenance": report["provenance"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("name")
    parser.add_argument("run", type=Path)
    parser.add_argument("cell")
    options = parser.parse_args()
    told = card(options.model)
    generator = told["generator"]
    home = PLUGINS / generator / "src" / f"jetgen_{generator.replace('-', '_')}" / "weights"
    folder = home / options.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for file in ("weights.safetensors", "model.json"):
        shutil.copyfile(options.model / file, folder / file)
    told |= scores(options.run, options.cell)
    (folder / "card.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    print(f"{folder.relative_to(PLUGINS.parent)}: {', '.join(sorted(path.name for path in folder.iterdir()))}")


if __name__ == "__main__":
    main()
