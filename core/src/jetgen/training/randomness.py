"""Random numbers of a training: each step has seeds of its own, so that there is no random state to lose."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["derived_seed", "generator_at", "reseed", "seeded"]


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
    """Seed torch's global generators of the processor and of ``device``; only inside :func:`seeded`."""
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
