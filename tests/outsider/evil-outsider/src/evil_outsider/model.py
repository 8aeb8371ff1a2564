"""A generator that works, and one subclass for every way to misbehave."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any, Self

import numpy as np
from jetgen import Clouds, CloudSource, CloudSpec, Conditions, FitReport, RunContext

from evil_outsider.settings import EvilSettings

_BLOCK = 64 * 2**20


class Good:
    """Clouds of two points, uniform between 0 and 1: what the evils below would be without their evil."""

    def __init__(self, settings: EvilSettings, cloud_spec: CloudSpec) -> None:
        self.settings = settings
        self.cloud_spec = cloud_spec

    @classmethod
    def create(cls, settings: EvilSettings, cloud_spec: CloudSpec) -> Self:
        return cls(settings, cloud_spec)

    def fit(self, train: CloudSource, val: CloudSource, ctx: RunContext) -> FitReport:
        ctx.report("progress", done=1, total=1, unit="steps", loss=0.0)
        return FitReport(parameters=0, steps=1)

    def sample(self, conditions: Conditions, ctx: RunContext) -> Clouds:
        return self._clouds(conditions.n, len(self.cloud_spec.features), ctx)

    def _clouds(self, n: int, features: int, ctx: RunContext) -> Clouds:
        counts = np.full(n, min(2, self.cloud_spec.max_points))
        return Clouds.from_multiplicities(ctx.rng("sampling").random((counts.sum(), features)), counts)

    def save(self, folder: Path) -> None:
        document = {"settings": self.settings.model_dump(mode="json"), "cloud_spec": self.cloud_spec.to_json()}
        (folder / "evil.json").write_text(json.dumps(document), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, device: str) -> Self:
        del device
        document = json.loads((folder / "evil.json").read_text(encoding="utf-8"))
        return cls(EvilSettings(**document["settings"]), CloudSpec.from_json(document["cloud_spec"]))


def _hang() -> None:
    while True:
        time.sleep(1)


class Chatty(Good):
    def fit(self, *args: Any, **more: Any) -> FitReport:
        sys.stdout.write('{"kind": "lies"}\n')
        os.write(1, b"straight to the descriptor\n")
        return super().fit(*args, **more)

    def sample(self, *args: Any, **more: Any) -> Clouds:
        sys.stdout.write("sampling\n")
        return super().sample(*args, **more)


class DetachFit(Good):
    """Leaves a process in a session of its own, whose number it reports."""

    def fit(self, train: CloudSource, val: CloudSource, ctx: RunContext) -> FitReport:
        command = [sys.executable, "-S", "-c", "import time; time.sleep(600)"]
        process = subprocess.Popen(command, start_new_session=True)
        ctx.report("detached", number=process.pid)
        return super().fit(train, val, ctx)


class ExitFit(Good):
    def fit(self, *args: Any, **more: Any) -> FitReport:
        sys.exit(0)


class HangFit(Good):
    def fit(self, *args: Any, **more: Any) -> FitReport:
        _hang()
        return super().fit(*args, **more)


class StubbornFit(Good):
    def fit(self, *args: Any, **more: Any) -> FitReport:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        _hang()
        return super().fit(*args, **more)


class HangSample(Good):
    def sample(self, *args: Any, **more: Any) -> Clouds:
        _hang()
        return super().sample(*args, **more)


class KillFit(Good):
    def fit(self, *args: Any, **more: Any) -> FitReport:
        os.kill(os.getpid(), signal.SIGKILL)
        return super().fit(*args, **more)


class MemoryFit(Good):
    def fit(self, *args: Any, **more: Any) -> FitReport:
        hoard = []
        while len(hoard) * _BLOCK < self.settings.most_gb * 2**30:
            hoard.append(b"\x01" * _BLOCK)
        raise MemoryError


class Nan(Good):
    def sample(self, *args: Any, **more: Any) -> Clouds:
        clouds = super().sample(*args, **more)
        clouds.points[-1, 0] = np.nan
        return clouds


class NotClouds(Good):
    def sample(self, *args: Any, **more: Any) -> Any:
        return super().sample(*args, **more).points.tolist()


class OsExitFit(Good):
    def fit(self, *args: Any, **more: Any) -> FitReport:
        os._exit(0)


class OsExitSample(Good):
    def sample(self, *args: Any, **more: Any) -> Clouds:
        os._exit(0)


class HugeReport(Good):
    def fit(self, *args: Any, **more: Any) -> FitReport:
        return FitReport(parameters=2**70, steps=1)


class WordReport(Good):
    def fit(self, *args: Any, **more: Any) -> FitReport:
        return FitReport(parameters="many", steps=1)  # type: ignore[arg-type]


class SurrogateFit(Good):
    def fit(self, *args: Any, **more: Any) -> FitReport:
        message = "half a character: \ud800"
        raise RuntimeError(message)


class SurrogateHistory(Good):
    def fit(self, *args: Any, **more: Any) -> FitReport:
        return FitReport(parameters=0, steps=1, history={"\ud800": [1.0]})


class RaiseBase(Good):
    def fit(self, *args: Any, **more: Any) -> FitReport:
        message = "the evil fit raises what nobody catches"
        raise BaseException(message)  # noqa: TRY002 (that is the evil)


class RaiseWordless(Good):
    def fit(self, *args: Any, **more: Any) -> FitReport:
        class WordlessError(Exception):
            def __str__(self) -> str:
                raise ValueError

        raise WordlessError


class OddModules(Good):
    """Works, but leaves things among the modules that are none."""

    def fit(self, *args: Any, **more: Any) -> FitReport:
        for name, odd in {"jetgen_odd": 3, "odd": 5}.items():
            module = ModuleType(name)
            module.__file__ = odd  # type: ignore[assignment]
            module.__path__ = odd  # type: ignore[assignment]
            sys.modules[name] = module
        return super().fit(*args, **more)


class SaveLink(Good):
    def save(self, folder: Path) -> None:
        super().save(folder)
        (folder / "elsewhere").symlink_to("/etc/passwd")


class SavePipe(Good):
    def save(self, folder: Path) -> None:
        super().save(folder)
        os.mkfifo(folder / "pipe.safetensors")


class RaiseFit(Good):
    def fit(self, *args: Any, **more: Any) -> FitReport:
        message = "the evil fit raises\non two lines"
        raise RuntimeError(message)


class RaiseSample(Good):
    def sample(self, *args: Any, **more: Any) -> Clouds:
        message = "the evil sample raises"
        raise RuntimeError(message)


class SaveNothing(Good):
    def save(self, folder: Path) -> None:
        pass


class SegfaultFit(Good):
    def fit(self, *args: Any, **more: Any) -> FitReport:
        ctypes.string_at(0)
        return super().fit(*args, **more)


class SegfaultSample(Good):
    def sample(self, *args: Any, **more: Any) -> Clouds:
        ctypes.string_at(0)
        return super().sample(*args, **more)


class Shape(Good):
    def sample(self, conditions: Conditions, ctx: RunContext) -> Clouds:
        return self._clouds(conditions.n, max(1, len(self.cloud_spec.features) - 1), ctx)


class TooFew(Good):
    def sample(self, conditions: Conditions, ctx: RunContext) -> Clouds:
        return self._clouds(max(0, conditions.n - 1), len(self.cloud_spec.features), ctx)


class TooMany(Good):
    def sample(self, conditions: Conditions, ctx: RunContext) -> Clouds:
        return self._clouds(conditions.n + 1, len(self.cloud_spec.features), ctx)
