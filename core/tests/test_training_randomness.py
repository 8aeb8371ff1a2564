"""Random numbers of a training, and those that new clouds are drawn from."""

import numpy as np
import pytest
import torch
from jetgen.torch.clouds import draw_points, drawing
from jetgen.torch.training import even_times, mirror_signs


def generator(seed=1):
    return torch.Generator().manual_seed(seed)


def test_mirroring_changes_signs_cloud_by_cloud():
    signs = mirror_signs(400, 3, [0, 2], generator())
    assert signs.shape == (400, 1, 3)
    assert torch.equal(signs.abs(), torch.ones(400, 1, 3))
    assert torch.equal(signs[..., 1], torch.ones(400, 1))
    assert signs[:, 0, [0, 2]].mean(0).tolist() == pytest.approx([0, 0], abs=0.15)
    assert abs((signs[:, 0, 0] * signs[:, 0, 2]).mean()) < 0.15


def test_even_times_have_one_in_each_part_of_the_interval():
    times = even_times(50, generator())
    assert sorted((times * 50).floor().int().tolist()) == list(range(50))
    assert not torch.equal(times, times.sort().values)


@pytest.mark.parametrize("batch_points", [1, 20, 10_000])
def test_points_come_in_the_order_of_their_clouds_whatever_is_computed_together(batch_points, monkeypatch):
    monkeypatch.setattr(drawing, "_CHUNK", 4)
    counts = np.array([3, 0, 1, 7, 2, 2, 5, 0, 1, 4])
    conditioning = np.arange(10, dtype=np.float32).reshape(-1, 1)
    told = []

    def begin(sizes, known, generator):
        shift = torch.rand(len(sizes), generator=generator)
        return lambda noise, index: torch.stack(
            [noise[..., 0] + shift[index, None], known[index].expand(noise.shape[:2])], 2
        )

    def drawn(points):
        return draw_points(
            begin,
            counts,
            conditioning,
            noise=1,
            width=2,
            seed=3,
            device="cpu",
            batch_points=points,
            progress=told.append,
        )

    found = drawn(batch_points)
    np.testing.assert_array_equal(found[:, 1], np.repeat(conditioning[:, 0], counts))
    np.testing.assert_array_equal(found, drawn(64))
    assert len(np.unique(found[:, 0])) == counts.sum()
    assert told == [4, 8, 10] * 2
