"""The training loop: phase after phase, with checkpoints, reports and a deadline."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import nn

from jetgen.api.context import RunContext
from jetgen.api.protocols import FitReport
from jetgen.torch.training.checkpoint import fingerprint, read_checkpoint, write_checkpoint
from jetgen.torch.training.ema import copy_into
from jetgen.torch.training.log import TrainingLog
from jetgen.torch.training.phases import Phase
from jetgen.torch.training.ragged import Rows
from jetgen.torch.training.randomness import seeded
from jetgen.torch.training.running import RunningPhase, under

if TYPE_CHECKING:
    from lightning_fabric import Fabric

__all__ = ["Precision", "fit"]

Precision = Literal["32-true", "bf16-mixed", "16-mixed", "64-true"]

_CHECKPOINT = "training.safetensors"
_LOG = "training.csv"
_REPORTS_PER_SECOND = 2.0
_LOG_ROWS_PER_PHASE = 200


def fit(
    modules: Mapping[str, nn.Module],
    data: Mapping[str, Rows],
    phases: Sequence[Phase],
    ctx: RunContext,
    *,
    identity: Mapping[str, Any] | None = None,
    precision: Precision = "32-true",
    checkpoint_seconds: float = 30.0,
) -> FitReport:
    """Train ``modules`` in place on ``ctx.device``; afterwards they hold the weights to keep and are in eval mode.

    After a kill the same call with the same ``ctx.out`` goes on from the last checkpoint and, on the same machine
    with as many threads, ends in the same bits as an undisturbed one. A checkpoint of another training is not used.

    Arguments:
        modules: everything with weights, by name.
        data: tensors or :class:`Ragged` rows, equally many; they are moved to the device as a whole.
        phases: what to do, one after the other.
        ctx: seed, device, deadline, folder for checkpoint and log, listener.
        identity: what else determines the training, as JSON, such as the settings; part of the checkpoint's identity.
        precision: of matrix products, as in Lightning Fabric.
        checkpoint_seconds: time between checkpoints.

    Raises:
        TrainingError: if a loss or a gradient is not finite; it names the phase and the step. Also if a phase buckets
            its rows by what is not in the data.
    """
    fabric = _fabric(ctx.device, precision)
    for module in modules.values():
        module.to(fabric.device)
    data = {name: rows.to(fabric.device) for name, rows in data.items()}
    for phase in phases:  # a mistake in the last phase shows before the first step
        phase.used(data)
        phase.lengths(data)
    with seeded(0, fabric.device):
        training = _Training(
            modules, data, phases, ctx, fabric=fabric, identity=identity or {}, checkpoint_seconds=checkpoint_seconds
        )
        try:
            return training.run()
        finally:
            training.log.close()


def _fabric(device: str, precision: Precision) -> Fabric:
    """One device of this process, whatever cluster the process runs on."""
    from lightning_fabric import Fabric
    from lightning_fabric.plugins.environments.lightning import LightningEnvironment

    place = torch.device(device)
    devices = [place.index or 0] if place.type == "cuda" else 1
    return Fabric(accelerator=place.type, devices=devices, precision=precision, plugins=[LightningEnvironment()])


class _Training:
    def __init__(
        self,
        modules: Mapping[str, nn.Module],
        data: Mapping[str, Rows],
        phases: Sequence[Phase],
        ctx: RunContext,
        *,
        fabric: Fabric,
        identity: Mapping[str, Any],
        checkpoint_seconds: float,
    ) -> None:
        self.modules, self.data, self.phases, self.ctx, self.fabric = modules, data, phases, ctx, fabric
        self.checkpoint_seconds = checkpoint_seconds
        self.seed = ctx.torch_seed("training")
        self.total = sum(phase.steps for phase in phases)
        self.fingerprint = fingerprint(modules, data, phases, {"seed": self.seed, **identity})
        self.current = 0
        self.running: RunningPhase | None = None
        self.log = self._resume()
        self.saved_at = self.reported_at = time.monotonic()

    def run(self) -> FitReport:
        reason = "finished"
        while self.current < len(self.phases) and reason == "finished":
            running = self.running or self._start(self.current)
            reason = self._run_phase(running)
            if reason == "finished":
                running.restore_best()
                self.current, self.running = self.current + 1, None
            self._save()
        steps = self._steps_done()
        if self.running is not None:
            self.running.restore_best()
        for module in self.modules.values():
            module.eval()
        parameters = sum(p.numel() for module in self.modules.values() for p in module.parameters())
        return FitReport(parameters, steps, reason, self.log.history())

    def _start(self, index: int) -> RunningPhase:
        self.running = RunningPhase(self.phases[index], self.modules, self.data, self.fabric, self.seed)
        return self.running

    def _run_phase(self, running: RunningPhase) -> str:
        every = max(1, running.phase.steps // _LOG_ROWS_PER_PHASE)
        while not running.done:
            if self.ctx.remaining() <= 0:
                return "deadline"
            running.advance()
            self._report(running)
            if running.step % every == 0 or running.done:
                for update, loss in running.mean_losses().items():
                    self.log.add(running.phase.name, running.step, f"loss/{update}", loss)
            score = running.validate()
            if score is not None:
                self.log.add(running.phase.name, running.step, "validation", score)
            if time.monotonic() - self.saved_at > self.checkpoint_seconds:
                self._save()
        return "finished"

    def _report(self, running: RunningPhase) -> None:
        now = time.monotonic()
        if now - self.reported_at < 1 / _REPORTS_PER_SECOND and self._steps_done() < self.total:
            return
        self.reported_at = now
        facts: dict[str, Any] = {"unit": "steps", "phase": running.phase.name}
        if running.last_loss is not None:  # None where no update was due yet
            facts["loss"] = running.last_loss
        self.ctx.report("progress", done=self._steps_done(), total=self.total, **facts)

    def _steps_done(self) -> int:
        before = sum(phase.steps for phase in self.phases[: self.current])
        return before + (self.running.step if self.running is not None else 0)

    def _save(self) -> None:
        rows = self.log.flush()
        self.saved_at = time.monotonic()
        if self.ctx.out is None:
            return
        tensors = {
            f"module/{owner}/{name}": tensor
            for owner, module in self.modules.items()
            for name, tensor in module.state_dict().items()
        }
        document: dict[str, Any] = {"fingerprint": self.fingerprint, "phase": self.current, "log_rows": rows}
        if self.running is not None:
            state, document["running"] = self.running.state()
            tensors.update(state)
        write_checkpoint(self.ctx.out / _CHECKPOINT, tensors, document)

    def _resume(self) -> TrainingLog:
        out = self.ctx.out
        if out is None:
            return TrainingLog(None)
        found = read_checkpoint(out / _CHECKPOINT)
        if found is None or found[1]["fingerprint"] != self.fingerprint:
            return TrainingLog(out / _LOG)
        tensors, document = found
        self.current = document["phase"]
        for owner, module in self.modules.items():
            copy_into(module, under(f"module/{owner}/", tensors))
        if "running" in document:
            self._start(self.current).restore(tensors, document["running"])
        return TrainingLog(out / _LOG, keep=document["log_rows"])
