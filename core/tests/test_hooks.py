"""Hooks: one that fails costs itself only, except where a failure must be loud."""

from __future__ import annotations

import io
import types
from dataclasses import dataclass, field

import pytest
from jetgen.errors import PluginError
from jetgen.hooks import Hooks, hookimpl
from jetgen.hooks.terminal import Terminal
from jetgen.registry import Plugin, State, discover
from rich.console import Console


@dataclass
class Cell:
    id: str


@dataclass
class Row:
    id: str
    status: str = "ok"
    error: str | None = None


@dataclass
class Plan:
    cells: list[Cell] = field(default_factory=list)


class Recorder:
    """Notes what it is told."""

    def __init__(self):
        self.seen = []

    @hookimpl
    def jetgen_cell_started(self, cell):
        self.seen.append(("started", cell.id))

    @hookimpl
    def jetgen_progress(self, event):
        self.seen.append(("progress", event["done"]))

    @hookimpl
    def jetgen_cell_finished(self, row):
        self.seen.append(("finished", row.id))

    @hookimpl
    def jetgen_run_finished(self):
        self.seen.append(("over", ""))


class Raises:
    @hookimpl
    def jetgen_cell_started(self, cell):
        message = "no\nthank you"
        raise ValueError(message)


class Exits:
    @hookimpl
    def jetgen_cell_started(self):  # pluggy lets an implementation take fewer arguments
        raise SystemExit(3)


def hooks_of(*plugins: object) -> tuple[Hooks, list[str]]:
    warnings: list[str] = []
    hooks = Hooks([], warnings.append)
    for plugin in plugins:
        hooks.register(plugin, f"dist:{type(plugin).__name__.lower()}")
    return hooks, warnings


def entry(value: str, state: State = State.OK) -> Plugin:
    return Plugin("hooks", "some", "dist", "1", value, state)


def test_an_observer_that_raises_or_exits_becomes_one_warning_and_the_others_run():
    first, last = Recorder(), Recorder()
    hooks, warnings = hooks_of(Raises(), Exits())
    hooks.register(first, "dist:first")
    hooks.register(last, "dist:last")
    for _ in range(3):
        hooks.cell_started(Cell("a"))
    assert first.seen == last.seen == [("started", "a")] * 3
    assert sorted(warnings) == [
        "jetgen_cell_started of dist:exits failed (exited with status 3); the run goes on",
        "jetgen_cell_started of dist:raises failed (ValueError: no); the run goes on",
    ]


def test_observers_hear_of_everything_in_order_and_of_the_end_once():
    recorder = Recorder()
    hooks, warnings = hooks_of(recorder)
    hooks.run_started(Plan())
    hooks.cell_started(Cell("a"))
    hooks.progress({"done": 3})
    hooks.cell_finished(Row("a"))
    hooks.run_finished()
    hooks.close()
    assert recorder.seen == [("started", "a"), ("progress", 3), ("finished", "a"), ("over", "")]
    assert not warnings


def test_an_interrupt_by_the_user_is_not_swallowed():
    class Interrupted:
        @hookimpl
        def jetgen_progress(self, event):
            raise KeyboardInterrupt

    hooks, _ = hooks_of(Interrupted())
    with pytest.raises(KeyboardInterrupt):
        hooks.progress({})


def test_plugins_change_the_plan_one_after_the_other():
    class Drops:
        @hookimpl
        def jetgen_modify_plan(self, plan):
            return Plan(plan.cells[1:])

    class Looks:
        @hookimpl
        def jetgen_modify_plan(self, plan):
            self.saw = len(plan.cells)

    looks = Looks()
    hooks, _ = hooks_of(looks, Drops())  # the last one registered is called first, as pluggy does
    plan = Plan([Cell("a"), Cell("b")])
    assert hooks.modify_plan(plan).cells == [Cell("b")]
    assert looks.saw == 1
    assert Hooks([], print).modify_plan(plan) is plan


@pytest.mark.parametrize(
    ("outcome", "message"),
    [
        (ZeroDivisionError("oops"), r"jetgen_modify_plan of dist:bad failed \(ZeroDivisionError: oops\)"),
        (SystemExit(0), r"jetgen_modify_plan of dist:bad failed \(exited with status 0\)"),
        ("a plan", "jetgen_modify_plan of dist:bad returned a str, not a plan"),
    ],
)
def test_a_plugin_that_fails_to_change_the_plan_is_loud(outcome, message):
    class Bad:
        @hookimpl
        def jetgen_modify_plan(self, plan):
            if isinstance(outcome, BaseException):
                raise outcome
            return outcome

    hooks, _ = hooks_of(Bad())
    with pytest.raises(PluginError, match=message):
        hooks.modify_plan(Plan())


def test_a_misspelt_hook_and_a_wrong_argument_name_their_plugin():
    class Misspelt:
        @hookimpl
        def jetgen_cell_strated(self, cell): ...

    class Argument:
        @hookimpl
        def jetgen_cell_started(self, cel): ...

    class Wrapper:
        @hookimpl(wrapper=True)
        def jetgen_progress(self):
            return (yield)

    for plugin, message in {
        Misspelt: "the hooks of dist:misspelt are wrong: unknown hook 'jetgen_cell_strated'",
        Argument: "the hooks of dist:argument are wrong: .*cel.*leave them out with --no-plugin",
        Wrapper: "jetgen_progress of dist:wrapper is a hook wrapper",
    }.items():
        with pytest.raises(PluginError, match=message):
            hooks_of(plugin())


def test_a_plugin_that_does_not_load_is_left_out_with_a_warning_and_one_in_trouble_without():
    warnings: list[str] = []
    Hooks([entry("no_such_module:Hooks"), entry("other_module:Hooks", State.BROKEN)], warnings.append)
    assert warnings == ["the hooks of dist:some are left out: ModuleNotFoundError: No module named 'no_such_module'"]


def test_answers_are_gathered_by_plugin():
    module = types.SimpleNamespace(jetgen_environment=hookimpl(lambda: {"site": "here"}))
    hooks, warnings = hooks_of(Recorder())
    hooks.register(module, "dist:module")
    assert hooks.environment() == {"dist:module": {"site": "here"}}
    assert hooks.report_sections(None) == {}
    assert not warnings


def test_core_itself_brings_the_live_table_by_its_entry_point():
    plugin = discover().find("hooks", "jetgen/terminal")
    assert plugin.value == "jetgen.hooks.terminal:Terminal"
    warnings: list[str] = []
    Hooks([plugin], warnings.append).run_finished()
    assert not warnings


def drive(terminal: Terminal, cells: int = 3) -> None:
    """A run with progress, a resume, and reports of any kind."""
    terminal.jetgen_run_started(Plan([Cell(f"cell-{i}") for i in range(cells + 1)]))
    for i in range(cells):
        terminal.jetgen_cell_started(Cell(f"cell-{i}"))
    for i in range(cells):
        name = f"cell-{i}"
        terminal.jetgen_progress({"kind": "stage", "cell": name, "stage": "fit", "state": "started"})
        for done in (1, 2, 5):
            report = {"kind": "progress", "cell": name, "done": done, "total": 10, "unit": "steps", "loss": 0.5}
            terminal.jetgen_progress(report)
        terminal.jetgen_progress({"kind": "progress", "cell": name, "done": None, "total": "many", "loss": None})
        terminal.jetgen_progress({"kind": "weather", "cell": name})
        terminal.jetgen_progress({"kind": "progress", "cell": "unknown", "done": 1})
        terminal.jetgen_progress({})
    terminal.jetgen_cell_finished(Row("resumed-cell"))
    terminal.jetgen_cell_finished(Row("cell-0", "failed", "ValueError: [bold] brackets stay"))


def test_outside_a_terminal_every_start_and_every_end_is_one_plain_line():
    out = io.StringIO()
    terminal = Terminal(Console(file=out, width=20))
    drive(terminal)
    terminal.jetgen_cell_finished(Row("other-resumed-cell"))
    terminal.jetgen_run_finished()
    lines = out.getvalue().splitlines()
    assert lines[:3] == [f"started    cell-{i}" for i in range(3)]
    assert lines[3].startswith("failed     cell-0  0.")
    assert lines[3].endswith("s  ValueError: [bold] brackets stay")
    assert lines[4:] == ["ok         2 cell(s) of earlier runs, unchanged"]


@pytest.mark.parametrize(("width", "height"), [(120, 30), (80, 24), (40, 8), (10, 3)])
def test_on_a_terminal_the_table_fits_whatever_its_size_and_the_number_of_cells(width, height):
    out = io.StringIO()
    terminal = Terminal(Console(file=out, force_terminal=True, width=width, height=height))
    drive(terminal, cells=50)
    drawn = Console(width=width, height=height, file=io.StringIO())
    lines = drawn.render_lines(terminal._table())
    assert len(lines) <= height
    text = "\n".join("".join(segment.text for segment in line) for line in lines)
    terminal.jetgen_run_finished()
    terminal.jetgen_run_finished()
    if width == 120:
        assert "cell-1 " in text
        assert "5/10  steps" in text
        assert "loss 0.5" in text
        assert "2 of 51 cells done (1 ok, 1 failed), 49 running" in text
        assert "1 cell(s) of earlier runs" in out.getvalue()


def test_at_80_columns_numbers_are_whole_and_names_are_long_enough_to_know():
    terminal = Terminal(Console(file=io.StringIO(), force_terminal=True, width=80))
    name = "cvae-slot-attention,model=slot.quick.tracks@small.s0"
    terminal.jetgen_cell_started(Cell(name))
    terminal.jetgen_progress({"kind": "stage", "cell": name, "stage": "sample", "state": "started"})
    progress = {"kind": "progress", "cell": name, "done": 1_234_567, "total": 2_000_000, "unit": "steps", "loss": 0.5}
    terminal.jetgen_progress(progress)
    drawn = Console(width=80, file=io.StringIO())
    text = "\n".join("".join(one.text for one in line) for line in drawn.render_lines(terminal._table()))
    terminal.jetgen_run_finished()
    assert "1,234,567/2,000,000" in text
    assert name[:24] in text
    assert "0:00" in text
