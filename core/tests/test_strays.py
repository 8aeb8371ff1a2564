"""Processes that leave the session of a command are ended with it; its output and its records have a bound."""

import json
import subprocess
import sys
import time

import psutil
import pytest
from jetgen.harness.run import supervise as supervision
from jetgen.harness.run.supervise import start, supervise
from jetgen.harness.store import log_records
from jetgen.harness.store.log_records import OURS, RecordFollower, RecordLog, cut_log, read_log
from jetgen.registry import strays
from jetgen.registry.strays import MARK, end_strays, new_mark
from processes import gone

DETACH = """
import os, subprocess, sys, time
from jetgen.registry.strays import adopt_orphans
adopt_orphans()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        {environment}
        os.execve(sys.executable, [sys.executable, "-c", {inner!r}], environment)
    os._exit(0)
os.wait()
while not os.path.exists({note!r}):
    time.sleep(0.01)
time.sleep({seconds})
os._exit(7)
"""


def detached(note, *, environment="environment = dict(os.environ)", seconds=0.0):
    """A command that leaves a process in a session of its own, whose number stands in ``note``."""
    inner = f"import os, time; open({str(note)!r} + '.new', 'w').write(str(os.getpid())); "
    inner += f"os.rename({str(note)!r} + '.new', {str(note)!r}); time.sleep(600)"
    source = DETACH.format(inner=inner, note=str(note), environment=environment, seconds=seconds)
    return [sys.executable, "-c", source]


needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="orphans are adopted on Linux alone")


@pytest.mark.parametrize(
    ("how", "limit", "reason"),
    [
        pytest.param({}, 600, "exit", id="after the end"),
        pytest.param({"seconds": 600}, 0.1, "timeout", id="at a timeout"),
        pytest.param(
            {"environment": "environment = {}", "seconds": 600}, 0.1, "timeout", id="without mark", marks=needs_linux
        ),
    ],
)
def test_a_process_in_a_session_of_its_own_ends_with_its_command(tmp_path, how, limit, reason):
    note = tmp_path / "number"
    child = start(detached(note, **how), tmp_path / "log", {})
    while not note.exists():
        time.sleep(0.01)
    ending = supervise(child, limit=limit, memory_bytes=2**40)
    assert ending.reason == reason
    number = int(note.read_text())
    assert [name for name in ending.strays.ended if f"(process {number})" in name]
    assert ending.strays.left == ()
    assert not psutil.pid_exists(number) or gone([psutil.Process(number)])


def test_what_does_not_end_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(strays, "_PATIENCE", 0.0)
    monkeypatch.setattr(psutil.Process, "kill", lambda process: (_ for _ in ()).throw(psutil.AccessDenied(process.pid)))
    mark = new_mark()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, env={MARK: mark}) as process:
        while psutil.Process(process.pid).environ().get(MARK) != mark:
            time.sleep(0.01)
        found = end_strays(mark)
        process.communicate(b"\n")
    assert found.ended == ()
    assert [name for name in found.left if f"(process {process.pid})" in name]


def test_a_process_with_another_mark_is_left_alone():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, env={MARK: new_mark()}) as process:
        assert end_strays(new_mark()) == strays.NO_STRAYS
        assert process.poll() is None
        process.communicate(b"\n")


@pytest.fixture
def short_logs(monkeypatch):
    monkeypatch.setattr(log_records, "_LONGEST_LOG", 50_000)
    monkeypatch.setattr(log_records, "_ENDS", 1_000)
    monkeypatch.setattr(log_records, "_MOST", 20_000)
    monkeypatch.setattr(log_records, "_LONGEST", 500)
    monkeypatch.setattr(log_records, "_BLOCK", 1_000)


def test_the_output_of_a_command_keeps_its_two_ends_when_it_is_too_long(tmp_path, short_logs, monkeypatch):
    monkeypatch.setattr(supervision, "_MEMORY_PERIOD", 0.0)
    source = "import time\nprint('the first line')\nfor _ in range(20):\n    print('x' * 20_000, flush=True)\n"
    source += "    time.sleep(0.06)\nprint('the last line')"
    ending = supervise(start([sys.executable, "-c", source], tmp_path / "log", {}), limit=60, memory_bytes=2**40)
    text = (tmp_path / "log").read_text()
    assert ending.status == 0
    assert len(text) < 2 * 50_000
    assert text.startswith("the first line\n")
    assert "jetgen left out what stood here" in text
    assert text.endswith("the last line\n")


def test_a_log_within_its_bound_is_left_as_it_is(tmp_path, short_logs):
    (tmp_path / "log").write_text("short")
    cut_log(tmp_path / "log")
    cut_log(tmp_path / "missing")
    assert (tmp_path / "log").read_text() == "short"


def test_records_have_a_bound_and_those_of_the_harness_are_still_written_beyond_it(tmp_path, short_logs):
    path = tmp_path / "events.jsonl"
    log = RecordLog(path, "cell")
    for number in range(1000):
        log({"kind": "progress", "done": number, "more": "x" * 100})
    log({"kind": f"{OURS}fit_end"})
    assert path.stat().st_size < 21_000
    assert list(read_log(path))[-1]["kind"] == f"{OURS}fit_end"


def test_a_record_that_is_too_long_or_no_json_is_a_note(tmp_path, short_logs):
    path = tmp_path / "events.jsonl"
    follower, log = RecordFollower(path), RecordLog(path, "cell")
    circle = []
    circle.append(circle)
    for odd in ("x" * 1000, {(1, 2): 3}, circle):
        log({"kind": "odd", "value": odd})
    log({"kind": "fine"})
    records = list(follower.new())
    assert [record["kind"] for record in records] == ["cut", "cut", "cut", "fine"]
    assert "of 1045 bytes was left out" in records[0]["text"]
    assert "is no JSON" in records[1]["text"]


def test_a_line_without_end_is_read_in_blocks_and_what_follows_is_found(tmp_path, short_logs):
    path = tmp_path / "events.jsonl"
    path.write_text("x" * 10_500 + "\n" + json.dumps({"kind": "fine"}) + "\n")
    assert [record["kind"] for record in read_log(path)] == ["fine"]
    path.unlink()
    path.mkdir()
    assert list(read_log(path)) == []
