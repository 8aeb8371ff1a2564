"""Training with torch: named phases, checkpoints that resume to the same bits, EMA, schedules, safe files.

>>> import torch
>>> from functools import partial
>>> from jetgen import RunContext
>>> model = torch.nn.Linear(1, 1)
>>> _ = torch.nn.init.zeros_(model.weight), torch.nn.init.zeros_(model.bias)
>>> data = {"x": torch.linspace(0, 1, 64).unsqueeze(1)}
>>> def loss(step):
...     return (model(step.batch["x"]) - 2 * step.batch["x"]).square().mean()
>>> update = Update("regression", ("model",), loss, partial(torch.optim.Adam, lr=0.05))
>>> phase = Phase("fit", steps=200, batch_size=16, updates=(update,))
>>> report = fit({"model": model}, data, [phase], RunContext(seed=1))
>>> report.stop_reason, report.history["fit/loss/regression"][-1] < 0.01
('finished', True)
"""

from __future__ import annotations

from jetgen.torch.training.ema import EMA
from jetgen.torch.training.loop import Precision, fit
from jetgen.torch.training.phases import Phase, Step, Update
from jetgen.torch.training.ragged import Ragged, Rows, mask_of
from jetgen.torch.training.randomness import derived_seed, even_times, mirror_signs, normal, seeded
from jetgen.torch.training.schedules import Schedule, constant, warmup_cosine
from jetgen.torch.training.threads import torch_threads
from jetgen.torch.training.weights import load_weights, read_document, save_weights

__all__ = [
    "EMA",
    "Phase",
    "Precision",
    "Ragged",
    "Rows",
    "Schedule",
    "Step",
    "Update",
    "constant",
    "derived_seed",
    "even_times",
    "fit",
    "load_weights",
    "mask_of",
    "mirror_signs",
    "normal",
    "read_document",
    "save_weights",
    "seeded",
    "torch_threads",
    "warmup_cosine",
]
