"""The process of a stage: ``python -m jetgen.harness.run.stage RUN CELL STAGE [STAGE …]``.

What a stage has to say goes to a file of its own: a plugin may write to standard output what it likes.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from jetgen.api.context import RunContext
from jetgen.api.loading import first_line
from jetgen.errors import JetgenError, StorageError, plain
from jetgen.harness.run.lifeline import exit_with_parent
from jetgen.harness.run.stages.stage_context import StageContext, UnloadableError
from jetgen.harness.store.keys import torch_version
from jetgen.harness.store.log_records import RecordLog
from jetgen.harness.store.outputs import outputs_of
from jetgen.harness.store.plan import cell_folder, read_plan
from jetgen.harness.store.provenance import device_name, versions
from jetgen.harness.store.stages import StageStore
from jetgen.io.atomic import not_written, write_json
from jetgen.registry.strays import MARK, adopt_orphans, end_strays

__all__ = ["LARGEST_RESULT", "result_path"]

LARGEST_RESULT = 2**26
"""Bytes of what a stage has to say: a thousand times what any honest one says."""

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}


def result_path(run: Path, cell_id: str, stage: str) -> Path:
    """Where the process of a stage leaves its result for the process of the cell."""
    return cell_folder(run, cell_id) / "stages" / f"{stage}.result.json"


def _runner(stage: str) -> Callable[[StageContext], dict[str, Any]]:
    """What runs ``stage``; imported here, so that a stage loads the code of no other."""
    if stage == "prepare":
        from jetgen.harness.run.stages.prepare import prepare as runner
    elif stage == "fit":
        from jetgen.harness.run.stages.fit import fit as runner
    elif stage == "sample":
        from jetgen.harness.run.stages.sample import sample as runner
    elif stage == "timing":
        from jetgen.harness.run.stages.timing import timing as runner
    else:
        from jetgen.harness.run.stages.metric import metric as runner
    return runner


def _run(stage: StageContext) -> dict[str, Any]:
    """The result of one stage, whatever its plugin does short of ending the process."""
    started = time.perf_counter()
    result: dict[str, Any] = {"status": "ok", "results": {}, "error_type": None, "error": None}
    try:
        result["results"] = _runner(stage.name)(stage)
        result["outputs"] = {name: output.model_dump() for name, output in outputs_of(stage.folder, stage.name).items()}
        if result["results"].get("stop_reason") == "deadline":
            result["status"] = "truncated"
    except KeyboardInterrupt:  # somebody ends this process
        raise
    except BaseException as error:  # noqa: BLE001 (whatever a plugin raises becomes a row)
        traceback.print_exc()
        result["status"] = "unloadable" if isinstance(error, UnloadableError) else "failed"
        result |= _told(error)
    uncovered = stage.uncovered()
    if uncovered:
        text = f"an edit of {', '.join(uncovered)} will not repeat this stage: name it in modules= of the spec"
        stage.context.report("warning", text=text)
    return {
        **result,
        "seconds": time.perf_counter() - started,
        "modules": stage.modules(),
        "torch": torch_version(),
        "versions": {**versions(*_distributions(stage)), "device": device_name(stage.cell.device)},
    }


def _told(error: BaseException) -> dict[str, str]:
    """Type and words of what a stage raised. A full disk is the same whether we or a plugin wrote to it."""
    if isinstance(error, OSError) and error.errno in _FULL:
        error = not_written(Path(str(error.filename or "a file of the plugin")), error)
    words = str(error) if isinstance(error, JetgenError) else first_line(error)
    return {"error_type": type(error).__name__, "error": plain(words)}


def _checked(result: dict[str, Any], stage: str) -> dict[str, Any]:
    """The result, or a failure if what the plugin gave cannot be kept as JSON."""
    try:
        size = len(json.dumps(result["results"], allow_nan=False, ensure_ascii=False).encode())
        words = f"what {stage} gave has {size:,} bytes as JSON; the limit is {LARGEST_RESULT:,}"
        if size <= LARGEST_RESULT:
            return result
    except (TypeError, ValueError, RecursionError) as error:
        words = f"what {stage} gave is not plain finite JSON ({error})"
    return {**result, "status": "failed", "results": {}, "outputs": {}, "error_type": "PluginError", "error": words}


def _say(path: Path, result: dict[str, Any]) -> None:
    """Leave the result for the driver; where there is no space for it, there may be some for why."""
    try:
        write_json(path, result)
    except StorageError as error:
        write_json(path, {**result, "status": "failed", "results": {}, "outputs": {}, **_told(error)})


def _distributions(stage: StageContext) -> list[str]:
    """The distributions whose versions the record of a stage names; that of ``prepare`` is shared by many cells."""
    cell = stage.cell
    if stage.name == "prepare":
        return [cell.dataset.distribution]
    generator = [cell.generator.distribution] if cell.generator is not None else []
    return [cell.dataset.distribution, *(metric.distribution for metric in cell.metrics), *generator]


def _end_all(mark: str) -> None:
    """The driver is gone: end this process and everything that it started."""
    try:
        end_strays(mark)
    finally:
        os.killpg(os.getpgid(0), signal.SIGKILL)


def _main(run: Path, cell_id: str, stages: list[str]) -> int:
    adopt_orphans()
    exit_with_parent(partial(_end_all, os.environ.get(MARK, "")))
    plan = read_plan(run)
    cell = plan.cell(cell_id)
    store = StageStore(run, plan, cell)
    log = RecordLog(store.folder / "events.jsonl", cell_id)
    context = RunContext(seed=cell.seed, device=cell.device, threads=plan.threads(cell, stages), listener=log)
    good = True
    for stage in stages:
        result = _checked(_run(StageContext(run, plan, cell, stage, store.inputs(stage), context)), stage)
        _say(result_path(run, cell_id, stage), result)
        good = good and result["status"] in ("ok", "truncated")
    sys.stdout.flush()
    return 0 if good else 1


if __name__ == "__main__":
    # A plugin's threads or exit handlers must not hold up a process that has written its result.
    status = _main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
    os._exit(status)
