"""Generator and critic in turn: least squares (arXiv:1611.04076), or relativistic with R1 and R2 (2501.05441)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from jetgen.api.torch_settings import AdversarialSettings
from jetgen.torch.clouds.training import TrainingData
from jetgen.torch.training import Phase, Schedule, Step, Update, warmup_cosine

__all__ = ["Losses", "adversarial_phase", "critic_loss", "generator_loss", "gradient_norms"]


class Losses(Protocol):
    """What each of the two descends on."""

    def critic_loss(self, step: Step) -> Tensor:
        """Of the critic, a scalar."""
        ...

    def generator_loss(self, step: Step) -> Tensor:
        """Of the generator, a scalar."""
        ...


def critic_loss(kind: str, true: Tensor, fake: Tensor) -> Tensor:
    """Scores (B,) of true clouds up to 1 and of generated ones down to 0; or, relativistic, those of pairs apart."""
    if kind == "lsgan":
        return fake.square().mean() + (true - 1).square().mean()
    return functional.softplus(fake - true).mean()


def generator_loss(kind: str, true: Tensor | None, fake: Tensor) -> Tensor:
    """Scores (B,) of generated clouds up; ``true``, those of true clouds, is for the relativistic loss alone."""
    if kind == "lsgan":
        return 0.5 * (fake - 1).square().mean()
    assert true is not None
    return functional.softplus(true - fake).mean()


def gradient_norms(score: Callable[..., Tensor], *inputs: tuple[Tensor, Tensor]) -> Tensor:
    """How steep a critic is at each cloud (B,): the length of the gradient over all that it is given.

    Arguments:
        score: the scores (B,) of what the inputs hold, such as points (B, P, W).
        inputs: each with its mask (B, P), True at points.
    """
    given = [values.detach().requires_grad_(True) for values, _ in inputs]  # noqa: FBT003 (torch's own signature)
    gradients = torch.autograd.grad(score(*given).sum(), given, create_graph=True)
    parts = zip(gradients, (mask for _, mask in inputs), strict=True)
    squares = torch.stack([(each * mask.unsqueeze(-1)).square().flatten(1).sum(1) for each, mask in parts]).sum(0)
    # The root of 0 has no slope.
    return (squares + 1e-12).sqrt()


def adversarial_phase(
    settings: AdversarialSettings,
    losses: Losses,
    data: TrainingData,
    validate: Callable[[torch.Generator], float] | None,
    schedule: Schedule | None = None,
    optimiser: Callable[..., torch.optim.Optimizer] | None = None,
) -> Phase:
    """The phase "gan": ``critic_steps`` steps of the module "critic" for each of the module "generator".

    Arguments:
        validate: a score of the generator as it would be kept, lower is better; None to keep the last weights.
        schedule: of both rates; by default a warm-up, and half a cosine.
        optimiser: makes that of either from its parameters and its ``lr``; by default Adam.
    """
    one = settings
    optimiser = optimiser or partial(torch.optim.Adam, betas=one.betas, fused=True)
    schedule = schedule or warmup_cosine(one.steps, one.warmup, one.rate_floor)

    def update(name: str, loss: Callable[[Step], Tensor], rate: float, repeat: int = 1) -> Update:
        return Update(name, (name,), loss, partial(optimiser, lr=rate), schedule, repeat=repeat, clip=one.clip)

    critic = update("critic", losses.critic_loss, one.critic_rate, one.critic_steps)
    generator = update("generator", losses.generator_loss, one.learning_rate)
    return Phase(
        "gan",
        one.steps,
        min(one.batch_size, max(4, round(one.step_points / data.mean_multiplicity))),
        (critic, generator),
        ema={"generator": one.ema} if one.ema else {},
        validate=validate,
        validate_every=one.validate_every,
        buckets="multiplicity" if one.buckets else "",
        uses=tuple(data.rows),
    )
