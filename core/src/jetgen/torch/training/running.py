"""A phase while it runs: its optimisers, EMA and best weights, and one step of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor, nn

from jetgen.errors import TrainingError
from jetgen.torch.training.batches import Batches
from jetgen.torch.training.checkpoint import flat_optimiser, nested_optimiser
from jetgen.torch.training.ema import EMA, copy_into, snapshot
from jetgen.torch.training.phases import Phase, Step, Update
from jetgen.torch.training.ragged import Rows
from jetgen.torch.training.randomness import derived_seed, generator_at, reseed

if TYPE_CHECKING:
    from lightning_fabric import Fabric

__all__ = ["RunningPhase"]


class RunningPhase:
    """The state of one phase between its first and its last step.

    Arguments:
        phase: what to do.
        modules: all modules of the training, on the device of ``fabric``.
        data: the training data, there as well.
        fabric: autocast, backward and gradient scaling.
        seed: of everything random in this phase.
    """

    def __init__(
        self, phase: Phase, modules: Mapping[str, nn.Module], data: Mapping[str, Rows], fabric: Fabric, seed: int
    ) -> None:
        self.phase = phase
        self.modules = modules
        self.fabric = fabric
        self.seed = derived_seed(seed, phase.name)
        self.step = 0
        self.emas = {name: EMA(modules[name], decay) for name, decay in phase.ema.items()}
        self.best: dict[str, dict[str, Tensor]] = {}
        self.best_score = math.inf
        self.losses: dict[str, list[float]] = {}
        self.last_loss: float | None = None
        self._parameters = {update.name: self._trainable(update) for update in phase.updates}
        self._optimisers: dict[str, torch.optim.Optimizer] = {}
        self._rates: dict[str, list[float]] = {}
        self._batches: dict[str, Batches] = {}
        lengths = phase.lengths(data)
        for update in phase.updates:
            optimiser = update.optimiser(self._parameters[update.name])
            self._rates[update.name] = [group["lr"] for group in optimiser.param_groups]
            # One optimiser in, one out: the union in Fabric's signature is for several.
            self._optimisers[update.name] = cast("torch.optim.Optimizer", fabric.setup_optimizers(optimiser))
            seed = derived_seed(self.seed, update.name)
            self._batches[update.name] = Batches(phase.used(data), phase.batch_size, seed, lengths, phase.bucket_pool)

    def _trainable(self, update: Update) -> list[nn.Parameter]:
        found = [p for name in update.trains for p in self.modules[name].parameters() if p.requires_grad]
        if not found:
            msg = f"the update {update.name!r} of phase {self.phase.name!r} has no parameters to train"
            raise TrainingError(msg)
        return found

    @property
    def done(self) -> bool:
        """True after the last step."""
        return self.step >= self.phase.steps

    def advance(self) -> None:
        """One step: each update that is due, then the EMA."""
        for name, module in self.modules.items():
            module.train(name in self.phase.trains)
        for update in self.phase.updates:
            if self.step % update.every == 0:
                for turn in range(update.repeat):
                    self._turn(update, self.step // update.every * update.repeat + turn)
        for average in self.emas.values():
            average.update(self.step)
        self.step += 1

    def _turn(self, update: Update, number: int) -> None:
        optimiser, parameters = self._optimisers[update.name], self._parameters[update.name]
        for group, rate in zip(optimiser.param_groups, self._rates[update.name], strict=True):
            group["lr"] = rate * update.schedule(self.step)
        device = self.fabric.device
        generator = generator_at(device, self.seed, update.name, "loss", number)
        # Dropout draws from torch's global generators; the caller has set them aside for us.
        reseed(device, derived_seed(self.seed, update.name, "global", number))
        step = Step(self._batches[update.name](number), self.step, self.phase.steps, generator)
        with self._only(parameters):
            with self.fabric.autocast():
                loss = update.loss(step)
            optimiser.zero_grad(set_to_none=True)
            self.fabric.backward(loss)
        value = float(loss.detach())
        norm = float(nn.utils.clip_grad_norm_(parameters, update.clip))
        self._check("loss", update, value)
        self._check("gradient", update, norm)
        optimiser.step()
        self.losses.setdefault(update.name, []).append(value)
        self.last_loss = value

    @contextmanager
    def _only(self, parameters: list[nn.Parameter]) -> Iterator[None]:
        """Inside the block no other parameter of the training wants a gradient: constants cost no backward pass."""
        chosen = set(parameters)
        others = [
            p for module in self.modules.values() for p in module.parameters() if p.requires_grad and p not in chosen
        ]
        for parameter in others:
            parameter.requires_grad_(False)  # noqa: FBT003 (torch's own signature)
        try:
            yield
        finally:
            for parameter in others:
                parameter.requires_grad_(True)  # noqa: FBT003 (torch's own signature)

    def _check(self, what: str, update: Update, value: float) -> None:
        if not math.isfinite(value):
            whose = "" if len(self.phase.updates) == 1 else f" of update {update.name!r}"
            msg = (
                f"the {what}{whose} of phase {self.phase.name!r} is not finite at step {self.step}; "
                "lower the learning rate or clip the gradient more"
            )
            raise TrainingError(msg)

    def validate(self) -> float | None:
        """The score of the weights as they would be kept, if it is time for one; the best are remembered."""
        phase = self.phase
        if phase.validate is None or not (self.done or self.step % phase.validate_every == 0):
            return None
        with ExitStack() as stack, torch.no_grad():
            for average in self.emas.values():
                stack.enter_context(average.applied())
            for module in self.modules.values():
                module.eval()
            score = float(phase.validate(generator_at(self.fabric.device, self.seed, "validation")))
            if score < self.best_score:
                self.best_score = score
                self.best = {name: snapshot(self.modules[name]) for name in phase.trains}
        return score

    def restore_best(self) -> None:
        """Give the modules the weights to keep: the best validated, or else the EMA, or else the last."""
        kept = {name: average.tensors for name, average in self.emas.items()}
        for name, tensors in {**kept, **self.best}.items():
            copy_into(self.modules[name], tensors)

    def mean_losses(self) -> dict[str, float]:
        """The mean loss of each update since the last call."""
        means = {name: sum(values) / len(values) for name, values in self.losses.items() if values}
        self.losses = {}
        return means

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Everything that :meth:`restore` needs beside the modules' weights."""
        tensors: dict[str, Tensor] = {}
        numbers: dict[str, Any] = {}
        for name, optimiser in self._optimisers.items():
            found, numbers[name] = flat_optimiser(optimiser)
            tensors.update({f"optimiser/{name}/{key}": value for key, value in found.items()})
        for name, average in self.emas.items():
            tensors.update({f"average/{name}/{key}": value for key, value in average.tensors.items()})
        for name, best in self.best.items():
            tensors.update({f"best/{name}/{key}": value for key, value in best.items()})
        score = self.best_score if math.isfinite(self.best_score) else None
        return tensors, {"step": self.step, "best_score": score, "losses": self.losses, "numbers": numbers}

    def restore(self, tensors: Mapping[str, Tensor], document: Mapping[str, Any]) -> None:
        """Go on from what :meth:`state` gave."""
        self.step, self.losses = document["step"], document["losses"]
        self.best_score = math.inf if document["best_score"] is None else document["best_score"]
        for name, optimiser in self._optimisers.items():
            found = under(f"optimiser/{name}/", tensors)
            optimiser.load_state_dict(nested_optimiser(optimiser, found, document["numbers"][name]))
        device = self.fabric.device
        for name, average in self.emas.items():
            average.tensors = {k: v.to(device) for k, v in under(f"average/{name}/", tensors).items()}
        for name in self.phase.trains:
            best = under(f"best/{name}/", tensors)
            if best:
                self.best[name] = {key: value.to(device) for key, value in best.items()}


def under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors whose names begin with ``prefix``, without it."""
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
