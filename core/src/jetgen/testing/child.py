"""The new process of :mod:`jetgen.testing.fresh`: ``python -m jetgen.testing.child REQUEST``."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

__all__ = ["main"]

_HEAVY = ("torch", "tensorflow", "jax")


def main(request: dict[str, Any]) -> None:
    """Answer one request (``imports`` or ``sample``) by a file that it names."""
    answer = Path(request["answer"])
    if request["question"] == "imports":
        for module in request["modules"]:
            importlib.import_module(module)
        answer.write_text(json.dumps([name for name in _HEAVY if name in sys.modules]), encoding="utf-8")
    else:
        _sample(request, answer)


def _sample(request: dict[str, Any], answer: Path) -> None:
    import numpy as np

    from jetgen.api.context import RunContext
    from jetgen.data.conditions import Conditions
    from jetgen.io.cloud_file import open_clouds
    from jetgen.registry import load_target

    cls: Any = load_target(request["target"])
    model = cls.load(Path(request["folder"]), "cpu")
    with open_clouds(Path(request["like"])) as file:
        conditions = Conditions.like(file[:])
    clouds = model.sample(conditions, RunContext(seed=request["seed"]))
    weights = {} if clouds.weights is None else {"weights": clouds.weights}
    np.savez(answer, points=clouds.points, offsets=clouds.offsets, **weights)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
