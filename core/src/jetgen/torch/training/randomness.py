"""Random numbers of a training: each step has seeds of its own, so that there is no random state to lose."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

__all__ = ["derived_seed", "even_times", "generator_at", "mirror_signs", "normal", "reseed", "seeded"]


def derived_seed(seed: int, *names: str | int) -> int:
    """A seed below 2**63 for one purpose, independent of those for others.

    >>> seeds = [derived_seed(1, "flow", 2), derived_seed(1, "flow", 2), derived_seed(1, "flow", 3)]
    >>> seeds[0] == seeds[1], seeds[0] == seeds[2]
    (True, False)
    """
    text = "/".join(str(part) for part in (seed, *names))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def generator_at(device: torch.device, seed: int, *names: str | int) -> torch.Generator:
    """A fresh generator on ``device`` for one purpose."""
    return torch.Generator(device).manual_seed(derived_seed(seed, *names))


def reseed(device: torch.device, seed: int) -> None:
    """Seed torch's global generators of the CPU and of ``device``; only inside :func:`seeded`."""
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        with torch.cuda.device(device):
            torch.cuda.manual_seed(seed)


@contextmanager
def seeded(seed: int, device: torch.device | str = "cpu") -> Iterator[None]:
    """Inside the block torch's global generators start from ``seed``; after it they are as they were.

    For what cannot be handed a generator: the initial weights of a module, and dropout.
    """
    device = torch.device(device)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        reseed(device, seed)
        yield


def normal(shape: Sequence[int], generator: torch.Generator) -> Tensor:
    """Standard normal numbers on the device of ``generator``."""
    return torch.randn(shape, generator=generator, device=generator.device)


def mirror_signs(clouds: int, width: int, columns: Sequence[int], generator: torch.Generator) -> Tensor:
    """(clouds, 1, width), -1 or 1 at random in ``columns`` and 1 in the others: what mirrors each cloud or does not."""
    signs = torch.ones(clouds, 1, width, device=generator.device)
    if columns:
        heads = torch.rand(clouds, 1, len(columns), generator=generator, device=generator.device) < 0.5
        signs[..., list(columns)] = torch.where(heads, -1.0, 1.0)
    return signs


def even_times(n: int, generator: torch.Generator) -> Tensor:
    """Times (n,) in [0, 1), an even grid in random order with one random shift.

    Each is uniform; a mean over them has less noise than one over independent times.
    """
    order = torch.randperm(n, generator=generator, device=generator.device)
    return (order / n + torch.rand(1, generator=generator, device=generator.device)) % 1
