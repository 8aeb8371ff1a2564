"""The API of the checks: an iterator, a function that returns results, and a pytest decorator."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from jetgen.api.specs import DatasetSpec, GeneratorSpec
from jetgen.errors import UsageError, did_you_mean
from jetgen.testing.check import Check, CheckResult, Outcome, run_check
from jetgen.testing.checks import CHECKS, DATASET_CHECKS
from jetgen.testing.session import Session, label
from jetgen.testing.toy import Toy
from jetgen.testing.truth import TruthSession
from jetgen.testing.verdict import CheckSkippedError

if TYPE_CHECKING:
    import pytest

__all__ = [
    "check_dataset",
    "check_generator",
    "dataset_checks",
    "describe_checks",
    "generator_checks",
    "parametrize_with_checks",
    "summary",
]


def generator_checks() -> Iterator[Check]:
    """Every check that a generator must pass; call one with a :class:`jetgen.testing.Session`."""
    yield from CHECKS


def dataset_checks() -> Iterator[Check]:
    """Every check of a dataset; call one with a :class:`jetgen.testing.TruthSession`."""
    yield from DATASET_CHECKS


def describe_checks() -> str:
    """A Markdown table of all checks: the id of each, and one sentence that says what a generator must do to pass.

    >>> print(describe_checks().splitlines()[2])
    | `imports-are-light` | Importing the modules of the spec and of the settings imports neither torch nor \
TensorFlow nor JAX. |
    """
    rows = "".join(f"| `{check.id}` | {check.description} |\n" for check in generator_checks())
    return f"| check | what it wants |\n|---|---|\n{rows}"


def check_generator(
    generator: str | GeneratorSpec,
    *,
    expected_failures: Mapping[str, str] | None = None,
    toy: Toy | None = None,
) -> list[CheckResult]:
    """Run every check on one generator; no error of the generator is raised.

    Arguments:
        generator: the name of an installed generator, an entry-point value such as ``"package.spec:SPEC"``, or a spec.
        expected_failures: by the id of each check that is expected to fail, the reason. It is strict: a check that
            passes although it is expected to fail is a failure.
        toy: the clouds to learn; by default jets of up to 10 particles, for a generator of tables alone a table.

    Raises:
        UsageError: if there is no such generator, or an expected failure names no check.
        PluginError: if the plugin of the generator has an error.
    """
    expected = _known(expected_failures or {})
    session = Session(generator, toy)
    return [run_check(check, session, expected.get(check.id)) for check in generator_checks()]


def check_dataset(
    dataset: str | DatasetSpec, size: str | None = None, options: Mapping[str, Any] | None = None
) -> list[CheckResult]:
    """Run every check on one dataset, which is prepared if it declares anything to check.

    Arguments:
        dataset: the name of an installed dataset, or a spec.
        size: one of its sizes; by default that with the fewest clouds.
        options: what the dataset asks for, such as ``{"model": FOLDER}``.

    Raises:
        UsageError: if there is no such dataset or size.
        PluginError: if its plugin has an error.
    """
    session = TruthSession(dataset, size, options)
    return [run_check(check, session) for check in dataset_checks()]


def summary(results: Sequence[CheckResult]) -> str:
    """One line: how many checks ran, and which of them failed or were skipped, with the reasons.

    >>> passed = CheckResult("fit-is-repeatable", "Two trainings ...", "passed")
    >>> skipped = CheckResult("log-prob-is-one-number-per-cloud", "log_prob ...", "skipped", "not declared")
    >>> summary([passed, skipped])
    'ran 1 of 2 checks: 1 passed, 0 failed; skipped: log-prob-is-one-number-per-cloud (not declared)'
    """
    tally = Counter(result.outcome for result in results)
    line = f"ran {len(results) - tally['skipped']} of {len(results)} checks: {tally['passed']} passed, "
    line += f"{tally['failed']} failed" + (f", {tally['expected']} failed as expected" if tally["expected"] else "")
    outcomes: tuple[Outcome, ...] = ("failed", "expected", "skipped")
    for outcome in outcomes:
        named = [f"{result.id} ({result.reason})" for result in results if result.outcome == outcome]
        line += f"; {outcome}: {', '.join(named)}" if named else ""
    return line


def parametrize_with_checks(
    generators: Sequence[str | GeneratorSpec],
    *,
    expected_failures: Mapping[str, str] | None = None,
    toy: Toy | None = None,
) -> pytest.MarkDecorator:
    """Parametrize a pytest function with the argument ``check``, which it calls: one test per generator and check.

    Arguments:
        generators: what :func:`check_generator` takes, one or several; each is loaded when its first test runs.
        expected_failures: as for :func:`check_generator`, for all of the generators; they become strict xfails.
        toy: the clouds to learn; by default jets of up to 10 particles, for a generator of tables alone a table.

    Raises:
        UsageError: if an expected failure names no check.
    """
    import pytest

    expected = _known(expected_failures or {})
    cases = []
    for generator in [generators] if isinstance(generators, str) else generators:
        opened = cache(lambda generator=generator: Session(generator, toy))
        for check in generator_checks():
            reason = expected.get(check.id)
            marks = [pytest.mark.xfail(reason=reason, strict=True)] if reason is not None else []
            case = _PytestCase(check, opened)
            cases.append(pytest.param(case, id=f"{label(generator)}-{check.id}", marks=marks))
    return pytest.mark.parametrize("check", cases)


class _PytestCase:
    """One check of one generator; calling it is the test."""

    def __init__(self, check: Check, opened: Any) -> None:
        self.check = check
        self._opened = opened

    def __call__(self) -> None:
        import pytest

        try:
            self.check(self._opened())
        except CheckSkippedError as error:
            pytest.skip(str(error))


def _known(expected: Mapping[str, str]) -> Mapping[str, str]:
    ids = [check.id for check in generator_checks()]
    for name in expected:
        if name not in ids:
            msg = f"an expected failure names {name!r}, and there is no such check{did_you_mean(name, ids)}"
            raise UsageError(msg)
    return expected
