"""A training that kills its own process where it is told to; run by test_training_resume.py.

python training_victim.py FOLDER KILL_AT [--while-writing]: KILL_AT is a turn of the loss, -1 for never.
"""

import os
import signal
import sys
from functools import partial
from pathlib import Path

import torch
from jetgen import RunContext
from jetgen.torch.training import Phase, Update, fit, save_weights, seeded, warmup_cosine
from torch import nn


def modules():
    with seeded(7):
        generator = nn.Sequential(nn.Linear(2, 16), nn.Dropout(0.2), nn.ReLU(), nn.BatchNorm1d(16), nn.Linear(16, 2))
        critic = nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))
    return {"generator": generator, "critic": critic}


def train(out, kill_at=-1, identity=None, checkpoint_seconds=1e9):
    """A regression, then a small GAN with two critic turns a step, averages and validation."""
    nets = modules()
    x = torch.randn(200, 2, generator=torch.Generator().manual_seed(1)) * torch.tensor([1.0, 0.3])
    turns = 0

    def count():
        nonlocal turns
        turns += 1
        if turns == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def noise_like(step):
        return torch.randn(step.batch["x"].shape, generator=step.generator)

    def warm_loss(step):
        count()
        return (nets["generator"](noise_like(step)) - step.batch["x"]).square().mean()

    def critic_loss(step):
        count()
        fake = nets["generator"](noise_like(step)).detach()
        return (nets["critic"](step.batch["x"]) - 1).square().mean() + nets["critic"](fake).square().mean()

    def generator_loss(step):
        count()
        return (nets["critic"](nets["generator"](noise_like(step))) - 1).square().mean()

    def validate(generator):
        return (nets["generator"](torch.randn(100, 2, generator=generator)).std(0) - x.std(0)).abs().sum().item()

    adam = partial(torch.optim.Adam, lr=1e-2, betas=(0.5, 0.9))
    phases = [
        Phase("warm", 20, 32, (Update("fit", ("generator",), warm_loss, adam, warmup_cosine(20, 5), clip=1.0),)),
        Phase(
            "adversarial",
            30,
            32,
            (
                Update("critic", ("critic",), critic_loss, partial(torch.optim.RMSprop, lr=1e-3), repeat=2),
                Update("generator", ("generator",), generator_loss, adam, every=2),
            ),
            ema={"generator": 0.9},
            validate=validate,
            validate_every=7,
        ),
    ]
    ctx = RunContext(seed=3, out=out)
    return nets, fit(nets, {"x": x}, phases, ctx, identity=identity, checkpoint_seconds=checkpoint_seconds)


def die_while_writing(path, content):
    write_bytes(path, content[: len(content) // 2])
    os.kill(os.getpid(), signal.SIGKILL)


def train_and_save(folder, kill_at=-1):
    """A training that writes a checkpoint after every step, and its weights beside it."""
    nets, report = train(folder, kill_at, checkpoint_seconds=0)
    for name, net in nets.items():
        save_weights(folder / name, net, {"stop_reason": report.stop_reason, "history": dict(report.history)})


if __name__ == "__main__":
    folder, kill_at = Path(sys.argv[1]), int(sys.argv[2])
    torch.set_num_threads(1)
    if "--while-writing" in sys.argv:
        write_bytes, countdown = Path.write_bytes, [kill_at]

        def counted(path, content):
            countdown[0] -= 1
            return (die_while_writing if countdown[0] == 0 else write_bytes)(path, content)

        Path.write_bytes = counted
        kill_at = -1
    train_and_save(folder, kill_at)
