"""Checks of side effects: global random state, and files outside the folders that were given."""

from __future__ import annotations

from jetgen.testing.session import Session
from jetgen.testing.verdict import require

__all__ = ["global_random_state_is_left_alone", "nothing_is_written_elsewhere"]


def global_random_state_is_left_alone(session: Session) -> None:
    """Fit and sample do not change the global random state of NumPy, Python or torch."""
    model = session.model
    with session.watched() as traces:
        session.sample(model)
    for what, changed in (("fit", session.first.traces.randomness), ("sample", traces.randomness)):
        require(not changed, f"{what} changed {' and '.join(changed)} global random state; draw from ctx.rng")


def nothing_is_written_elsewhere(session: Session) -> None:
    """Fit writes only to ctx.out, save only to its folder; sample and load write nothing."""
    folder, model = session.folder("watched"), session.model
    with session.watched(folder) as saving:
        model.save(folder)
    with session.watched() as using:
        session.sample(session.generator_class.load(folder, "cpu"), 7)
    stages = {"fit": session.first.traces, "save": saving, "load or sample": using}
    for what, traces in stages.items():
        require(not traces.files, f"{what} wrote {' and '.join(traces.files)} outside its folder")
