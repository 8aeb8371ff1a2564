"""Checks that every generator must pass, for its author, and those of datasets that declare more than clouds.

In a test of the plugin, one test per check:

    from jetgen.testing import parametrize_with_checks

    @parametrize_with_checks(["kind-gaussian"])
    def test_it_keeps_the_contract(check):
        check()

In a program, ``results = check_generator("kind-gaussian")`` and ``print(summary(results))``. The list of checks is
:func:`generator_checks`, and :func:`describe_checks` says what each wants. pytest is imported when the decorator is
called. Of a dataset, :func:`check_dataset` checks that it has the density that it declares.
"""

from __future__ import annotations

from jetgen.testing.check import Check, CheckResult, Outcome, run_check
from jetgen.testing.run import (
    check_dataset,
    check_generator,
    dataset_checks,
    describe_checks,
    generator_checks,
    parametrize_with_checks,
    summary,
)
from jetgen.testing.session import Session
from jetgen.testing.toy import Toy, answer_toy, jet_toy, table_toy
from jetgen.testing.truth import TruthSession
from jetgen.testing.verdict import CheckFailedError, CheckSkippedError

__all__ = [
    "Check",
    "CheckFailedError",
    "CheckResult",
    "CheckSkippedError",
    "Outcome",
    "Session",
    "Toy",
    "TruthSession",
    "answer_toy",
    "check_dataset",
    "check_generator",
    "dataset_checks",
    "describe_checks",
    "generator_checks",
    "jet_toy",
    "parametrize_with_checks",
    "run_check",
    "summary",
    "table_toy",
]
