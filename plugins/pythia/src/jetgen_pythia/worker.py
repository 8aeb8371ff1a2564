"""A worker process: reads orders for shards from standard input, a line of JSON each, and answers each with a line.

Run by :mod:`jetgen_pythia.pool` as ``python -m jetgen_pythia.worker``.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path
from queue import SimpleQueue

from jetgen.errors import JetgenError

from jetgen_pythia.processes import simulator
from jetgen_pythia.shards import Shard

__all__ = ["make"]


def make(shard: Shard, *, wait: bool) -> str:
    """Simulate a shard unless it exists: ``"made"``, ``"there"``, or ``"busy"`` if another process has it locked.

    Raises:
        JetgenError: if the shard cannot be written.
    """
    with shard.locked(wait=wait) as ours:
        if not ours:
            return "busy"
        if shard.intact():
            return "there"
        shard.write(simulator(shard.process).clouds(shard.size, shard.split, shard.index))
        return "made"


def _listen(orders: SimpleQueue[str]) -> None:
    """Pass orders on. When the input ends, the parent is done or dead, and this process exits at once."""
    for line in sys.stdin:
        orders.put(line)
    os._exit(0)


def _answer(line: str) -> dict[str, str]:
    order = json.loads(line)
    shard = Shard(Path(order["home"]), order["process"], order["split"], order["index"])
    try:
        return {"state": make(shard, wait=order["wait"])}
    except JetgenError as error:
        return {"state": "failed", "message": str(error)}
    except ImportError as error:
        message = f"the Pythia datasets cannot be made ({error}); run: pip install --force-reinstall jetgen-pythia"
        return {"state": "failed", "message": message}


def main() -> None:
    """Answer orders until the input ends."""
    # Compiled libraries print to standard output, so the answers have a descriptor of their own.
    with os.fdopen(os.dup(1), "w", buffering=1) as answers:
        os.dup2(2, 1)
        orders: SimpleQueue[str] = SimpleQueue()
        threading.Thread(target=_listen, args=(orders,), daemon=True).start()
        while True:
            answers.write(json.dumps(_answer(orders.get())) + "\n")


if __name__ == "__main__":
    main()
