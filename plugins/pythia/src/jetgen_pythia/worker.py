"""A worker process: reads orders for shards from its standard input, one JSON line each, and answers each.

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

from jetgen_pythia.shards import SHARD, Shard

__all__ = ["make"]


def make(shard: Shard, *, wait: bool) -> str:
    """Make a shard unless it is there: ``"made"``, ``"there"``, or ``"busy"`` if another process is at it."""
    with shard.locked(wait=wait) as ours:
        if not ours:
            return "busy"
        if shard.intact():
            return "there"
        from jetgen_pythia.simulator import simulator  # a second of loading, wasted if all is there

        shard.write(simulator(shard.parton).jets(SHARD, shard.split, shard.index))
        return "made"


def _listen(orders: SimpleQueue[str]) -> None:
    """Hand orders on. The input ends when the parent is done or dead, and then so are we, whatever is under way."""
    for line in sys.stdin:
        orders.put(line)
    os._exit(0)


def _answer(line: str) -> dict[str, str]:
    order = json.loads(line)
    shard = Shard(Path(order["home"]), order["parton"], order["split"], order["index"])
    try:
        return {"state": make(shard, wait=order["wait"])}
    except JetgenError as error:
        return {"state": "failed", "message": str(error)}
    except ImportError as error:
        message = f"the Pythia datasets cannot be made ({error}); run: pip install --force-reinstall jetgen-pythia"
        return {"state": "failed", "message": message}


def main() -> None:
    """Serve until the input ends."""
    # Compiled libraries print to the standard output: only answers may go where the parent listens.
    with os.fdopen(os.dup(1), "w", buffering=1) as answers:
        os.dup2(2, 1)
        orders: SimpleQueue[str] = SimpleQueue()
        threading.Thread(target=_listen, args=(orders,), daemon=True).start()
        while True:
            answers.write(json.dumps(_answer(orders.get())) + "\n")


if __name__ == "__main__":
    main()
