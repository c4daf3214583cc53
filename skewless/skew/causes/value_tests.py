"""Causes that show in the two values alone: what was logged beside what it should have been."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from skewless.skew.causes.clocks import FURTHEST, QUARTER, Clock, moves
from skewless.skew.causes.judging import Case, Explanation
from skewless.skew.causes.values import LOOSE, MOMENT, NUMBER, TEXT, TRUTH, Floats, Values, to_digits

LAST_DIGITS = 4e-16
"""What rounding to digits in another way leaves between two doubles, relative to them."""

DISTINCT_WANTED = 3
"""A ratio or a number of digits is no finding on fewer different values: it could be made to fit."""

PLACES = range(-3, 13)
SIGNIFICANT = range(2, 13)

TEXT_FORMS: dict[str, Callable[[str], str]] = {
    "lower case": str.lower,
    "upper case": str.upper,
    "outer space removed": str.strip,
    "lower case, outer space removed": lambda text: text.strip().lower(),
    "upper case, outer space removed": lambda text: text.strip().upper(),
    "first letters in upper case": str.title,
    "unicode form NFC": lambda text: unicodedata.normalize("NFC", text),
    "unicode form NFD": lambda text: unicodedata.normalize("NFD", text),
    "unicode form NFKC": lambda text: unicodedata.normalize("NFKC", text),
    "unicode form NFKD": lambda text: unicodedata.normalize("NFKD", text),
}


def pair_explanations(case: Case, clocks: Sequence[Clock]) -> Iterator[Explanation]:
    """Every cause that the values alone can show, tested on a feature's sample."""
    if not len(case.places):
        return
    yield from nulls(case)
    if case.logged.kind != case.recomputed.kind:
        return
    yield from constants(case)
    if case.recomputed.kind == NUMBER:
        yield from single_precision(case)
        yield from roundings(case)
        yield from ratios(case)
    elif case.recomputed.kind == MOMENT:
        yield from shifts(case, clocks)
    elif case.recomputed.kind == TEXT:
        yield from text_forms(case)


def nulls(case: Case) -> Iterator[Explanation]:
    """null_handling: null on one side and one constant on the other.

    The constant is the most frequent one, so one mismatch goes for finding it. Chance: how often that constant is a
    value of the feature anyway.
    """
    for empty, full, pattern in (
        (case.recomputed, case.logged, "null logged as {}"),
        (case.logged, case.recomputed, "{} logged as null"),
    ):
        places = case.places[empty.null[case.places] & ~full.null[case.places]]
        if not len(places):
            continue
        found = _most_frequent(full.take(places))
        is_constant = _equals(full, found)
        spared = ~empty.null if full is case.logged else ~is_constant
        agrees = np.where(case.mismatched, empty.null & is_constant, spared)
        chance = _frequency(case.recomputed, found)
        yield Explanation("null_handling", pattern.format(_as_text(full, found)), agrees, chance, fitted=1)


def constants(case: Case) -> Iterator[Explanation]:
    """constant_default: one constant logged where the recomputed value is another one, not null.

    Chance: how often two values of the feature, drawn at random and found different, have the constant first.
    """
    both = ~case.logged.null & ~case.recomputed.null
    places = case.places[both[case.places]]
    if not len(places):
        return
    found = _most_frequent(case.logged.take(places))
    agrees = both & _equals(case.logged, found)
    share = _frequency(case.recomputed, found)
    shares = np.array(list(case.recomputed.counts().values())) / max(1, len(case.recomputed))
    differing = float(1.0 - np.sum(shares**2))
    chance = min(1.0, share * (1.0 - share) / differing + 1.0 / len(case.logged)) if differing else share
    detail = f"{_as_text(case.logged, found)} logged whatever the value"
    yield Explanation("constant_default", detail, agrees, chance, variants=2, fitted=1)


def single_precision(case: Case) -> Iterator[Explanation]:
    """float32: the logged value is the recomputed one in 32 bits, or the other way round."""
    for source, target, detail in (
        (case.recomputed, case.logged, "logged in 32 bits"),
        (case.logged, case.recomputed, "recomputed in 32 bits, logged in 64"),
    ):
        narrow = _number_like(source, _in_32_bits(source.data))
        moved = ~source.null & (narrow.data != source.data)
        agrees = np.where(moved, narrow.same(target), case.recomputed.same(case.logged, case.tolerance))
        chance = case.chance_of(narrow if target is case.logged else case.recomputed)
        yield Explanation("float32", detail, agrees, chance)


def _in_32_bits(numbers: Floats) -> Floats:
    with np.errstate(over="ignore"):
        narrow: Floats = numbers.astype(np.float32).astype(np.float64)
    return narrow


def roundings(case: Case) -> Iterator[Explanation]:
    """rounding: to digits after the point or to significant digits, half to even, half up, or cut off."""
    tried = list(rounded_forms(case.recomputed.data))
    places = case.places
    for detail, numbers in tried:
        predicted = _number_like(case.recomputed, numbers)
        explains = predicted.take(places).same(case.logged.take(places), LAST_DIGITS)
        held = places[explains & _is_moved(numbers, case.recomputed.data)[places]]
        if len(held) * 2 < len(places) or not _is_varied(case, held):
            continue
        agrees = predicted.same(case.logged, LAST_DIGITS) & (
            ~case.mismatched | _is_moved(numbers, case.recomputed.data)
        )
        yield Explanation("rounding", detail, agrees, case.chance_of(predicted), variants=len(tried))


def rounded_forms(numbers: Floats) -> Iterator[tuple[str, Floats]]:
    """Numbers rounded in every way that is tried, with what the way is called."""
    for digits in PLACES:
        scaled = np.abs(numbers) * 10.0**digits
        halves = np.rint(scaled * 2) / 2
        with np.errstate(invalid="ignore"):
            is_half = np.abs(scaled - halves) <= 1e-9 * np.maximum(1.0, scaled)
        near = np.where(is_half, halves, scaled)
        place = f"to {digits} digits after the point" if digits >= 0 else f"to multiples of {10**-digits}"
        for way, whole in (
            ("half to even", np.rint(near)),
            ("half up", np.floor(near + 0.5)),
            ("to the nearest double", np.rint(scaled)),
            ("cut off", np.floor(np.where(is_half, halves, scaled))),
        ):
            yield f"rounded {place}, {way}", np.copysign(whole / 10.0**digits, numbers)
    for digits in SIGNIFICANT:
        yield f"rounded to {digits} significant digits", to_digits(numbers, digits)


def ratios(case: Case) -> Iterator[Explanation]:
    """unit_scale: logged is recomputed times a constant, which the mismatches give and one of them is spent on."""
    logged, recomputed = case.logged, case.recomputed
    usable = ~logged.null & ~recomputed.null & (recomputed.data != 0) & (logged.data != 0)
    usable &= np.isfinite(logged.data) & np.isfinite(recomputed.data)
    places = case.places[usable[case.places]]
    if not len(places):
        return
    found = to_digits(logged.data[places] / recomputed.data[places], 8)
    factor, _ = Counter(found.tolist()).most_common(1)[0]
    exact = float(np.median((logged.data[places] / recomputed.data[places])[found == factor]))
    predicted = _number_like(recomputed, recomputed.data * exact)
    agrees = predicted.same(logged, LOOSE)
    if not _is_varied(case, places[agrees[places]]):
        return
    factor_text = f"times {exact:.10g}" if abs(exact) >= 1 else f"divided by {1 / exact:.10g}"
    detail = f"logged is the value {factor_text}"
    yield Explanation("unit_scale", detail, agrees, case.chance_of(predicted), variants=4, fitted=1)


def text_forms(case: Case) -> Iterator[Explanation]:
    """text_normalization: the values are equal in case, outer space or unicode form that only one side has.

    Chance: how often two different values of the feature are equal in that form.
    """
    own = case.recomputed.counts()
    for form_name, form in TEXT_FORMS.items():
        one, other = _formed(case.recomputed, form), _formed(case.logged, form)
        alike = one.counts()
        right, formed = (values.take(case.places).codes() for values in (case.recomputed, one))
        hits = [alike[code] - own[value] for code, value in zip(formed, right, strict=True)]
        chance = (float(np.mean(hits)) + 1.0) / (len(one) + 1.0)
        for predicted, target, detail in (
            (one, case.logged, f"logged in {form_name}"),
            (case.recomputed, other, f"recomputed in {form_name}"),
            (one, other, f"equal in {form_name}"),
        ):
            variants = len(TEXT_FORMS) * (2 if predicted is one and target is other else 1)
            yield Explanation("text_normalization", detail, predicted.same(target), chance, variants=variants)


def shifts(case: Case, clocks: Sequence[Clock]) -> Iterator[Explanation]:
    """timezone_shift of a feature that is itself an instant: by quarters of an hour, or between declared zones."""
    places = case.places[~case.logged.null[case.places] & ~case.recomputed.null[case.places]]
    apart = Counter((case.logged.data[places] - case.recomputed.data[places]).tolist())
    possible = {each // QUARTER for each in apart if each % QUARTER == 0 and abs(each) <= FURTHEST * QUARTER}
    for move in moves(list(clocks)):
        if move.quarters is not None and move.quarters not in possible:
            continue
        predicted = Values(MOMENT, move(case.recomputed.data), case.recomputed.null)
        agrees, chance = case.agreement(predicted), case.chance_of(predicted)
        yield Explanation("timezone_shift", move.detail, agrees, chance, variants=2 * FURTHEST)


def _formed(values: Values, form: Callable[[str], str]) -> Values:
    data = np.empty(len(values), dtype=object)
    data[:] = [value if gone else form(value) for value, gone in zip(values.data, values.null, strict=True)]
    return Values(TEXT, data, values.null)


def _number_like(values: Values, numbers: Floats) -> Values:
    return Values(NUMBER, numbers, values.null)


def _is_moved(rounded: Floats, numbers: Floats) -> Any:
    """Where rounding changes more than the last digits of a double."""
    with np.errstate(invalid="ignore"):
        return np.abs(rounded - numbers) > 8 * LAST_DIGITS * np.abs(numbers)


def _is_varied(case: Case, held: Any) -> bool:
    """Whether the explained mismatches are of enough different values, and not one constant in disguise."""
    recomputed = len(np.unique(case.recomputed.data[held]))
    return recomputed >= DISTINCT_WANTED and len(np.unique(case.logged.data[held])) > 1


def _most_frequent(values: Values) -> Any:
    return values.counts().most_common(1)[0][0]


def _frequency(values: Values, code: Any) -> float:
    """How often a value is this one, where it is not null; with one imagined occurrence more."""
    there = values.take(np.flatnonzero(~values.null))
    return (there.counts()[code] + 1.0) / (len(there) + 2.0)


def _equals(values: Values, code: Any) -> Any:
    return ~values.null & np.array([each == code for each in values.codes()], dtype=bool)


def _as_text(values: Values, code: Any) -> str:
    if values.kind == TRUTH:
        return str(bool(code)).lower()
    if values.kind == NUMBER and isinstance(code, float):
        return f"{code:.10g}"
    if values.kind == MOMENT:
        return str(np.datetime64(int(code), "us")) + "Z"
    return repr(code)
