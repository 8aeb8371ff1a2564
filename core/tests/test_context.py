"""Seeds, deadlines and reports."""

import numpy as np
import pytest
from jetgen import RunContext
from jetgen.errors import UsageError


def draw(context, axis="sampling"):
    return context.rng(axis).random(3).tolist()


def test_the_same_axis_gives_the_same_numbers_every_time():
    assert draw(RunContext(seed=3)) == draw(RunContext(seed=3))


def test_every_axis_seed_and_key_is_a_stream_of_its_own():
    context = RunContext(seed=3)
    streams = [
        draw(context), draw(context, "init"), draw(context, "metric"), draw(RunContext(seed=4)),
        draw(context.at("draw", 0)), draw(context.at("draw", 1)), draw(context.at("draw", 1).at("split", 1)),
    ]  # fmt: skip
    assert len({tuple(stream) for stream in streams}) == len(streams)


def test_global_random_state_is_left_alone():
    before = np.random.get_state()[1].tolist()  # noqa: NPY002 (the state that must not move)
    RunContext().rng("init").random()
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


def test_an_axis_that_does_not_exist_and_a_negative_seed_are_refused():
    with pytest.raises(UsageError, match="there is no seed axis 'sample'; the axes are data, init"):
        RunContext().seeds("sample")
    with pytest.raises(UsageError, match="the seed is -1; use 0 or a positive number"):
        RunContext(seed=-1).rng("init")


def test_a_torch_seed_fits_what_torch_takes():
    seeds = {RunContext(seed=seed).torch_seed("init") for seed in range(50)}
    assert len(seeds) == 50
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_reports_reach_the_listener_with_their_kind_and_time():
    events = []
    RunContext(listener=events.append).report("progress", done=1)
    assert events[0]["kind"] == "progress"
    assert events[0]["done"] == 1
    assert events[0]["time"] > 0


def test_without_a_deadline_the_time_is_endless_and_after_it_negative():
    assert RunContext().remaining() == float("inf")
    assert RunContext(deadline=1.0).remaining() < 0
