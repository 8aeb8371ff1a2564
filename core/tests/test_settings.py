"""Settings: defaults < preset < file < command line."""

from typing import ClassVar

import pytest
from jetgen.api.settings import Settings, resolve
from jetgen.errors import UsageError
from pydantic import Field


class FlowSettings(Settings):
    presets: ClassVar = {"tiny": {"layers": 2}, "quick": {"layers": 4, "rate": 0.01}}

    layers: int = Field(default=8, ge=1)
    rate: float = 1e-3
    schedule: str = "cosine"


def test_the_later_layer_wins_and_its_origin_is_kept():
    layers = [("suite.toml", {"rate": 0.5, "layers": 6}), ("--set", {"layers": 7})]
    resolved = resolve(FlowSettings, "flow", "quick", layers)
    assert resolved.values == {"layers": 7, "rate": 0.5, "schedule": "cosine"}
    assert resolved.origins == {"layers": "--set", "rate": "suite.toml", "schedule": "default"}


def test_a_preset_is_the_origin_of_what_it_sets():
    assert resolve(FlowSettings, "flow", "tiny").origins["layers"] == "preset tiny"
    assert resolve(FlowSettings, "flow").values["layers"] == 8


def test_text_from_the_command_line_becomes_the_type_of_the_field():
    assert resolve(FlowSettings, "flow", None, [("--set", {"layers": "3"})]).settings.layers == 3


@pytest.mark.parametrize(
    ("preset", "values", "sentence"),
    [
        ("quik", {}, r"flow has no preset 'quik' \(did you mean quick\?\); it has tiny, quick"),
        (None, {"layer": 3}, r"flow has no setting 'layer' \(did you mean layers\?\) \(from --set\)"),
        (
            None,
            {"layers": "many"},
            r"the setting layers of flow \(from --set\) is wrong: Input should be a valid integer",
        ),
        (None, {"layers": 0}, r"the setting layers of flow \(from --set\) is wrong: .*greater than or equal to 1"),
        (None, {"rate": float("nan")}, r"the setting rate of flow \(from --set\) is wrong: .*finite"),
    ],
)
def test_a_wrong_key_or_value_is_refused_with_a_hint(preset, values, sentence):
    with pytest.raises(UsageError, match=sentence):
        resolve(FlowSettings, "flow", preset, [("--set", values)])


def test_settings_cannot_be_changed_afterwards():
    with pytest.raises(ValueError, match="frozen"):
        resolve(FlowSettings, "flow").settings.layers = 3
