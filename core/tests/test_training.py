import math
import time
from functools import partial

import pytest
import torch
from jetgen import RunContext
from jetgen.errors import DataError, TrainingError
from jetgen.torch.training import (
    EMA,
    Phase,
    Update,
    fit,
    load_weights,
    read_document,
    save_weights,
    seeded,
    warmup_cosine,
)
from jetgen.torch.training.batches import Batches
from torch import nn

DATA = {"x": torch.linspace(-1, 1, 128).unsqueeze(1)}
SGD = partial(torch.optim.SGD, lr=0.1)


def line():
    with seeded(1):
        return nn.Linear(1, 1)


def phase_of(model, steps=50, loss=None, **options):
    def squares(step):
        return (model(step.batch["x"]) - 3 * step.batch["x"]).square().mean()

    update = Update("squares", ("model",), loss or squares, SGD)
    return Phase("fit", steps, 16, (update,), **options)


def test_it_learns_and_reports(tmp_path):
    model, events = line(), []
    report = fit({"model": model}, DATA, [phase_of(model, 200)], RunContext(out=tmp_path, listener=events.append))
    assert model.weight.item() == pytest.approx(3, abs=0.05)
    assert (report.parameters, report.steps, report.stop_reason) == (2, 200, "finished")
    assert len(report.history["fit/loss/squares"]) == 200
    assert not model.training
    last = events[-1]
    assert (last["kind"], last["done"], last["total"], last["unit"], last["phase"]) == (
        "progress",
        200,
        200,
        "steps",
        "fit",
    )


def test_reports_come_twice_a_second(monkeypatch):
    model, events, clock = line(), [], [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])

    def slow(step):
        clock[0] += 0.125
        return model(step.batch["x"]).square().mean()

    fit({"model": model}, DATA, [phase_of(model, 21, slow)], RunContext(listener=events.append))
    assert [event["done"] for event in events] == [4, 8, 12, 16, 20, 21], "every half second, and the last step"


def test_the_global_random_state_is_neither_used_nor_changed():
    def train(global_seed):
        torch.manual_seed(global_seed)
        before = torch.get_rng_state()
        with seeded(1):
            model = nn.Sequential(nn.Linear(1, 8), nn.Dropout(0.5), nn.Linear(8, 1))
        fit({"model": model}, DATA, [phase_of(model)], RunContext(seed=2))
        assert torch.equal(torch.get_rng_state(), before)
        return model[0].weight

    assert torch.equal(train(1), train(2))


@pytest.mark.parametrize(("factor", "what"), [(math.nan, "loss"), (math.inf, "loss"), ("sqrt", "gradient")])
def test_what_is_not_finite_stops_the_training_and_names_phase_and_step(factor, what):
    model = line()

    def bad(step):
        loss = model(step.batch["x"]).square().mean()
        if step.number < 12:
            return loss
        return (loss * 0).sqrt() if factor == "sqrt" else loss * factor

    with pytest.raises(TrainingError, match=f"the {what} of phase 'fit' is not finite at step 12; "):
        fit({"model": model}, DATA, [phase_of(model, loss=bad)], RunContext())


def test_the_deadline_stops_it_and_what_was_learnt_is_kept(monkeypatch):
    model, left = line(), iter([1.0] * 10 + [0.0])
    monkeypatch.setattr(RunContext, "remaining", lambda _ctx: next(left))
    report = fit({"model": model}, DATA, [phase_of(model, 10**6)], RunContext())
    assert (report.stop_reason, report.steps) == ("deadline", 10)
    assert abs(model.weight.item() - 3) < abs(line().weight.item() - 3)


def test_the_best_validated_weights_are_kept():
    model, seen = line(), []

    def validate(_generator):
        seen.append(model.weight.item())
        return abs(seen[-1] - 1.5)  # on the way from below 1 to 3

    report = fit({"model": model}, DATA, [phase_of(model, validate=validate, validate_every=5)], RunContext())
    assert model.weight.item() == min(seen, key=lambda weight: abs(weight - 1.5))
    assert report.history["fit/validation"] == [abs(weight - 1.5) for weight in seen]
    assert len(seen) == 10


def test_without_validation_the_averages_are_kept():
    plain, averaged = line(), line()
    fit({"model": plain}, DATA, [phase_of(plain)], RunContext())
    fit({"model": averaged}, DATA, [phase_of(averaged, ema={"model": 0.99})], RunContext())
    assert averaged.weight.item() != plain.weight.item()
    assert abs(averaged.weight.item() - 3) > abs(plain.weight.item() - 3)


def test_the_average_forgets_the_first_weights_and_follows_integers():
    module = nn.BatchNorm1d(1)
    average = EMA(module, 0.9)
    for step in range(200):
        nn.init.constant_(module.weight, 5.0)
        module.num_batches_tracked += 1
        average.update(step)
    assert average.tensors["weight"].item() == pytest.approx(5, abs=1e-5)
    assert average.tensors["num_batches_tracked"].item() == 200


def test_critic_and_generator_take_their_turns_and_leave_each_other_alone():
    generator, critic, turns = line(), line(), []

    def turn(name):
        def loss(step):
            turns.append((name, step.number))
            assert generator.weight.requires_grad is (name == "generator")
            return critic(generator(step.batch["x"])).square().mean()

        return loss

    updates = (
        Update("critic", ("critic",), turn("critic"), SGD, repeat=4),
        Update("generator", ("generator",), turn("generator"), SGD, every=2),
    )
    fit({"generator": generator, "critic": critic}, DATA, [Phase("adversarial", 4, 8, updates)], RunContext())
    assert turns.count(("critic", 3)) == 4
    assert [step for name, step in turns if name == "generator"] == [0, 2]
    assert generator.weight.requires_grad


def test_a_module_that_a_phase_does_not_train_is_frozen_and_in_eval_mode():
    base, head, modes = line(), line(), []
    before = base.weight.item()

    def loss(step):
        modes.append((base.training, head.training))
        return head(base(step.batch["x"])).square().mean()

    update = Update("head", ("head",), loss, SGD)
    fit({"base": base, "head": head}, DATA, [Phase("refine", 3, 8, (update,))], RunContext())
    assert modes == [(False, True)] * 3
    assert base.weight.item() == before


def test_every_row_is_drawn_once_an_epoch_and_epochs_differ():
    batches = Batches({"x": torch.arange(10)}, 3, seed=1)
    epochs = [torch.cat([batches(3 * epoch + i)["x"] for i in range(3)]).tolist() for epoch in range(2)]
    assert all(len(set(epoch)) == 9 for epoch in epochs)
    assert epochs[0] != epochs[1]
    assert torch.equal(batches(4)["x"], torch.tensor(epochs[1][3:6]))


def test_unequal_or_empty_data_are_refused():
    for data in ({"x": torch.ones(3), "y": torch.ones(2)}, {"x": torch.ones(0)}):
        with pytest.raises(DataError, match="equally many rows"):
            Batches(data, 2, seed=1)


def test_an_update_without_parameters_is_refused():
    model = nn.Identity()
    with pytest.raises(TrainingError, match="has no parameters to train"):
        fit({"model": model}, DATA, [phase_of(model)], RunContext())


def test_the_schedule_reaches_the_optimiser():
    model, rates = line(), []

    class Spy(torch.optim.SGD):
        def step(self, closure=None):
            rates.append(self.param_groups[0]["lr"])
            return super().step(closure)

    def loss(step):
        return model(step.batch["x"]).square().mean()

    update = Update("fit", ("model",), loss, partial(Spy, lr=0.1), warmup_cosine(10, 2))
    fit({"model": model}, DATA, [Phase("fit", 10, 8, (update,))], RunContext())
    assert rates == pytest.approx([0.1 * warmup_cosine(10, 2)(step) for step in range(10)])


def test_weights_come_back_bit_by_bit(tmp_path):
    model, other = line(), nn.Linear(1, 1)
    save_weights(tmp_path, model, {"width": 1})
    load_weights(tmp_path, other, "cpu")
    assert torch.equal(model.weight, other.weight)
    assert read_document(tmp_path) == {"width": 1}


def test_weights_that_are_missing_damaged_or_of_another_model_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"model\.json is not the description"):
        read_document(tmp_path)
    with pytest.raises(DataError, match="does not hold weights"):
        load_weights(tmp_path, line(), "cpu")
    save_weights(tmp_path, line(), {})
    with pytest.raises(DataError, match="weights of another model"):
        load_weights(tmp_path, nn.Linear(2, 1), "cpu")
    path = tmp_path / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(DataError, match="truncated or damaged"):
        load_weights(tmp_path, line(), "cpu")


def test_a_last_step_without_an_update_that_is_due_is_reported_without_a_loss():
    model, events = line(), []
    loss = Update("squares", ("model",), lambda step: model(step.batch["x"]).square().mean(), SGD, every=3)
    report = fit({"model": model}, DATA, [Phase("fit", 2, 8, (loss,))], RunContext(listener=events.append))
    assert (report.steps, report.stop_reason) == (2, "finished")
    assert (events[-1]["done"], events[-1]["total"]) == (2, 2)
