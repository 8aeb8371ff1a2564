"""`jetbench list`, `show` and `doctor`: each once as the process that users run, else inside that of the tests."""

from __future__ import annotations

import json
import sys

import pytest
from jetgen.api.specs import API_VERSION
from own_files import assert_one_sentence, golden, write

SPEC = """
from jetgen.api.specs import GeneratorSpec
SPEC = GeneratorSpec(name={name!r}, summary="for a test", target="json:JSONDecoder",
                     settings="jetgen.api.settings:Settings", kinds=("jets",))
"""


@pytest.fixture
def kind(outsiders):
    outsiders.install("kind-outsider")
    return outsiders


def test_list_shows_state_distribution_version_and_the_reason_of_a_broken_one(kind):
    kind.write("sick", "raise ValueError('[red]a reason[/red]')", generators={"sick": "SPEC"})
    run = kind.jetbench("list")
    assert run.returncode == 0, run.stderr
    lines = {line.split()[0]: line.split() for line in run.stdout.splitlines() if line.strip()}
    assert lines["kind-gaussian"][1:4] == ["ok", "kind-outsider", "2.1.0"]
    assert lines["sick"][1:7] == ["broken", "sick", "1.0", "ValueError:", "[red]a", "reason[/red]"]
    assert lines["terminal"][1:3] == ["ok", "jetgen"]
    assert "`jetbench doctor sick/sick` shows the whole error" in run.stdout


def test_list_of_one_group_as_json_holds_the_whole_spec(kind):
    run = kind.jetbench_here("list", "generators", "--json")
    listed = {plugin["name"]: plugin for plugin in json.loads(run.stdout)}
    plugin = listed["kind-gaussian"]
    assert {plugin["group"] for plugin in listed.values()} == {"generators"}
    assert plugin["full_name"] == "kind-outsider/kind-gaussian"
    assert plugin["spec"]["kinds"] == ["jets", "showers", "tracks", "table"]
    assert plugin["spec"]["api_version"] == API_VERSION
    assert plugin["presets"] == ["tiny", "quick", "standard", "gpu", "full"]


def test_a_mistake_ends_the_process_with_one_sentence_and_its_status(kind):
    run = kind.jetbench("show", "kind-gausian")
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.count("\n") == 1
    assert run.stderr.startswith("error: ")


def test_a_wrong_group_is_wrong_usage_with_a_suggestion(kind):
    run = kind.jetbench_here("list", "generator")
    assert run.returncode == 2
    assert run.stderr.strip().endswith(
        "there is nothing called 'generator' to list (did you mean generators?); "
        "choose generators, datasets, metrics, hooks"
    )


def test_strict_plugins_fails_in_one_sentence_and_leaving_the_sick_one_out_mends_it(kind):
    kind.write("sick", "1 / 0", generators={"sick": "SPEC"})
    run = kind.jetbench_here("list", "generators", "--strict-plugins")
    assert run.returncode == 1
    assert run.stderr.strip().endswith("sick/sick is broken (ZeroDivisionError: division by zero)")
    mended = kind.jetbench_here("list", "generators", "--strict-plugins", "--no-plugin", "sick")
    assert mended.returncode == 0, mended.stderr
    assert "by --no-plugin" in mended.stdout


HEAVY = "print([name for name in ('torch', 'numpy', {more}) if name in sys.modules])"


def test_list_imports_neither_torch_nor_numpy(kind):
    code = f"""
import sys
from jetgen.cli import main
sys.argv = ["jetbench", "list"]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
{HEAVY.format(more="")}
"""
    run = kind.python("-c", code)
    assert run.stdout.splitlines()[-1] == "[]", run.stdout + run.stderr


def test_what_list_does_itself_imports_no_pydantic_either(kind):
    """Recent versions of typer take pydantic to read a command line; nothing of ours adds to that."""
    code = "import sys; from jetgen.cli.listing import list_command; list_command(None);" + HEAVY.format(
        more="'pydantic'"
    )
    kind.jetbench_here("list")
    assert kind.python("-c", code).stdout.splitlines()[-1] == "[]"


def test_show_gives_each_setting_with_its_value_and_origin(kind):
    run = kind.jetbench("show", "kind-gaussian", "--preset", "tiny", "--set", "step_seconds=0.5")
    assert run.returncode == 0, run.stderr
    lines = {tuple(line.split()) for line in run.stdout.splitlines()}
    assert ("clouds_per_step", "200", "preset", "tiny") in lines
    assert ("step_seconds", "0.5", "--set") in lines
    assert ("width", "1.0", "default") in lines


def test_show_as_json_has_every_preset(kind):
    shown = json.loads(kind.jetbench_here("show", "kind-gaussian", "--json").stdout)
    assert list(shown["settings"]) == ["default", "tiny", "quick", "standard", "gpu", "full"]
    assert shown["settings"]["quick"]["clouds_per_step"] == {"value": 5000, "origin": "preset quick"}
    table = kind.jetbench_here("show", "kind-gaussian").stdout
    assert "clouds_per_step   20000" in table


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["kind-gausian"], 2, "called 'kind-gausian' (did you mean kind-gaussian?)"),
        (["kind-gaussian", "--preset", "tinny"], 2, "kind-gaussian has no preset 'tinny' (did you mean tiny?)"),
        (["kind-gaussian", "--set", "widht=2"], 2, "kind-gaussian has no setting 'widht' (did you mean width?)"),
        (["kind-gaussian", "--set", "width=-2"], 2, "the setting width of kind-gaussian (from --set) is wrong"),
        (["terminal", "--preset", "tiny"], 2, "terminal is one of the hooks: it has no presets and no settings"),
        (["sick"], 1, "the generator sick/sick is broken: ZeroDivisionError: division by zero; `jetbench doctor"),
    ],
)
def test_show_answers_a_mistake_in_one_sentence(kind, arguments, status, message):
    kind.write("sick", "1 / 0", generators={"sick": "SPEC"})
    run = kind.jetbench_here("show", *arguments)
    assert run.returncode == status
    assert message in run.stderr
    assert len(run.stderr.strip().splitlines()) == 1


def test_show_of_a_dataset_gives_its_sizes(kind):
    source = """
from jetgen.api.specs import DatasetSpec
SPEC = DatasetSpec(name="dots", summary="s", target="a:B", kind="jets", default_size="tiny",
                   sizes={"tiny": (400, 100, 400), "full": (124000, 26000, 26000)})
"""
    kind.write("dots", source, datasets={"dots": "SPEC"})
    for name in ("dots", "dots@full"):
        lines = {tuple(line.split()) for line in kind.jetbench_here("show", name).stdout.splitlines()}
        assert ("tiny", "(default)", "400", "100", "400") in lines
        assert ("full", "124,000", "26,000", "26,000") in lines


def test_doctor_finds_a_healthy_plugin_healthy(kind):
    run = kind.jetbench("doctor", "kind-gaussian")
    assert run.returncode == 0, run.stderr
    assert "kind-outsider/kind-gaussian 2.1.0" in run.stdout
    assert f"is healthy with jetgen 0.1.0, Python {sys.version.split()[0]}" in run.stdout


@pytest.mark.parametrize(
    ("source", "first", "further"),
    [
        ("def deep():\n    raise ValueError('why')\ndeep()", "ValueError: why", "in deep"),
        ("import ctypes; ctypes.string_at(0)", "crashed with signal SIGSEGV at import", "Fatal Python error"),
        ("print('last words', flush=True)\nimport os; os._exit(5)", "exited with status 5 at import", "last words"),
        ("import time; time.sleep(600)", "hung for 3 s at import", ""),
    ],
)
def test_doctor_prints_all_that_is_wrong_and_fails(kind, source, first, further):
    kind.write("sick", source, generators={"sick": "SPEC"})
    run = kind.jetbench_here("doctor", "sick", JETGEN_PROBE_TIMEOUT="3")
    assert run.returncode == 1
    assert run.stdout.splitlines()[0] == f"generator sick/sick 1.0 (sick:SPEC) is broken: {first}"
    assert further in run.stdout


def test_doctor_loads_the_target_too_which_discovery_does_not(outsiders):
    outsiders.install("evil-outsider")
    listed = outsiders.jetbench_here("list", "generators")
    assert "broken" not in listed.stdout
    run = outsiders.jetbench_here("doctor", "evil-import")
    assert run.returncode == 1
    assert "RuntimeError: the evil target cannot be imported" in run.stdout
    assert "unimportable.py" in run.stdout


def test_doctor_of_a_name_that_two_distributions_claim_looks_at_both(kind):
    for distribution in ("one-side", "other-side"):
        kind.write(distribution, SPEC.format(name="same"), generators={"same": "SPEC"})
    run = kind.jetbench_here("doctor", "same")
    assert run.returncode == 0
    assert "other-side claims this name too; use one-side/same" in run.stdout
    assert "one-side claims this name too; use other-side/same" in run.stdout


HOSTILE = {
    "a path upwards": "../../x",
    "a path": "a/b",
    "an absolute path": "/tmp/x",
    "dots": "..",
    "too long": "x" * 300,
    "too many bytes": "\u6f22" * 80,
    "markup": "[/bold]",
    "a table": "a|b",
    "HTML": "<script>",
    "an escape sequence": "\x1b[31mred",
    "a blank": "two words",
}


def test_a_hostile_name_is_a_broken_plugin_and_the_rest_goes_on(outsiders, tmp_path):
    outsiders.install("kind-outsider")
    source = "from kind_outsider.spec import KIND_GAUSSIAN\n"
    outsiders.write("hostile-outsider", source, generators=dict.fromkeys(HOSTILE.values(), "KIND_GAUSSIAN"))
    listed = outsiders.jetbench_here("list", "generators", "--json")
    found = {plugin["name"]: plugin for plugin in json.loads(listed.stdout)}
    assert {name: found[name]["state"] for name in HOSTILE.values()} == dict.fromkeys(HOSTILE.values(), "broken")
    assert all("is not letters, digits and" in found[name]["reason"] for name in HOSTILE.values())
    assert found["kind-gaussian"]["state"] == "ok"
    shown = outsiders.jetbench_here("list", "generators")
    assert shown.returncode == 0
    assert "[/bold]" in shown.stdout
    assert "\x1b" not in shown.stdout
    for name in HOSTILE.values():
        plan = outsiders.jetbench_here("plan", "-g", name, "-d", "kind-jets@tiny", "--preset", "tiny")
        assert plan.returncode in (1, 2)
        assert_one_sentence(plan.stderr)


@pytest.mark.parametrize(("part", "text"), [("Name", "x[/bold]"), ("Version", "[/bold]"), ("Version", "1|2")])
def test_a_hostile_distribution_is_broken_and_shown_as_it_is(outsiders, part, text):
    outsiders.write("hostile-outsider", "X = 1\n", metrics={"some-metric": "X"})
    metadata = next(outsiders.folder.glob("*.dist-info")) / "METADATA"
    lines = [f"{part}: {text}" if line.startswith(f"{part}:") else line for line in metadata.read_text().splitlines()]
    metadata.write_text("\n".join(lines) + "\n")
    shown = outsiders.jetbench_here("list", "metrics")
    assert shown.returncode == 0
    assert text in shown.stdout
    assert f"its {'distribution' if part == 'Name' else 'version'} {text!r} is not letters" in shown.stdout


def test_a_terminal_that_knows_no_dash_and_no_box_shows_marks_instead(outsiders):
    shown = outsiders.jetbench("show", "w1m", PYTHONIOENCODING="ascii", PYTHONWARNINGS="error")
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.isascii()


def damaged(folder, *, metadata=None, points=None):
    if metadata is not None:
        (folder / "METADATA").write_bytes(metadata)
    if points is not None:
        (folder / "entry_points.txt").write_bytes(points)


METADATA = {
    "nothing": ({"metadata": b""}, "have no Name or no Version"),
    "no name": ({"metadata": b"Metadata-Version: 2.1\nVersion: 1.0\n"}, "have no Name or no Version"),
    "no version": ({"metadata": b"Metadata-Version: 2.1\nName: half-outsider\n"}, "have no Name or no Version"),
    "broken points": ({"points": b"[jetgen.metrics]\nhalf\n= = =\n[[\n"}, "entry_points.txt in half_outsider-1.0"),
}


@pytest.mark.parametrize(("damage", "words"), METADATA.values(), ids=METADATA)
def test_damaged_metadata_are_a_broken_plugin_and_the_rest_goes_on(outsiders, damage, words):
    outsiders.write("half-outsider", "X = 1\n", metrics={"half": "X"})
    (folder,) = outsiders.folder.glob("half_outsider*.dist-info")
    damaged(folder, **damage)
    listed = json.loads(outsiders.jetbench_here("list", "--json").stdout)
    (broken,) = [plugin for plugin in listed if plugin["state"] == "broken"]
    assert words in broken["reason"]
    assert {"w1m", "w1p"} <= {plugin["name"] for plugin in listed if plugin["state"] == "ok"}


def test_two_versions_of_one_distribution_are_said(outsiders):
    for version in ("1.0", "2.0"):
        outsiders.write("twice-outsider", "X = 1\n", version=version, metrics={"twice": "X"})
    listed = json.loads(outsiders.jetbench_here("list", "metrics", "--json").stdout)
    (twice,) = [plugin for plugin in listed if plugin["name"] == "twice"]
    assert twice["state"] == "broken"
    assert "two versions of it are installed, " in twice["reason"]


def test_a_preset_that_one_plugin_lacks_skips_its_row_alone(outsiders, monkeypatch, tmp_path):
    outsiders.install("kind-outsider")
    source = (
        "from jetgen.api.specs import GeneratorSpec\nfrom jetgen import Settings\n"
        "class S(Settings):\n    presets = {'tiny': {}}\n"
        "SPEC = GeneratorSpec(name='small', summary='s', target='small_outsider:S', settings='small_outsider:S')\n"
    )
    outsiders.write("small-outsider", source, generators={"small": "SPEC"})
    suite = tmp_path / "suite.toml"
    suite.write_text('datasets = ["kind-jets@tiny"]\npreset = "quick"\n')
    planned = outsiders.jetbench_here("plan", "--all", "--json", JETGEN_SUITE=str(suite))
    cells = {cell["generator"]["name"]: cell for cell in json.loads(planned.stdout)["cells"] if cell["generator"]}
    assert cells["small"]["skip"] == "small has no preset 'quick'; it has tiny"
    assert cells["kind-gaussian"]["skip"] is None


def test_a_metric_that_another_distribution_claims_too_is_named_in_evaluate_and_plan(outsiders, tmp_path):
    outsiders.install("kind-outsider")
    source = (
        "from jetgen.api.specs import MetricSpec\n"
        "SPEC = MetricSpec(name='w1m', summary='s', target='other_outsider:Other', kinds=('jets',))\n"
    )
    outsiders.write("other-outsider", source, metrics={"w1m": "SPEC"})
    sentence = "jetgen/w1m and other-outsider/w1m claim this name: choose with -m jetgen/w1m, or --no-plugin"
    data = write(tmp_path / "jets.npz", golden("real", 100))
    judged = outsiders.jetbench_here("evaluate", str(data), "--reference", str(data))
    assert f"no w1m: {sentence}" in " ".join(judged.stdout.split())
    planned = outsiders.jetbench_here(
        "plan", "-g", "kind-gaussian", "-d", "kind-jets@tiny", "--preset", "tiny", "--json"
    )
    assert json.loads(planned.stdout)["cells"][0]["metrics_skipped"]["w1m"].startswith(sentence)
