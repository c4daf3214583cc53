"""The measures and tests of a pair → why there is an alert, or why there is none, in a sentence."""

from __future__ import annotations

from skewless.config import Monitoring
from skewless.parts.profile.divergence import by_chance
from skewless.runs.watch.monitor.drift.measures import (
    DISTRIBUTION,
    GONE,
    NEW,
    ONE_VALUE,
    RARE,
    Measures,
    Test,
)


def insufficient_reason(measures: Measures, watch: Monitoring) -> str:
    rows, current = measures.reference_rows, measures.current_rows
    if min(rows, current) < watch.min_rows:
        return f"insufficient: {current:,} values against {rows:,}; below {watch.min_rows} nothing is said"
    return f"insufficient: {current:,} values, all in bins that expect fewer than 5"


def alert_reason(test: Test, measures: Measures, cutoff: float) -> str:
    """An alert in words: the effect beside the least that matters, the evidence beside what chance gives."""
    if test.of == DISTRIBUTION:
        chance = _chance(measures, cutoff)
        return (
            f"distribution: PSI {test.effect:.3f} (matters from {test.least:g}; by chance up to {chance:.3f})"
            + (f", p {_p(test.p_value)}")
        )
    if test.change is not None:
        return _change_of_values(test, measures)
    before, now = measures.rate(test.of)
    expected = " expected" if test.of == NEW else ""
    return (
        f"{test.of}: {now:.2%} against {before:.2%}{expected} (matters from {test.least:.2%}), "
        f"p {_p(test.p_value)}"
    )


def _change_of_values(test: Test, measures: Measures) -> str:
    """A change that bins hide, with the values that there are of those to be expected."""
    change, matters = test.change, f"matters from {test.least:.2%}"
    assert change is not None, "a test of single values"
    if test.of == ONE_VALUE:
        change_text = (
            f"{change.of} is {change.now:.2%} of values against at most {change.before:.2%} (PSI of it against "
            f"the rest {test.effect:.3f}, matters from {test.least:g})"
        )
    elif test.of == GONE:
        change_text = f"{change.of} is gone, {change.before:.2%} of the training values ({matters})"
    else:
        change_text = (
            f"{change.now:.2%} of the training values are categories that are gone, {change.before:.2%} by chance "
            f"({matters} more)"
        )
    return f"{test.of}: {change_text}, p {_p(test.p_value)}{_distinct(measures)}"


def _distinct(measures: Measures) -> str:
    if measures.concentration is None:
        return ""
    before, now = (each.distinct for each in measures.concentration)
    if before is None or now is None:
        return ""
    return f"; about {now:,.0f} distinct values where {before:,.0f} were to be expected"


def nothing_reason(tests: tuple[Test, ...], measures: Measures, cutoff: float) -> str:
    """Why there is no alert, by the test that comes closest."""
    test = next((each for each in tests if each.of == DISTRIBUTION), tests[0])
    sized = [each for each in tests if each.p_value <= cutoff]
    if sized:
        test = max(sized, key=lambda each: each.effect / each.least if each.least else 0)
        return f"evidence (p {_p(test.p_value)}) of an effect too small to matter: {_size(test)}"
    if test.effect >= test.least:
        chance = f", by chance up to {_chance(measures, cutoff):.3f}" if test.of == DISTRIBUTION else ""
        return f"no evidence: {_size(test)}{chance}, p {_p(test.p_value)}"
    return f"no drift: {_size(test)}"


def _size(test: Test) -> str:
    if test.of == DISTRIBUTION:
        return f"PSI {test.effect:.3f} (matters from {test.least:g})"
    if test.of == ONE_VALUE:
        return f"one value's PSI against the rest {test.effect:.3f} (matters from {test.least:g})"
    if test.of in (GONE, RARE):
        return f"{test.of}: {test.effect:.2%} of training values (matters from {test.least:.2%})"
    return f"{test.of} differ by {test.effect:.2%} (matters from {test.least:.2%})"


def _chance(measures: Measures, cutoff: float) -> float:
    assert measures.homogeneity is not None, "a test of the distribution"
    return by_chance(measures.reference_rows, measures.current_rows, measures.homogeneity.freedom, cutoff)


def _p(p_value: float) -> str:
    return f"= {p_value:.2g}" if p_value >= 1e-12 else "< 1e-12"
