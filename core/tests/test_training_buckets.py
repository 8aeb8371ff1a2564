from functools import partial

import numpy as np
import pytest
import torch
from jetgen import Clouds, RunContext
from jetgen.errors import DataError, TrainingError
from jetgen.torch.training import Phase, Ragged, Update, fit, mask_of, seeded
from jetgen.torch.training.batches import Batches
from jetgen.torch.training.checkpoint import fingerprint
from torch import nn

SIZE = 64
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")


@pytest.fixture(scope="module")
def counts():
    """Multiplicities as broad as those of top jets with up to 150 particles."""
    drawn = np.random.default_rng(1).normal(50, 20, 5000).round()
    return torch.from_numpy(drawn.clip(1, 150).astype(np.int64))


@pytest.fixture(scope="module")
def hard_jets(real_jets):
    """Only the particles with at least 2 % of the momentum of their jet: now the multiplicities differ."""
    points, mask = real_jets.padded()
    return Clouds.from_padded(points, mask & (points[..., 2] > 0.02))


@pytest.fixture(scope="module")
def ragged_jets(hard_jets):
    return Ragged.of(hard_jets.points, hard_jets.multiplicity)


def epoch_of(batches, number, name="row"):
    per_epoch = batches.rows // batches.size
    return [batches(number * per_epoch + place)[name] for place in range(per_epoch)]


def numbered(counts, **options):
    return Batches({"row": torch.arange(len(counts)), "counts": counts}, SIZE, seed=3, **options)


def places_per_point(counts, rows):
    return sum(int(counts[batch].max()) * len(batch) for batch in rows) / sum(
        int(counts[batch].sum()) for batch in rows
    )


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=needs_gpu)])
def test_ragged_rows_come_padded_as_clouds_do(hard_jets, ragged_jets, device):
    rows, index = ragged_jets.to(device), torch.tensor([1999, 0, 7, 7], device=device)
    padded, mask = hard_jets[index.cpu().numpy()].padded()
    assert rows.device.type == rows[index].device.type == device
    assert torch.equal(rows[index].cpu(), torch.from_numpy(padded))
    assert torch.equal(mask_of(rows.lengths[index], padded.shape[1]).cpu(), torch.from_numpy(mask))


def test_empty_places_hold_zeros_even_beside_rows_that_are_not_finite():
    rows = Ragged(torch.tensor([[1.0], [torch.nan], [torch.inf]]), torch.tensor([0, 1, 3, 3]))
    assert rows[torch.tensor([2, 0, 1])][:2].tolist() == [[[0.0], [0.0]], [[1.0], [0.0]]]


def test_padded_rows_are_put_back_where_they_came_from(hard_jets, ragged_jets):
    index = torch.randperm(len(ragged_jets), generator=torch.Generator().manual_seed(1))
    answer = Ragged(torch.zeros_like(ragged_jets.values), ragged_jets.offsets)
    for part in index.split(300):
        padded = ragged_jets[part]
        empty = ~mask_of(ragged_jets.lengths[part], padded.shape[1]).unsqueeze(-1)
        answer[part] = padded.masked_fill(empty, torch.nan)
    assert torch.equal(answer.values, ragged_jets.values)


def test_the_last_row_is_found_from_behind(ragged_jets):
    assert torch.equal(ragged_jets[torch.tensor([-1, 3])], ragged_jets[torch.tensor([1999, 3])])


@pytest.mark.parametrize("values", [torch.empty(0, 3), torch.ones(4, 3)])
def test_rows_without_places_are_padded_to_nothing(values):
    rows = Ragged.of(values, np.array([0, len(values), 0]))
    assert rows[torch.tensor([0, 2])].shape == (2, 0, 3)
    assert rows[torch.tensor([], dtype=torch.int64)].shape == (0, 0, 3)


def test_ragged_rows_are_made_from_arrays_that_cannot_be_written(real_jets):
    points = real_jets.points.copy()
    points.flags.writeable = False
    assert torch.equal(Ragged.of(points, real_jets.multiplicity).values, torch.from_numpy(real_jets.points))


@pytest.mark.parametrize(
    ("values", "offsets", "message"),
    [
        (torch.ones(2), torch.tensor([0, 2]), "values in two dimensions"),
        (torch.ones(2, 1), torch.tensor([0, 2], dtype=torch.int32), "at least one int64 offset"),
        (torch.ones(2, 1), torch.tensor([], dtype=torch.int64), "at least one int64 offset"),
        (torch.ones(2, 1), torch.tensor([0, 3]), "do not rise from 0 to the number of slots, 2"),
        (torch.ones(2, 1), torch.tensor([1, 2]), "do not rise from 0"),
        (torch.ones(2, 1), torch.tensor([0, 2, 1, 2]), "do not rise from 0"),
        (torch.ones(2, 1), torch.tensor([0, 2], device="meta"), "are on cpu, their offsets on meta"),
    ],
)
def test_malformed_ragged_rows_are_refused_with_one_sentence(values, offsets, message):
    with pytest.raises(DataError, match=message):
        Ragged(values, offsets)


@pytest.mark.parametrize("counts", [np.array([3, -1]), np.array([1.0, 1.0]), np.array([[1, 1]])])
def test_lengths_that_are_none_are_refused(counts):
    with pytest.raises(DataError, match="non-negative integers in one dimension"):
        Ragged.of(torch.ones(2, 1), counts)


def test_every_row_is_drawn_once_an_epoch_and_epochs_differ(counts):
    batches = numbered(counts, lengths=counts)
    epochs = [torch.cat(epoch_of(batches, number)) for number in range(2)]
    assert all(len(epoch.unique()) == len(epoch) == len(counts) // SIZE * SIZE for epoch in epochs)
    assert not torch.equal(epochs[0].sort().values, epochs[1].sort().values)  # what is left out is left to chance


def test_a_batch_is_a_function_of_seed_and_number_alone(counts):
    first, second = numbered(counts, lengths=counts), numbered(counts, lengths=counts)
    later = [second(number)["row"] for number in (200, 3, 80)]
    assert all(torch.equal(first(number)["row"], row) for number, row in zip((200, 3, 80), later, strict=True))


@needs_gpu
def test_the_order_is_the_same_on_every_device(counts):
    here, there = numbered(counts, lengths=counts), numbered(counts.cuda(), lengths=counts.cuda())
    assert all(torch.equal(here(number)["counts"], there(number)["counts"].cpu()) for number in (0, 50, 100))


def test_without_lengths_the_order_is_the_plain_shuffle(counts):
    plain, bucketed = numbered(counts), numbered(counts, lengths=counts)
    assert plain(0)["row"][:6].tolist() == [2462, 3376, 1032, 4172, 3780, 4895]
    kept = [torch.cat(epoch_of(batches, 0)).sort().values for batches in (plain, bucketed)]
    assert torch.equal(*kept)


def test_rows_of_similar_length_come_together_and_the_padding_falls(counts):
    plain = places_per_point(counts, epoch_of(numbered(counts), 0))
    bucketed = places_per_point(counts, epoch_of(numbered(counts, lengths=counts), 0))
    assert plain > 1.8
    assert bucketed < 1.15


def test_the_length_of_a_batch_tells_nothing_about_the_next(counts):
    means = [counts[batch].double().mean().item() for batch in epoch_of(numbered(counts, lengths=counts), 0)]
    assert abs(np.corrcoef(means[:-1], means[1:])[0, 1]) < 0.3


def test_a_larger_pool_pads_less_and_a_pool_of_one_as_much_as_none(counts):
    one, many = (places_per_point(counts, epoch_of(numbered(counts, lengths=counts, pool=pool), 0)) for pool in (1, 64))
    assert one == places_per_point(counts, epoch_of(numbered(counts), 0))
    assert many < places_per_point(counts, epoch_of(numbered(counts, lengths=counts), 0))


def test_lengths_of_other_rows_are_refused(counts):
    with pytest.raises(DataError, match="equally many rows"):
        numbered(counts, lengths=counts[1:])


class KilledError(Exception):
    pass


def train(jets, out, kill_at=-1, **options):
    """A sum over points learns the mass-like sum of squares; at turn ``kill_at`` of its loss it dies."""
    with seeded(1):
        model = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Dropout(0.1), nn.Linear(8, 1))
    seen = []

    def loss(step):
        points, counts = step.batch["points"], step.batch["counts"]
        seen.append(points.shape[1])
        if len(seen) == kill_at:
            raise KilledError
        mask = mask_of(counts, points.shape[1]).unsqueeze(-1)
        noise = 1e-3 * torch.randn(points.shape, generator=step.generator)
        return ((model(points + noise) * mask).sum(1) - points.square().sum((1, 2))[:, None]).square().mean()

    update = Update("sum", ("model",), loss, partial(torch.optim.Adam, lr=1e-3))
    phase = Phase("fit", 40, SIZE, (update,), **{"buckets": "counts", "bucket_pool": 4, **options})
    data = {"points": jets, "counts": jets.lengths}
    report = fit({"model": model}, data, [phase], RunContext(seed=3, out=out), checkpoint_seconds=0)
    return model, report, seen


def test_a_training_on_ragged_rows_that_is_resumed_ends_in_the_same_bits(tmp_path, ragged_jets):
    undisturbed, report, seen = train(ragged_jets, tmp_path / "undisturbed")
    for kill_at in (15, 20):
        with pytest.raises(KilledError):
            train(ragged_jets, tmp_path / "killed", kill_at)
    resumed, again, rest = train(ragged_jets, tmp_path / "killed")
    assert (len(seen), len(rest)) == (40, 40 - 14 - 19)
    assert all(torch.equal(a, b) for a, b in zip(undisturbed.parameters(), resumed.parameters(), strict=True))
    assert report == again


def test_rows_can_be_bucketed_by_the_ragged_rows_themselves(ragged_jets):
    by_counts, by_points = (train(ragged_jets, None, buckets=name)[2] for name in ("counts", "points"))
    assert by_counts == by_points != train(ragged_jets, None, buckets="")[2]


@pytest.mark.parametrize("name", ["lengths", "mass"])
def test_buckets_that_the_data_do_not_have_are_refused_before_the_first_step(real_jets, name):
    model, turns = nn.Linear(1, 1), []
    update = Update("fit", ("model",), turns.append, torch.optim.SGD)
    phases = [Phase("first", 1, 8, (update,)), Phase("last", 1, 8, (update,), buckets=name)]
    with pytest.raises(TrainingError, match=f"phase 'last' buckets its rows by '{name}', but .* they have mass"):
        fit({"model": model}, {"mass": torch.ones(20)}, phases, RunContext())
    assert not turns


def test_the_fingerprint_covers_values_offsets_and_buckets():
    def mark(values, counts, **options):
        rows = Ragged.of(torch.tensor(values).unsqueeze(1), np.array(counts))
        return fingerprint({}, {"x": rows}, [Phase("fit", 4, 2, (), **options)], {})

    marks = [
        mark([1.0, 2.0, 3.0], [1, 2]),
        mark([1.0, 2.0, 3.0], [2, 1]),
        mark([1.0, 2.0, 4.0], [1, 2]),
        mark([1.0, 2.0, 3.0], [1, 2], buckets="x"),
        mark([1.0, 2.0, 3.0], [1, 2], buckets="x", bucket_pool=3),
    ]
    assert len(set(marks)) == 5
    assert marks[0] == mark([1.0, 2.0, 3.0], [1, 2])


def test_a_phase_gathers_only_what_it_uses_and_says_what_is_missing():
    model, seen = nn.Linear(1, 1), []

    def loss(step):
        seen.append(set(step.batch))
        return model(step.batch["x"]).square().mean()

    update = Update("all", ("model",), loss, partial(torch.optim.SGD, lr=0.1))
    data = {"x": torch.ones(8, 1), "large": torch.ones(8, 5)}
    fit({"model": model}, data, [Phase("fit", 2, 4, (update,), uses=("x",))], RunContext())
    assert seen == [{"x"}, {"x"}]
    with pytest.raises(TrainingError, match="phase 'fit' uses 'y', which is not in the training data: x, large"):
        fit({"model": model}, data, [Phase("fit", 2, 4, (update,), uses=("x", "y"))], RunContext())
