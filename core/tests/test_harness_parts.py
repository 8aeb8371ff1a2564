"""The small parts of the harness: keys, log records, supervision, requests."""

import importlib
import json
import sys
from threading import Event, Timer

import psutil
import pytest
from jetgen.errors import UsageError
from jetgen.harness.planning.request import default_suite, parse_overrides
from jetgen.harness.run.supervise import StoppedError, start, supervise
from jetgen.harness.store.keys import changed_modules, loaded_modules
from jetgen.harness.store.log_records import RecordFollower, RecordLog, read_log
from processes import gone


def python(source):
    return [sys.executable, "-c", source]


def test_an_edited_module_is_noticed_without_importing_it(tmp_path, monkeypatch):
    package = tmp_path / "some_outsider"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "part.py").write_text("X = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    __import__("some_outsider.part")
    recorded = loaded_modules({"some_outsider"})
    assert set(recorded) == {"some_outsider", "some_outsider.part"} | {
        name for name in recorded if name.startswith("jetgen_")
    }
    assert changed_modules(recorded) == []
    (package / "part.py").write_text("X = 2\n")
    assert changed_modules(recorded) == ["some_outsider.part"]
    (package / "part.py").unlink()
    assert changed_modules(recorded) == ["some_outsider.part"]


def test_what_only_starts_and_records_stages_does_not_count():
    names = set(loaded_modules({"jetgen"}))
    assert "jetgen.data.clouds" in names or "jetgen.errors" in names
    assert not [name for name in names if name.startswith(("jetgen.harness.store.plan", "jetgen.registry"))]
    importlib.import_module("jetgen.harness.run.stages.sample")
    assert "jetgen.harness.run.stages.sample" in loaded_modules({"jetgen"})


def test_log_records_are_followed_and_a_torso_waits_for_its_end(tmp_path):
    path = tmp_path / "events.jsonl"
    follower, log = RecordFollower(path), RecordLog(path, "cell")
    assert list(follower.new()) == []
    log({"kind": "progress", "done": 1})
    with path.open("a") as file:
        file.write('{"kind": "pro')
    assert [event["done"] for event in follower.new()] == [1]
    with path.open("a") as file:
        file.write('gress", "done": 2}\n')
    assert [event["done"] for event in follower.new()] == [2]
    assert [event["done"] for event in read_log(path)] == [1, 2]


@pytest.mark.parametrize("marked", ["", "package", "package/part"])
def test_modules_in_folders_without_init_are_found_again(tmp_path, monkeypatch, marked):
    module = tmp_path / "package" / "part" / "module.py"
    module.parent.mkdir(parents=True)
    module.write_text("X = 1\n")
    (tmp_path / marked / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    with monkeypatch.context() as patch:
        importlib.import_module("package.part.module")
        recorded = {name: digest for name, digest in loaded_modules({"package"}).items() if name.startswith("package")}
        for name in [name for name in sys.modules if name.startswith("package")]:
            patch.delitem(sys.modules, name)
        assert "package.part.module" in recorded
        assert changed_modules(recorded) == []
        module.write_text("X = 2\n")
        assert changed_modules(recorded) == ["package.part.module"]
    for name in [name for name in sys.modules if name.startswith("package.") or name == "package"]:
        del sys.modules[name]


def test_a_command_that_ends_is_reported_with_its_status_time_and_memory(tmp_path):
    child = start(
        python("x = bytearray(150 << 20); x[::4096] = b'1' * len(x[::4096]); raise SystemExit(3)"), tmp_path / "log", {}
    )
    ending = supervise(child, limit=60, memory_bytes=2**40)
    assert (ending.status, ending.reason) == (3, "exit")
    assert ending.peak_bytes > 150 * 2**20


def test_a_command_over_its_time_is_stopped_with_its_children(tmp_path):
    source = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(600)'])"
    child = start(python(source), tmp_path / "log", {})
    ending = supervise(child, limit=1.0, memory_bytes=2**40)
    assert ending.reason == "timeout"
    assert ending.status < 0


def test_a_command_is_stopped_when_another_thread_says_so(tmp_path):
    child, stop = start(python("import time; time.sleep(600)"), tmp_path / "log", {}), Event()
    Timer(0.3, stop.set).start()
    with pytest.raises(StoppedError):
        supervise(child, limit=600, memory_bytes=2**40, stop=stop)
    assert not psutil.pid_exists(child.process.pid)


def test_a_command_dies_with_its_parent(tmp_path):
    mark = tmp_path / "alive"
    inner = (
        "import os, time\nfrom jetgen.harness.run.lifeline import exit_with_parent\nexit_with_parent(lambda: None)\n"
        f"open({str(mark)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)\n"
    )
    outer = (
        "import os, sys, time\nfrom pathlib import Path\nfrom jetgen.harness.run.supervise import start\n"
        f"start([sys.executable, '-c', {inner!r}], Path({str(tmp_path / 'log')!r}), {{}})\n"
        f"mark = Path({str(mark)!r})\nwhile not (mark.exists() and mark.read_text()): time.sleep(0.05)\nos._exit(0)\n"
    )
    ending = supervise(start(python(outer), tmp_path / "outer", {}), limit=600, memory_bytes=2**40)
    assert ending.status == 0
    number = int(mark.read_text())
    assert not psutil.pid_exists(number) or gone([psutil.Process(number)])


@pytest.mark.parametrize("text", ["key=1", "generator.key", "generator.=1", "=1"])
def test_a_malformed_override_is_refused(text):
    with pytest.raises(UsageError, match=r"generator\.key=value"):
        parse_overrides([text])


def test_overrides_of_a_full_name_keep_its_slash():
    assert parse_overrides(["jetgen-x/model.rate=1e-3", "jetgen-x/model.name=adam"]) == {
        "jetgen-x/model": {"rate": 1e-3, "name": "adam"}
    }


def test_the_default_suite_can_be_replaced(tmp_path, monkeypatch):
    suite = tmp_path / "mine.toml"
    suite.write_text('datasets = ["pythia-w30@tiny"]\npreset = "tiny"\n')
    monkeypatch.delenv("JETGEN_SUITE", raising=False)
    assert default_suite().datasets == ("pythia-top30@small",)
    monkeypatch.setenv("JETGEN_SUITE", str(suite))
    assert (default_suite().datasets, default_suite().preset) == (("pythia-w30@tiny",), "tiny")


def test_importing_jetgen_imports_no_torch_and_no_numpy(tmp_path):
    source = "import jetgen, sys, json; print(json.dumps(sorted({'torch', 'numpy', 'pydantic'} & set(sys.modules))))"
    child = start(python(source), tmp_path / "log", {})
    supervise(child, limit=60, memory_bytes=2**40)
    assert json.loads((tmp_path / "log").read_text()) == []
