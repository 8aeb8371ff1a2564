"""Discovery: every plugin has a true state, and none hurts the rest."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from jetgen.api.specs import API_VERSION
from jetgen.errors import PluginError, UsageError
from jetgen.registry import Plugin, Registry, State, discover, load_target
from processes import gone

SPEC = """
from jetgen.api.specs import GeneratorSpec
SPEC = GeneratorSpec(name={name!r}, summary="for a test", target="json:JSONDecoder",
                     settings="jetgen.api.settings:Settings", kinds=("jets",), api_version={api})
"""


def spec_source(name: str, api: int = API_VERSION) -> str:
    return SPEC.format(name=name, api=api)


@pytest.fixture
def here(outsiders, monkeypatch, tmp_path):
    """Outsiders that this process sees too, a cache of its own, and little patience."""
    monkeypatch.setenv("JETGEN_CACHE", str(tmp_path / "own-cache"))
    monkeypatch.setenv("JETGEN_PROBE_TIMEOUT", "5")
    monkeypatch.delenv("JETGEN_PLUGINS", raising=False)
    outsiders.install("kind-outsider")
    for folder in reversed(outsiders.path):
        monkeypatch.syspath_prepend(folder)
    return outsiders


def found(registry: Registry, full_name: str) -> Plugin:
    (plugin,) = [plugin for plugin in registry.plugins if plugin.full_name == full_name]
    return plugin


def test_an_outsider_is_listed_with_its_spec_presets_distribution_and_version(here):
    plugin = discover().find("generators", "kind-gaussian")
    assert (plugin.state, plugin.distribution, plugin.version) == (State.OK, "kind-outsider", "2.1.0")
    assert plugin.presets == ("tiny", "quick", "standard", "gpu", "full")
    assert plugin.spec == importlib.import_module("kind_outsider.spec").KIND_GAUSSIAN


def test_evils_at_import_cost_themselves_only_and_keep_the_true_reason(here):
    evils = {
        "raises": ("import no_such_module_at_all", "ModuleNotFoundError: No module named 'no_such_module_at_all'"),
        "sys-exits": ("import sys; sys.exit(3)", "exited with status 3"),
        "os-exits": ("import os; os._exit(4)", "exited with status 4 at import"),
        "segfaults": ("import ctypes; ctypes.string_at(0)", "crashed with signal SIGSEGV at import"),
        "hangs": ("import time; time.sleep(600)", "hung for 5 s at import"),
        "interrupts": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        "two-lines": ("raise ValueError('first\\nsecond')", "ValueError: first"),
        "wrong-type": ("SPEC = 'just text'", "wrong_type:SPEC is a str, not a GeneratorSpec"),
        "absent": ("", "AttributeError: module 'absent' has no attribute 'SPEC'"),
        "other-name": (spec_source("elsewhere"), "its spec is called 'elsewhere', its entry point 'other-name'"),
    }
    for name, (source, _) in evils.items():
        here.write(name, source, generators={name: "SPEC"})
    registry = discover()
    for name, (_, reason) in evils.items():
        plugin = found(registry, f"{name}/{name}")
        assert (plugin.state, plugin.reason) == (State.BROKEN, reason), name
    assert {plugin.name for plugin in registry.troubles()} == set(evils)
    assert registry.find("generators", "kind-gaussian").state is State.OK
    with pytest.raises(PluginError, match=r"raises/raises is broken: ModuleNotFound.*`jetbench doctor raises/raises`"):
        registry.find("generators", "raises")


def test_faults_in_a_spec_or_in_settings_are_found_before_anybody_uses_them(here):
    head = "from jetgen.api.specs import *\nfrom jetgen.api.settings import Settings\n"
    generator = "SPEC = GeneratorSpec(name='{0}', summary='s', target='a:B', kinds={1}, settings='{2}')\n"
    here.write("text-kinds", head + generator.format("text-kinds", "'jets'", "a:B"), generators={"text-kinds": "SPEC"})
    here.write(
        "no-settings", head + generator.format("no-settings", "()", "gone:S"), generators={"no-settings": "SPEC"}
    )
    preset = "class S(Settings):\n    width: int = 1\n    presets = {'tiny': {'widht': 2}}\n"
    source = head + preset + generator.format("bad-preset", "()", "bad_preset:S")
    here.write("bad-preset", source, generators={"bad-preset": "SPEC"})
    dataset = "SPEC = DatasetSpec(name='no-size', summary='s', target='a:B', kind='jets', sizes={}, default_size='m')\n"
    here.write("no-size", head + dataset, datasets={"no-size": "SPEC"})
    registry = discover()
    reasons = {plugin.name: plugin.reason for plugin in registry.troubles()}
    wrong = "the field kinds of the GeneratorSpec is wrong: input should be a valid array, not 'jets'"
    assert reasons["text-kinds"] == wrong
    assert reasons["no-settings"] == "gone:S cannot be loaded: ModuleNotFoundError: No module named 'gone'"
    assert reasons["bad-preset"] == "bad-preset has no setting 'widht' (did you mean width?) (from preset tiny)"
    assert reasons["no-size"].startswith("the default size 'm' of the dataset is not one of")


def test_another_api_version_is_incompatible(here):
    here.write("from-the-future", spec_source("future", api=99), generators={"future": "SPEC"})
    plugin = found(discover(), "from-the-future/future")
    assert plugin.state is State.INCOMPATIBLE
    assert plugin.reason == f"it speaks api version 99, this jetgen speaks {API_VERSION}"


def test_two_distributions_with_one_name_are_duplicates_and_their_full_names_work(here):
    for distribution in ("one-side", "other-side"):
        here.write(distribution, spec_source("same"), generators={"same": "SPEC"})
    registry = discover()
    assert found(registry, "one-side/same").state is State.DUPLICATE
    assert found(registry, "other-side/same").reason == "one-side claims this name too; use other-side/same"
    with pytest.raises(PluginError, match="claimed by one-side/same and other-side/same: name one of them in full"):
        registry.find("generators", "same")
    assert registry.find("generators", "other-side/same").distribution == "other-side"
    assert registry.find("generators", "Other_Side/same").distribution == "other-side"
    alone = discover(deny=["one-side"])
    assert alone.find("generators", "same").distribution == "other-side"


def test_an_editable_install_that_lists_twice_is_one(here, tmp_path, monkeypatch):
    here.write("twice-told", spec_source("twice"), generators={"twice": "SPEC"})
    again = tmp_path / "again"
    shutil.copytree(here.folder / "twice_told-1.0.dist-info", again / "Twice.Told-1.0.dist-info")
    metadata = again / "Twice.Told-1.0.dist-info" / "METADATA"
    metadata.write_text(metadata.read_text().replace("twice-told", "Twice.Told"))
    monkeypatch.syspath_prepend(again)
    assert discover().find("generators", "twice").state is State.OK


def test_damaged_metadata_hide_nothing_else(here):
    broken = here.folder / "broken_metadata-1.0.dist-info"
    broken.mkdir()
    (broken / "entry_points.txt").write_text("[jetgen.generators\nno equals sign")
    (broken / "METADATA").write_bytes(b"\xff\xfe")
    assert discover().find("generators", "kind-gaussian").state is State.OK


def test_what_a_plugin_prints_at_import_does_not_disturb_the_report(here):
    noise = "import os, sys\nprint('{\"state\": \"ok\"}')\nos.write(1, b'noise\\n')\nprint('more', file=sys.stderr)\n"
    here.write("noisy", noise + spec_source("noisy"), generators={"noisy": "SPEC"})
    assert discover().find("generators", "noisy").state is State.OK


def test_what_a_plugin_leaves_behind_in_the_process_does_not_break_the_next(here):
    here.write("a-vandal", "import sys\nsys.modules['json.scanner'] = None\nsys.modules['jetgen.api.settings'] = None\n"
               + spec_source("a-vandal"), generators={"a-vandal": "SPEC"})  # fmt: skip
    assert discover().find("generators", "kind-gaussian").state is State.OK


def test_an_unknown_name_gets_the_nearest_one(here):
    with pytest.raises(UsageError, match=r"no generator 'kind-gausian' \(did you mean kind-gaussian\?\)"):
        discover().find("generators", "kind-gausian")
    with pytest.raises(UsageError, match="no dataset 'q'; `jetbench list datasets` shows what there is"):
        discover().find("datasets", "q")


def test_a_disabled_plugin_is_not_even_imported(here, tmp_path, monkeypatch):
    trace = tmp_path / "imported"
    here.write("traced", f"open({str(trace)!r}, 'w')\n" + spec_source("traced"), generators={"traced": "SPEC"})
    registry = discover(deny=["traced"])
    assert found(registry, "traced/traced").state is State.DISABLED
    assert not registry.troubles()
    with pytest.raises(PluginError, match="traced/traced is disabled: by --no-plugin; enable it to use it"):
        registry.find("generators", "traced")
    monkeypatch.setenv("JETGEN_PLUGINS", "kind-outsider")
    registry = discover()
    assert found(registry, "traced/traced").reason == "not among JETGEN_PLUGINS"
    assert registry.find("generators", "kind-gaussian").state is State.OK
    assert not trace.exists()


def test_a_switch_that_names_what_is_not_installed_is_wrong_usage(here, monkeypatch):
    with pytest.raises(UsageError, match=r"--no-plugin names 'kind-outsidr'.*did you mean kind-outsider\?"):
        discover(deny=["kind-outsidr"])
    monkeypatch.setenv("JETGEN_PLUGINS", "kind-outsider, nobody-at-all")
    with pytest.raises(UsageError, match="JETGEN_PLUGINS names 'nobody-at-all'"):
        discover()


def test_strict_plugins_lists_every_trouble(here):
    here.write("broken-one", "1 / 0", generators={"broken-one": "SPEC"})
    registry = discover()
    with pytest.raises(PluginError, match=r"strict-plugins: broken-one/broken-one is broken.*ZeroDivisionError"):
        registry.refuse_troubles()
    discover(deny=["broken-one"]).refuse_troubles()


def test_a_healthy_answer_is_remembered_until_the_code_changes(here, tmp_path):
    count = tmp_path / "imports"
    source = f"open({str(count)!r}, 'a').write('x')\n"
    here.write("counted", source + spec_source("counted"), generators={"counted": "SPEC"})
    for _ in range(3):
        discover()
    assert count.read_text() == "x"
    discover(refresh=True)
    assert count.read_text() == "xx"
    (here.folder / "counted.py").write_text(source + spec_source("counted") + "# edited\n")
    discover()
    assert count.read_text() == "xxx"


@pytest.fixture
def moody(here, tmp_path):
    """A plugin that counts its imports and asserts what a module of somebody else says; the files of the two."""
    count, helper = tmp_path / "imports", here.folder / "helper_of_moody.py"
    helper.write_text("WELL = False\n")
    source = f"open({str(count)!r}, 'a').write('x')\nimport helper_of_moody\nassert helper_of_moody.WELL, 'not yet'\n"
    here.write("moody", source + spec_source("moody"), generators={"moody": "SPEC"})
    discover()  # it is asked twice: among others, and alone
    assert count.read_text() == "xx"
    return count, helper


def test_an_error_is_remembered_and_the_user_is_told_so(moody):
    reason = found(discover(), "moody/moody").reason
    assert reason.startswith("AssertionError: not yet (as it was found within the hour; `jetbench list --refresh` asks")
    assert moody[0].read_text() == "xx"
    assert found(discover(refresh=True), "moody/moody").reason == "AssertionError: not yet"


def test_an_error_is_forgotten_when_a_file_that_the_plugin_imports_changes(moody):
    moody[1].write_text("WELL = True\n")
    assert found(discover(), "moody/moody").state is State.OK


def test_an_error_is_forgotten_when_the_environment_changes(moody, monkeypatch):
    monkeypatch.setenv("WHAT_MOODY_ASKS_FOR", "1")
    discover()
    assert len(moody[0].read_text()) > 2


def test_an_error_is_forgotten_after_an_hour(moody, tmp_path):
    for file in (tmp_path / "own-cache" / "registry").glob("*.json"):
        os.utime(file, (file.stat().st_mtime - 3700,) * 2)
    discover()
    assert len(moody[0].read_text()) > 2


def test_many_broken_plugins_are_asked_once(here):
    """Whatever breaks them: an exception, an exit, a module that is not there, another api version."""
    for i in range(3):
        here.write(f"raises-{i}", "1 / 0", generators={f"raises-{i}": "SPEC"})
        here.write(f"exits-{i}", "import os; os._exit(4)", generators={f"exits-{i}": "SPEC"})
        here.write(f"absent-{i}", "", generators={f"absent-{i}": "no_such_module:SPEC"})
        here.write(f"older-{i}", spec_source(f"older-{i}", api=0), generators={f"older-{i}": "SPEC"})
    code = """
import json, subprocess
from jetgen.registry import discover
first = {plugin.full_name: plugin.reason for plugin in discover().troubles()}
def refused(*command, **more):
    raise AssertionError("a process was started")
subprocess.Popen.__init__ = refused
second = {plugin.full_name: plugin.reason for plugin in discover().troubles()}
print(json.dumps([first, second]))
"""
    first, second = json.loads(here.python("-c", code, JETGEN_CACHE=os.environ["JETGEN_CACHE"]).stdout)
    assert len(first) == 12
    assert [reason.startswith(first[name]) for name, reason in second.items()] == [True] * 12


@pytest.mark.parametrize("damage", ["{", "[]", '{"state": "ok", "spec": {"name": 3}}', ""])
def test_a_damaged_cache_is_asked_again(here, tmp_path, damage):
    discover()
    files = list((tmp_path / "own-cache" / "registry").glob("*.json"))
    assert files
    for file in files:
        file.write_text(damage)
    assert discover().find("generators", "kind-gaussian").presets
    assert all(json.loads(file.read_text())["state"] == "ok" for file in files)


def test_a_cache_that_cannot_be_written_is_no_error(here, tmp_path, monkeypatch):
    (tmp_path / "a-file").touch()
    monkeypatch.setenv("JETGEN_CACHE", str(tmp_path / "a-file"))
    assert discover().find("generators", "kind-gaussian").state is State.OK


def test_a_target_that_cannot_be_loaded_is_one_sentence(here):
    assert load_target("jetgen.errors:UsageError") is UsageError
    for target, message in {
        "nonsense": "the target 'nonsense' is not of the form package.module:Class",
        "no_such:Thing": "no_such:Thing cannot be loaded: ModuleNotFoundError: No module named 'no_such'",
        "json:loads": "json:loads is not a class but",
        "json:Gone": "json:Gone cannot be loaded: AttributeError: module 'json' has no attribute 'Gone'",
    }.items():
        with pytest.raises(PluginError) as caught:
            load_target(target)
        assert str(caught.value).startswith(message)


def test_a_warm_discovery_starts_no_process_and_imports_nothing_heavy(here):
    discover()
    code = """
import subprocess, sys
def refused(*command, **more):
    raise AssertionError(command)
subprocess.Popen.__init__ = refused
from jetgen.registry import discover
assert discover().find("generators", "kind-gaussian").presets
print([m for m in ("torch", "numpy", "pydantic") if m in sys.modules])
"""
    run = here.python("-c", code, JETGEN_CACHE=os.environ["JETGEN_CACHE"])
    assert run.stdout.strip() == "[]", run.stderr


@pytest.mark.parametrize("session", [False, True], ids=["of the child", "of its own"])
def test_the_probing_child_leaves_no_process_behind(here, tmp_path, monkeypatch, session):
    monkeypatch.setenv("JETGEN_PROBE_TIMEOUT", "2")
    pid = tmp_path / "pid"
    source = f"""
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session={session})
open({str(pid)!r}, "w").write(str(child.pid))
time.sleep(600)
"""
    here.write("parent", source, generators={"parent": "SPEC"})
    assert found(discover(), "parent/parent").reason == "hung for 2 s at import"
    number = int(pid.read_text())
    assert not psutil.pid_exists(number) or gone([psutil.Process(number)])


def test_a_real_installation_finds_an_outsider(tmp_path):
    """Once with pip, so that the folders of the other tests are known to be like the real thing."""
    project = Path(__file__).parent / "outsider" / "kind-outsider"
    copy = shutil.copytree(project, tmp_path / "project")
    site = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-build-isolation", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--target", str(site), str(copy)], check=True, capture_output=True)
    code = "from jetgen.registry import discover; print(discover().find('generators', 'kind-gaussian').full_name)"
    environment = {"PYTHONPATH": str(site), "JETGEN_CACHE": str(tmp_path / "cache"), "PATH": ""}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert run.stdout.strip() == "kind-outsider/kind-gaussian", run.stderr
