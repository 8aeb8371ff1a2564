import importlib.util
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from jetgen.torch.training import read_document
from jetgen.torch.training.checkpoint import read_checkpoint
from safetensors.torch import load_file

VICTIM = Path(__file__).with_name("training_victim.py")
_spec = importlib.util.spec_from_file_location("training_victim", VICTIM)
victim = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(victim)


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """The processes that are killed have one; so must what is compared with them, and busy machines are spared."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def killed(folder, kill_at, *options):
    """Whether a process that trains there ends by the signal that it sends itself."""
    command = [sys.executable, str(VICTIM), str(folder), str(kill_at), *options]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return done.returncode == -signal.SIGKILL


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    victim.train_and_save(folder)
    return folder


def same_ending(folder, undisturbed):
    for name in ("generator", "critic"):
        ours, theirs = (
            load_file(folder / name / "weights.safetensors"),
            load_file(undisturbed / name / "weights.safetensors"),
        )
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[key], theirs[key]) for key in ours)
        assert read_document(folder / name) == read_document(undisturbed / name)
    return (folder / "training.csv").read_text() == (undisturbed / "training.csv").read_text()


def test_kills_at_random_steps_end_in_the_same_bits_and_the_same_log(tmp_path, undisturbed):
    moments = random.Random(5)
    for low, high in ((5, 19), (5, 30)):  # turns of one process: once in the first phase, once in the second
        assert killed(tmp_path, moments.randint(low, high))
    victim.train_and_save(tmp_path)
    assert same_ending(tmp_path, undisturbed)


def test_a_kill_in_the_middle_of_writing_a_checkpoint_leaves_the_older_one_usable(tmp_path, undisturbed):
    assert killed(tmp_path, 25, "--while-writing")
    document = read_checkpoint(tmp_path / "training.safetensors")[1]
    assert (document["phase"], document["running"]["step"]) == (1, 3)  # the 24th: 20 steps, the end of a phase, 3 steps
    victim.train_and_save(tmp_path)
    assert same_ending(tmp_path, undisturbed)


def test_a_finished_training_is_not_trained_again(tmp_path):
    first, _ = victim.train(tmp_path)
    second, report = victim.train(tmp_path, kill_at=1)  # the first loss would kill this process
    assert report.steps == 50
    assert all(
        torch.equal(a, b)
        for a, b in zip(first["generator"].parameters(), second["generator"].parameters(), strict=True)
    )


def test_a_checkpoint_of_other_settings_is_not_resumed(tmp_path):
    victim.train(tmp_path, identity={"width": 16})
    log = (tmp_path / "training.csv").read_text()
    _, report = victim.train(tmp_path, identity={"width": 17})
    assert (tmp_path / "training.csv").read_text() == log
    assert len(report.history["warm/loss/fit"]) == 20
    document = read_checkpoint(tmp_path / "training.safetensors")[1]
    victim.train(tmp_path, identity={"width": 16})
    assert read_checkpoint(tmp_path / "training.safetensors")[1]["fingerprint"] != document["fingerprint"]


@pytest.mark.parametrize("damage", [b"", b"not a checkpoint", None])
def test_a_damaged_checkpoint_means_starting_again(tmp_path, damage):
    path = tmp_path / "training.safetensors"
    victim.train(tmp_path)
    path.write_bytes(path.read_bytes()[:-10] if damage is None else damage)
    _, report = victim.train(tmp_path)
    assert (report.steps, report.stop_reason) == (50, "finished")
