"""Wrong in saving and loading."""

from __future__ import annotations

import json
import pickle
import zipfile
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from zoo.right import Right


class NoSave(Right):
    save = None


class SavesNothing(Right):
    def save(self, folder: Path) -> None:
        pass


class RemembersInMemory(Right):
    shelf: ClassVar[list[Self]] = []

    def save(self, folder: Path) -> None:
        self.shelf.append(self)

    @classmethod
    def load(cls, folder: Path, device: str) -> Self:
        del folder, device
        return cls.shelf[-1]


class SavesWithoutItsWidth(Right):
    def save(self, folder: Path) -> None:
        super().save(folder)
        np.savez(folder / "gaussians.npz", means=self.means, factors=self.factors / 2, counts=self.counts)


class SavesItsAddress(Right):
    def save(self, folder: Path) -> None:
        super().save(folder)
        (folder / "where.json").write_text(json.dumps(str(folder)), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, device: str) -> Self:
        return super().load(Path(json.loads((folder / "where.json").read_text(encoding="utf-8"))), device)


class TakesTheCardsName(Right):
    def save(self, folder: Path) -> None:
        super().save(folder)
        (folder / "gaussians.json").rename(folder / "generator.json")

    @classmethod
    def load(cls, folder: Path, device: str) -> Self:
        (folder / "gaussians.json").write_bytes((folder / "generator.json").read_bytes())
        return super().load(folder, device)


class SavesAPickle(Right):
    def save(self, folder: Path) -> None:
        super().save(folder)
        (folder / "means.bin").write_bytes(pickle.dumps(self.means))


class SavesObjects(Right):
    def save(self, folder: Path) -> None:
        super().save(folder)
        np.savez(folder / "names.npz", names=np.array([{"a": 1}], dtype=object))


class SavesLikeTorch(Right):
    def save(self, folder: Path) -> None:
        super().save(folder)
        with zipfile.ZipFile(folder / "weights.bin", "w") as archive:
            archive.writestr("archive/data.pkl", pickle.dumps({}))


class SavesBesideItsFolder(Right):
    def save(self, folder: Path) -> None:
        super().save(folder)
        folder.with_name("summary.txt").write_text("saved", encoding="utf-8")


class LoadsWithALog(Right):
    @classmethod
    def load(cls, folder: Path, device: str) -> Self:
        (folder / "loaded.log").write_text(device, encoding="utf-8")
        return super().load(folder, device)
