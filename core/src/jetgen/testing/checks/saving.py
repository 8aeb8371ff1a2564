"""Checks of saved models: a folder is complete, can be moved and holds no pickle."""

from __future__ import annotations

import shutil

from jetgen.io.atomic import write_json
from jetgen.io.saved_model import CARD, save_model
from jetgen.testing.fresh import sample_afresh
from jetgen.testing.session import MANY, SEED, Session
from jetgen.testing.verdict import require_same

__all__ = ["saved_model_can_be_moved", "saved_model_holds_no_pickle", "saved_model_works_in_a_fresh_process"]

_ROUNDING = 1e-4
"""Relative difference of float32 numbers that another process adds up in another order."""


def saved_model_works_in_a_fresh_process(session: Session) -> None:
    """Saved, and loaded on the CPU in a new process, the model gives the same samples for the same RunContext."""
    truth = session.truth(MANY)
    found = sample_afresh(session.spec.target, session.saved, truth, session.toy.spec, SEED)
    require_same(session.sample(session.model), found, "the model in a new process", _ROUNDING)


def saved_model_can_be_moved(session: Session) -> None:
    """A saved folder can be moved, and works with the card that the harness writes into it."""
    first, second = session.folder("first") / "model", session.folder("second") / "model"
    first.mkdir()
    session.model.save(first)
    write_json(first / CARD, {"generator": {"name": session.spec.name}})
    shutil.move(first, second)
    again = session.generator_class.load(second, "cpu")
    require_same(session.sample(session.model), session.sample(again), "a model that was moved", _ROUNDING)


def saved_model_holds_no_pickle(session: Session) -> None:
    """A saved folder holds no pickle, not even inside an archive: opening a model must run no code."""
    save_model(session.model, session.folder("pickles") / "model", {})
