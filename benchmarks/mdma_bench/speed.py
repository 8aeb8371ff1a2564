"""The cases ``forward`` and ``step``: our networks beside the published form, on the same jets, in turns."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

import torch
from jetgen.torch.training import seeded, torch_threads

from mdma_bench.forms import Form
from mdma_bench.multiplicities import Padded
from mdma_bench.ours import preset_forms, same_function
from mdma_bench.outcome import Claim, Outcome
from mdma_bench.pieces import pieces, velocity
from mdma_bench.published import BOX_COX_PARAMETERS, PublishedFlow, as_evaluate, count_parameters
from mdma_bench.timing import Turns, take_turns

__all__ = ["AGREEMENT", "forms", "forward_case", "step_case"]

AGREEMENT = 1e-4
"""The largest difference between the outputs of the published form and of ours with the same weights."""

_PEER, _OURS = "published", "full"


def forms() -> list[Form]:
    """The published form; ours of the same function; each of the two fed in the other way; our presets."""
    with seeded(0):
        peer = PublishedFlow()
    if count_parameters(peer) != BOX_COX_PARAMETERS:
        msg = f"the peer has {count_parameters(peer):,} parameters, the published network {BOX_COX_PARAMETERS:,}"
        raise AssertionError(msg)
    published = Form(_PEER, peer, as_evaluate(peer), sorts=False, published_loss=True)
    ours = same_function(peer, _OURS)
    return [
        published,
        published.given("published, sorted", sorts=True),
        ours.given("full, padded", sorts=False),
        ours,
        *preset_forms(),
    ]


def check_peer(peer: PublishedFlow, data: Padded, clouds: int = 8) -> float:
    """The largest difference between the peer and its equations, written out for single clouds without padding."""
    weights, worst = pieces(peer), 0.0
    with torch.no_grad():
        found = as_evaluate(peer)(data.points[:clouds], data.mask[:clouds], data.t[:clouds])
        for row in range(clouds):
            real = data.mask[row]
            expected = velocity(weights, data.points[row, real], data.t[row], peer.heads, peer.average)
            worst = max(worst, float((found[row, real] - expected).abs().max()))
    return worst


def _agreement(made: Sequence[Form], data: Padded) -> dict[str, float]:
    """Of everything that should be the same function as the peer, the largest difference from it."""
    peer = made[0]
    assert isinstance(peer.module, PublishedFlow)
    expected = peer.velocity(data, 64)
    found = {"the equations, cloud by cloud": check_peer(peer.module, data)}
    for form in made[1:4]:
        found[form.name] = float((form.velocity(data, 64) - expected).abs().max())
    scale = float(expected[data.mask].abs().mean())
    for name, off in found.items():
        print(f"  {name}: differs from the published form by {off:.1e} at most (mean size of the output {scale:.2f})")
    worst = max(found.values())
    if not worst <= AGREEMENT:
        msg = f"two forms of one function differ by {worst:.1e}: their times cannot be compared"
        raise AssertionError(msg)
    return found


def forward_case(data: Padded, batches: Sequence[int], *, rounds: int, threads: int, target: float) -> Outcome:
    """Every form evaluates all jets once in a round, each in batches of the size that suits it best."""
    made = forms()
    with torch_threads(threads):
        agreement = _agreement(made, data)
        best = {form.name: _best_batch(form, data, batches) for form in made}
    runs: dict[str, Callable[[], object]] = {form.name: partial(form.velocity, data, best[form.name]) for form in made}
    return _compared(made, best, take_turns(runs, rounds, threads), len(data), agreement, ("forward", target))


def step_case(data: Padded, batch: int, *, rounds: int, threads: int, target: float) -> Outcome:
    """Every form is trained on all jets once in a round: the same number of steps, of the same number of jets."""
    made = forms()
    with torch_threads(threads):
        agreement = _agreement(made, data)
    runs: dict[str, Callable[[], object]] = {}
    for form in made:
        runs[form.name] = partial(form.training_pass, form.training(), data, batch)
    best = dict.fromkeys(runs, batch)
    return _compared(made, best, take_turns(runs, rounds, threads), len(data), agreement, ("training step", target))


def _best_batch(form: Form, data: Padded, batches: Sequence[int]) -> int:
    """The size with the least time; of the ways to call a network, the fastest counts."""
    seconds = {}
    form.velocity(data, batches[0])
    for batch in batches:
        start = time.perf_counter()
        form.velocity(data, batch)
        seconds[batch] = time.perf_counter() - start
    return min(seconds, key=seconds.__getitem__)


def _compared(
    made: Sequence[Form],
    best: dict[str, int],
    turns: Turns,
    jets: int,
    agreement: dict[str, float],
    claim: tuple[str, float],
) -> Outcome:
    """Print the table; the claim is about the same function in the two forms."""
    what, target = claim
    figures = {}
    print(f"  {'':20s} {'parameters':>10s} {'batch':>5s} {'us a jet':>9s} {'best':>9s}  times as fast (each round)")
    for form in made:
        ratios = turns.ratios(_PEER, form.name)
        usual, least = (seconds / jets * 1e6 for seconds in (turns.median(form.name), turns.fastest(form.name)))
        shown = f"{turns.ratio(_PEER, form.name):.2f} ({' '.join(f'{ratio:.1f}' for ratio in ratios)})"
        print(f"  {form.name:20s} {form.parameters:10,d} {best[form.name]:5d} {usual:9.0f} {least:9.0f}  {shown}")
        figures[form.name] = {
            "parameters": form.parameters,
            "batch": best[form.name],
            "microseconds": usual,
            "least_microseconds": least,
            "ratios": ratios,
        }
    claims = [Claim(f"{what}: the published network in our form, times as fast", turns.ratio(_PEER, _OURS), target)]
    return Outcome({"jets": jets, "differences": agreement, "forms": figures}, claims)
