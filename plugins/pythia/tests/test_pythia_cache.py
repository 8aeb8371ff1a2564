"""The cache: the same jets whoever makes them, after kills, damage and in company."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from jetgen.api.context import RunContext
from jetgen.errors import DataError, JetgenError
from jetgen_pythia.dataset import PythiaJets
from jetgen_pythia.pool import make_shards
from jetgen_pythia.recipe import PARTONS
from jetgen_pythia.shards import Shard, home, shards

PREPARE = """
from jetgen_pythia import specs
specs.SIZES["mini"] = (200, 100, 100)
from jetgen.api.context import RunContext
from jetgen_pythia.dataset import PythiaJets
PythiaJets.create("mini", parton="w").prepare(RunContext(threads={threads}))
"""


def _preparation(threads: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", PREPARE.format(threads=threads)], stderr=subprocess.PIPE)


def _files(folder: Path, pattern: str = "*.h5") -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob(pattern)}


def _wait_until(truth, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not truth():
        assert time.monotonic() < end
        time.sleep(0.02)


def _fingerprints() -> list[str]:
    dataset = PythiaJets.create("mini", parton="w", particles=150)
    return [dataset.load(split)[:].fingerprint() for split in ("train", "val", "test")]


@pytest.fixture
def expected(filled, mini) -> list[str]:
    return _fingerprints()


def test_one_process_and_another_order_make_the_same_jets(filled, cache, monkeypatch):
    wanted = [shards(home(parton), parton, "test", 400)[i] for parton, i in (("quark", 3), ("top", 1), ("quark", 0))]
    make_shards(wanted, 1, lambda: None)
    alone = [shard.read().fingerprint() for shard in wanted]
    monkeypatch.setenv("JETGEN_CACHE", str(filled))
    together = [Shard(home(shard.process), shard.process, "test", shard.index) for shard in wanted]
    assert [shard.read().fingerprint() for shard in together] == alone


def test_a_killed_preparation_goes_on_where_it_was(expected, cache, mini):
    process = _preparation(threads=2)
    _wait_until(lambda: len(_files(cache)) >= 2)
    workers = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert workers
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert not alive
    done = _files(cache)
    assert 2 <= len(done) < 4
    missing = next(shard.path for shard in shards(home("w"), "w", "test", 100) if shard.path not in done)
    missing.parent.mkdir(exist_ok=True)
    missing.with_name(f".{missing.name}.1.part").write_bytes(b"what a kill in the middle of a write leaves")
    messages: list = []
    PythiaJets.create("mini", parton="w").prepare(RunContext(threads=2, listener=messages.append))
    assert [message["done"] for message in messages] == list(range(100 * len(done), 401, 100))
    after = _files(cache)
    assert {path: after[path] for path in done} == done
    assert _files(cache, "*.part") == {}
    assert _fingerprints() == expected


def test_two_preparations_at_once_give_the_same_jets(expected, cache, mini):
    processes = [_preparation(threads=1) for _ in range(2)]
    for process in processes:
        _, complaint = process.communicate(timeout=120)
        assert (process.returncode, complaint) == (0, b"")
    assert _fingerprints() == expected


def test_two_workers_with_the_same_orders_do_not_do_the_work_twice(cache):
    orders = [
        {"home": str(shard.home), "process": "z", "split": "test", "index": shard.index, "wait": True}
        for shard in shards(home("z"), "z", "test", 200)
    ]
    lines = "".join(json.dumps(order) + "\n" for order in orders)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    workers = [subprocess.Popen([sys.executable, "-m", "jetgen_pythia.worker"], **pipes) for _ in range(2)]
    for worker in workers:
        worker.stdin.write(lines)
        worker.stdin.flush()
    states = [[json.loads(worker.stdout.readline())["state"] for _ in orders] for worker in workers]
    for worker in workers:
        worker.communicate()
    assert [sorted(pair) for pair in zip(*states, strict=True)] == [["made", "there"]] * 2


def test_a_lock_that_another_holds_is_not_waited_for_unless_asked(cache):
    shard = shards(home("z"), "z", "test", 100)[0]
    code = """
import sys
from pathlib import Path
from jetgen_pythia.shards import Shard
with Shard(Path(sys.argv[1]), "z", "test", 0).locked(wait=True):
    print("held", flush=True)
    sys.stdin.read()
"""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    holder = subprocess.Popen([sys.executable, "-c", code, str(shard.home)], **pipes)
    assert holder.stdout.readline() == b"held\n"
    with shard.locked(wait=False) as ours:
        assert not ours
    holder.kill()
    holder.communicate()
    with shard.locked(wait=True) as ours:
        assert ours


def test_damaged_files_are_noticed_and_made_again(expected, filled, cache, mini):
    shutil.copytree(filled, cache)
    train, val = shards(home("w"), "w", "train", 200), shards(home("w"), "w", "val", 100)
    whole = train[0].path.read_bytes()
    train[0].path.write_bytes(whole[: len(whole) // 2])
    flipped = bytearray(train[1].path.read_bytes())
    flipped[len(flipped) // 2] ^= 1
    train[1].path.write_bytes(flipped)
    shutil.copy(shards(home("w"), "w", "test", 100)[0].path, val[0].path)  # intact, but another stream's
    untouched = {path: time for path, time in _files(cache).items() if path.parent.name == "test"}
    for split in ("train", "val"):
        with pytest.raises(DataError, match=r"0\.h5: .* damaged .*; make it again with jetbench prepare"):
            PythiaJets.create("mini", parton="w").load(split)[:]
    messages: list = []
    PythiaJets.create("mini", parton="w").prepare(RunContext(threads=1, listener=messages.append))
    assert [message["done"] for message in messages] == [100, 200, 300, 400]
    assert _fingerprints() == expected
    assert {path: time for path, time in _files(cache).items() if path.parent.name == "test"} == untouched


def test_no_flipped_byte_is_ever_read_as_other_jets(filled, cache):
    original = shards(home("w"), "w", "test", 100)[0]
    bytes_, jets = (filled / original.path.relative_to(cache)).read_bytes(), None
    original.path.parent.mkdir(parents=True)
    original.path.write_bytes(bytes_)
    jets = original.read().fingerprint()
    dice = random.Random(1)
    noticed = 0
    # Half of the flipped bytes are at the front, where the arrays are described.
    for position in [dice.randrange(len(bytes_)) for _ in range(60)] + [dice.randrange(2000) for _ in range(60)]:
        damaged = bytearray(bytes_)
        damaged[position] ^= 1 << dice.randrange(8)
        original.path.write_bytes(damaged)
        try:
            assert original.read().fingerprint() == jets
        except DataError:
            noticed += 1
    assert noticed > 60


def test_an_empty_file_is_noticed(cache):
    shard = shards(home("w"), "w", "test", 100)[0]
    shard.path.parent.mkdir(parents=True)
    shard.path.touch()
    assert not shard.intact()


@pytest.mark.parametrize(
    "breakage",
    [
        ("fastjet", "raise ImportError('libfastjet.so is missing')", "cannot be made .libfastjet.so is missing.*pip"),
        ("pythia8mc", "import os; os.kill(os.getpid(), 9)", "a worker died while .* w/train/0 .SIGKILL"),
        ("pythia8mc", "raise RuntimeError('no xml')", "a worker died .* .exit status 1: RuntimeError: no xml"),
    ],
)
def test_a_worker_that_cannot_work_is_one_sentence(breakage, cache, mini, tmp_path, monkeypatch):
    package, text, sentence = breakage
    (tmp_path / f"{package}.py").write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(JetgenError, match=sentence) as caught:
        PythiaJets.create("mini", parton="w").prepare(RunContext())
    assert "\n" not in str(caught.value)
    assert _files(cache) == {}


def test_a_cache_that_cannot_be_written_is_one_sentence(tmp_path, monkeypatch, mini):
    (tmp_path / "cache").write_text("a file is in the way")
    monkeypatch.setenv("JETGEN_CACHE", str(tmp_path / "cache"))
    with pytest.raises(JetgenError, match="cannot be written"):
        PythiaJets.create("mini", parton="w").prepare(RunContext())


def test_all_files_are_under_the_named_cache(filled):
    homes = {path.parent.parent for path in _files(filled)}
    assert {home.parent for home in homes} == {filled / "pythia"}
    assert {home.name.split("-")[0] for home in homes} == set(PARTONS)
