"""Jets that a test has in its hands as a dataset."""

from __future__ import annotations

from jetgen import Clouds, CloudSpec, RunContext

__all__ = ["GivenJets"]


class GivenJets:
    """A dataset of these jets that needs no preparation.

    Arguments:
        spec: of the jets.
        jets: all of them.
        splits: by name; a split that is not named is all jets.
    """

    def __init__(self, spec: CloudSpec, jets: Clouds, **splits: slice) -> None:
        self.spec, self._jets, self._splits = spec, jets, splits

    def prepare(self, ctx: RunContext) -> None:
        """There is nothing to do."""

    def load(self, split: str) -> Clouds:
        """The jets of a split."""
        return self._jets[self._splits.get(split, slice(None))]
