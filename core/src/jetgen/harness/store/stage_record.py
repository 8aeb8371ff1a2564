"""The record of one finished stage. Its file ends with a seal, so that damage and edits are noticed."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from jetgen.harness.store.outputs import Output
from jetgen.io.atomic import write_text

__all__ = ["MEMORY_LIMIT", "STORAGE", "StageRecord", "StageStatus", "read_record", "write_record"]

StageStatus = Literal["ok", "truncated", "failed", "timeout", "killed", "unloadable"]

MEMORY_LIMIT = "MemoryLimit"
"""The error type of a stage that was stopped for its memory. Unlike other kills it would happen again."""

STORAGE = "StorageError"
"""The error type of a stage that could not write: what stood in its way may be gone the next time."""


class StageRecord(BaseModel):
    """One finished stage. ``key`` hashes everything else that decides its outcome."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stage: str
    status: StageStatus
    key: str
    inputs: dict[str, Any]
    modules: dict[str, str] = Field(description="digest of the source of each module that it loaded")
    torch: str | None
    versions: dict[str, str] = Field(default_factory=dict, description="of the distributions behind it")
    seconds: float
    peak_bytes: int
    limits: dict[str, float] = Field(default_factory=dict, description="timeout in seconds and memory in bytes")
    strays: tuple[str, ...] = Field(default=(), description="processes that it left behind and that do not end")
    results: dict[str, Any] = Field(default_factory=dict)
    outputs: dict[str, Output] = Field(default_factory=dict, description="the files that later stages take from it")
    error_type: str | None = None
    error: str | None = None
    seal: str = Field(default="", description="SHA-256 of the text before it, for the file only")

    @property
    def done(self) -> bool:
        """Whether later stages can build on it."""
        return self.status in ("ok", "truncated")


_END = '"\n}\n'
_SEAL = 64 + len(_END)  # bytes


def write_record(path: Path, record: StageRecord) -> None:
    """Keep ``record``, whole or not at all."""
    body = record.model_copy(update={"seal": ""}).model_dump_json(indent=1).removesuffix(_END.rstrip())
    write_text(path, f"{body}{hashlib.sha256(body.encode()).hexdigest()}{_END}")


def read_record(path: Path) -> StageRecord | None:
    """The record at ``path``; None if there is none, or if it is not as it was written."""
    try:
        content = path.read_bytes()
        body, seal = content[:-_SEAL], content[-_SEAL:]
        if seal != f"{hashlib.sha256(body).hexdigest()}{_END}".encode():
            return None
        return StageRecord.model_validate_json(content)
    except (OSError, ValidationError):
        return None
