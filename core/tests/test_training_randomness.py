"""Random numbers of a training, and those that new clouds are made of."""

import numpy as np
import pytest
import torch
from jetgen.torch.clouds import NoiseShape, noise
from jetgen.torch.clouds.noise import cloud_noise, generate
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


MULTIPLICITY = np.array([3, 0, 1, 7, 2, 2, 5, 0, 1, 4])
CONDITIONING = np.arange(10, dtype=np.float32).reshape(-1, 1)


@pytest.fixture
def chunks_of_four(monkeypatch):
    """The noise of four clouds is drawn at once."""
    monkeypatch.setattr(noise, "_CLOUDS", 4)


def shifted(drawn, mask, conditioning):
    """Points (B, P, 2) of one number for each point and one for each cloud; in empty slots there is nonsense."""
    known = conditioning.expand(mask.shape)
    return torch.stack([drawn.points[..., 0] + drawn.cloud, known], 2).masked_fill(~mask.unsqueeze(-1), torch.nan)


def generated(n=10, sampler=shifted, **options):
    chosen = {"batch_points": 64, "slots": 7, "seed": 3, "device": "cpu", **options}
    return generate(sampler, MULTIPLICITY[:n], CONDITIONING[:n], shape=NoiseShape(1, 1), width=2, **chosen)


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("batch_points", [1, 20, 10_000])
def test_points_come_in_the_order_of_their_clouds_whatever_is_computed_together(batch_points, padded, chunks_of_four):
    told = []
    found = generated(batch_points=batch_points, padded=padded, progress=told.append)
    np.testing.assert_array_equal(found[:, 1], np.repeat(CONDITIONING[:, 0], MULTIPLICITY))
    np.testing.assert_array_equal(found, generated())
    assert len(np.unique(found[:, 0])) == MULTIPLICITY.sum()
    assert told == [4, 8, 10]


@pytest.mark.parametrize("n", [0, 1, 3, 4, 9])
def test_the_first_clouds_are_the_same_however_many_are_asked_for(n, chunks_of_four):
    np.testing.assert_array_equal(generated(n), generated()[: MULTIPLICITY[:n].sum()])


def test_another_seed_gives_other_clouds(chunks_of_four):
    assert not np.isin(generated(seed=4)[:, 0], generated(seed=3)[:, 0]).any()


def test_a_batch_is_cut_to_its_largest_cloud_unless_the_model_needs_every_slot():
    def slots(**options):
        seen = []

        def sampler(drawn, mask, conditioning):
            seen.append((drawn.points.shape[1], mask.shape[1]))
            return shifted(drawn, mask, conditioning)

        generated(sampler=sampler, **options)
        return seen

    assert slots(batch_points=14) == [(7, 7), (4, 4), (2, 2)]
    assert slots(batch_points=14, padded=True) == [(7, 7)] * 5


def test_the_noise_is_standard_normal_and_a_function_of_seed_and_row(chunks_of_four):
    shape = NoiseShape(3, 2)
    many, few = (np.concatenate(list(cloud_noise(n, shape, 50, seed=1))) for n in (999, 5))
    assert many.shape == (999, 2 + 50 * 3)
    np.testing.assert_array_equal(few, many[:5])
    assert (many.mean(), many.std()) == pytest.approx((0, 1), abs=0.02)
    assert len(np.unique(many[:, 0])) == 999


def test_a_large_cloud_has_a_stream_of_its_own_from_which_only_what_its_points_need_is_drawn():
    shape, used = NoiseShape(3, 2), np.array([5, 0, 2000])
    whole, two = (np.concatenate(list(cloud_noise(n, shape, 2000, seed=1))) for n in (3, 2))
    np.testing.assert_array_equal(two, whole[:2])
    assert (whole.mean(), whole.std()) == pytest.approx((0, 1), abs=0.03)
    for row, n, drawn in zip(whole, used, np.concatenate(list(cloud_noise(3, shape, 2000, 1, used))), strict=True):
        np.testing.assert_array_equal(drawn[: 2 + 3 * n], row[: 2 + 3 * n])
        assert not drawn[2 + 3 * n :].any()
