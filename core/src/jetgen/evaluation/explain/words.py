"""What a classifier test sees, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jetgen.data.weights import effective_size
from jetgen.evaluation.explain.contrasts import Contrast
from jetgen.evaluation.explain.explanation import Explanation, Finding
from jetgen.metrics.c2st.verdict import Score
from jetgen.metrics.c2st.weights import HIGH, LOW

__all__ = ["is_seen", "sentences", "share_words"]

_SIGMAS = 4.0  # some sixty observables are looked at: three would be exceeded by one of them in every tenth explanation
_FURTHER = 3
_NOUNS = {"jets": "jets", "showers": "showers", "tracks": "clouds", "table": "rows"}


def is_seen(score: Score) -> bool:
    """Whether an AUC is above 1/2 by four standard errors."""
    return score.value - 0.5 > _SIGMAS * score.stderr


def sentences(explanation: Explanation) -> Iterator[str]:
    """The judge, the strongest observable of each family, the families without a difference, weights and tails."""
    noun, given = _NOUNS[explanation.kind], explanation.given
    if given is not None:
        yield f"The generated {noun} have weights, and count by them: {len(given):,} like {effective_size(given):,.0f}."
    yield _judge(explanation, noun)
    strongest = _strongest(explanation.findings)
    seen = [finding for finding in strongest if is_seen(finding.alone)]
    if not seen:
        most = strongest[0]
        yield f"No observable alone shows a difference: the largest AUC is {_auc(most.alone)}, of {_title(most)}."
    for i, finding in enumerate(seen[: 1 + _FURTHER]):
        verb = "gives" if i == 0 else "has"
        yield f"{'Alone' if i == 0 else 'Then'}, {_title(finding)} {verb} {_auc(finding.alone)}: {_how(finding, noun)}."
    unseen = [finding for finding in strongest if not is_seen(finding.alone)]
    if seen and unseen:
        listed = ", ".join(f"{one.observable.family} ({one.alone.value:.2f})" for one in unseen)
        yield f"Nothing is seen in {listed}."
    yield from _weights(explanation, noun)
    yield from _tails(explanation, noun)


def _judge(explanation: Explanation, noun: str) -> str:
    judge = explanation.judge
    if not is_seen(judge.auc):
        return f"The judge, {judge.name}, cannot tell generated {noun} from true ones: AUC {_auc(judge.auc)}."
    text = f"The judge, {judge.name}, tells generated {noun} from true ones with an AUC of {_auc(judge.auc)}"
    if judge.high_level is not None:
        text += f"; from high-level features alone, with {_auc(judge.high_level)}"
    return f"{text}."


def _strongest(findings: Sequence[Finding]) -> list[Finding]:
    """The first finding of each family: the others of it say much the same."""
    families: dict[str, Finding] = {}
    for finding in findings:
        families.setdefault(finding.observable.family, finding)
    return list(families.values())


def _how(finding: Finding, noun: str) -> str:
    """In what the values of generated clouds differ."""
    made, unit = finding.made, f" {finding.observable.unit}" if finding.observable.unit else ""
    some, others = made.some, made.others
    if 2.0 * made.strength >= finding.alone.value - 0.5 and some.median != others.median:
        word = "larger" if made.auc.value > 0.5 else "smaller"
        medians = f"median {some.median:.3g} against {others.median:.3g}{unit}"
        return f"generated {noun} have it {word} ({medians})"
    ranges = f"90 % within {some.low:.3g} to {some.high:.3g} against {others.low:.3g} to {others.high:.3g}{unit}"
    ratio = (some.high - some.low) / (others.high - others.low) if others.high > others.low else 1.0
    if abs(ratio - 1.0) < 0.02:
        return f"generated {noun} have it distributed otherwise ({ranges})"
    return f"generated {noun} have it {'wider' if ratio > 1.0 else 'narrower'} spread ({ranges})"


def _weights(explanation: Explanation, noun: str) -> Iterator[str]:
    made, true = explanation.generated, explanation.true
    yield (
        f"The weights w = D / (1 - D) of generated {noun} have the mean {made.mean.value:.2f} ± {made.mean.stderr:.2f} "
        f"(1 for a calibrated judge if the model covers the truth); weighted by them, {made.n:,} {noun} count like "
        f"{made.effective * made.n:,.0f}."
    )
    yield (
        f"{_percent(made.below)} of the generated {noun} have w below {LOW:g}, {noun} that the model invents; "
        f"{_percent(true.above)} of the true ones have w above {HIGH:g}, truth that the model does not cover."
    )


def _tails(explanation: Explanation, noun: str) -> Iterator[str]:
    """In which observable either tail differs most from the other clouds of its class."""
    whose = (
        ("invented", f"of generated {noun} that the judge believes least"),
        ("uncovered", f"of true {noun} that the model covers least"),
    )
    for tail, subject in whose:
        found = [(one, tail_of) for one in explanation.findings if (tail_of := getattr(one, tail)) is not None]
        if not found:
            continue
        finding, most = max(found, key=lambda one: one[1].strength)
        if is_seen(Score(0.5 + most.strength, most.auc.stderr)):
            yield f"{share_words(most).capitalize()} {subject} {_tail_words(finding, most)}."


def share_words(tail: Contrast) -> str:
    """How many clouds are in a tail: a tenth, or more where many have the same weight."""
    return "the tenth" if tail.share < 0.11 else f"the {_percent(tail.share)}"


def _tail_words(finding: Finding, tail: Contrast) -> str:
    """Whether its values are larger or smaller."""
    medians = f"median {tail.some.median:.3g} against {tail.others.median:.3g} in the others"
    word = "larger" if tail.auc.value > 0.5 else "smaller"
    return f"has a {word} {finding.observable.title} ({medians}; AUC {0.5 + tail.strength:.2f})"


def _title(finding: Finding) -> str:
    """As a part of a sentence: features of tables are names."""
    title = finding.observable.title
    return f"the {title}" if " " in title else title


def _auc(score: Score) -> str:
    digits = 3 if score.stderr >= 0.001 else 4
    return f"{score.value:.{digits}f} ± {score.stderr:.{digits}f}"


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 0.995 else f"{100 * share:.0f} %"
