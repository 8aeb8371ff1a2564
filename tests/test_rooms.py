"""Where the parts of core live, and who may import whom: read from the source, so that no arrow turns unseen."""

import ast
from pathlib import Path

import jetgen
import pytest

CORE = Path(jetgen.__file__).parent
LOOSE = {"__init__", "errors", "system"}
FLOORS = (
    ("errors",),
    ("system",),
    ("data",),
    ("api",),
    ("io",),
    ("registry", "references", "torch"),
    ("metrics",),
    ("plot",),
    ("evaluation", "datasets", "testing", "hooks", "refine", "sampling", "conversion"),
    ("harness",),
    ("notebook",),
    ("cli",),
)
"""From the bottom up: a room imports itself and what stands on a lower floor."""

HARNESS = ("store", "planning", "report", "run")
TORCH = ("nn", "transforms", "training", "clouds")


def imported(path):
    """The modules of jetgen that a file imports, wherever in it, but for type checkers alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "jetgen":
            yield node.module.removeprefix("jetgen").removeprefix(".")
        elif isinstance(node, ast.Import):
            yield from (name.name.removeprefix("jetgen.") for name in node.names if name.name.startswith("jetgen."))


def arrows():
    for path in sorted(CORE.rglob("*.py")):
        place = path.relative_to(CORE).with_suffix("").parts
        for module in imported(path):
            yield place, tuple(module.split(".")) if module else ("__init__",)


def floor(room):
    return next(i for i, rooms in enumerate(FLOORS) if room in rooms)


def test_the_root_holds_three_loose_modules_and_no_other():
    assert {path.stem for path in CORE.glob("*.py")} == LOOSE
    assert {path.parent.name for path in CORE.glob("*/*.py")} == {room for rooms in FLOORS for room in rooms} - LOOSE


def test_every_arrow_between_rooms_points_down():
    wrong = {
        f"{'.'.join(place)} imports {'.'.join(module)}"
        for place, module in arrows()
        if place[0] not in ("__init__", module[0]) and (module[0] == "__init__" or floor(module[0]) >= floor(place[0]))
    }
    assert not wrong


@pytest.mark.parametrize(("room", "order"), [("harness", HARNESS), ("torch", TORCH)])
def test_inside_a_large_room_arrows_point_down_too(room, order):
    wrong = {
        f"{'.'.join(place)} imports {'.'.join(module)}"
        for place, module in arrows()
        if place[0] == module[0] == room
        and len(module) > 1
        and place[1] in order
        and module[1] in order
        and order.index(module[1]) > order.index(place[1])
    }
    assert not wrong
