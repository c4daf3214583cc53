"""What a page says of a reconciliation: days as a picture where there are enough, other groups as sentences."""

from __future__ import annotations

from dataclasses import replace

from skewless.config import Reconcile
from skewless.runs.watch.reconcile.findings import Finding, Reconciliation
from skewless.runs.watch.reconcile.report import (
    notes_of,
    render_reconciliation,
    summary_of_reconciliation,
)
from skewless.skew.causes.judging import Verdict
from skewless.skew.compare import Counts
from skewless.skew.mismatch_examples import Example
from skewless.skew.store_age import HOUR, StoreAges

HOSTS = {"web-0": Counts(60, 9), "web-1": Counts(30, 0)}


def found(days: dict[str, Counts]) -> Reconciliation:
    speed = Finding(
        name="speed",
        counts=Counts(90, 9),
        verdict=Verdict("stale_value", 1.0, "the row before"),
        differences=None,
        examples=(Example("T = now", "1", "2", ("one", "two")),),
        trends={"day": days, "host": HOSTS},
    )
    return Reconciliation("delays", None, 90, 0, (speed,), (), Reconcile())


DAYS = {
    "2024-03-03": Counts(30, 3),
    "2024-03-01": Counts(30, 0),
    "2024-03-02": Counts(30, 6),
    "null": Counts(1, 1),
    "2024-03-04": Counts(0, 0),
}


def test_the_rate_by_day_is_a_picture_in_the_order_of_days() -> None:
    page = render_reconciliation(found(DAYS))
    told = (
        "Mismatches by day from 2024-03-01 to 2024-03-03: speed starts at 0.0%, ends at 10.0%, at most 20.0%"
    )
    assert f'aria-label="{told}"' in page
    assert "By day:" not in page
    assert "By host: web-0 15.00% of 60, web-1 0.00% of 30." in page


def test_two_days_are_a_sentence() -> None:
    page = render_reconciliation(found(dict(list(DAYS.items())[:2])))
    assert "By day: 2024-03-03 10.00% of 30, 2024-03-01 0.00% of 30." in page
    assert "<svg" not in page


def test_the_rows_behind_an_example_are_a_line_each() -> None:
    assert ">one\ntwo</td>" in render_reconciliation(found({}))


def test_names_in_the_log_that_are_no_columns_are_told() -> None:
    logged = replace(found({}), unknown_names=("speeed", "colour"))
    assert list(notes_of(logged)) == ["logged, but no columns of the training set: speeed, colour"]


def test_how_old_the_store_was_is_told_in_a_line() -> None:
    served = replace(found({}), store_ages=StoreAges(1200, HOUR, 26 * HOUR))
    told = "1,200 records came of an online store, 1 hour old in the median and 26 hours at most"
    assert list(notes_of(served)) == [told]


def test_the_summary_begins_with_causes_and_says_when_each_began() -> None:
    first, *rest = summary_of_reconciliation(found(DAYS)).splitlines()
    assert first == (
        "delays: SKEW: 1 cause since 2024-03-02, 1 feature differing more often than is allowed: 90 records, 1 feature"
    )
    assert rest == [
        "  ALERT    stale_value since 2024-03-02: the row before",
        "             1 feature: speed 10.000%",
    ]


def test_a_summary_of_every_feature_says_how_often_it_differs_and_why() -> None:
    first, *rest = summary_of_reconciliation(found({}), verbose=True).splitlines()
    assert first.startswith("delays: SKEW: 1 cause, 1 feature differing")
    assert rest[2:] == [
        "  ALERT    speed: 9 of 90 = 10.000% [5.351%, 17.924%]",
        "             stale_value: the row before; explains 100.0% of the sampled mismatches",
    ]


def test_a_cause_of_many_features_names_the_worst() -> None:
    (speed,) = found(DAYS).findings
    findings = tuple(replace(speed, name=f"f{number}", counts=Counts(90, number)) for number in range(1, 9))
    text = summary_of_reconciliation(replace(found(DAYS), findings=findings))
    assert "1 cause since 2024-03-02, 8 features differing" in text
    assert (
        "8 features: f8 8.889%, f7 7.778%, f6 6.667%, f5 5.556%, f4 4.444%, f3 3.333%, 2 more (--verbose)"
        in text
    )


def explained_by(**verdicts: Verdict) -> str:
    (speed,) = found({}).findings
    findings = tuple(replace(speed, name=name, verdict=verdict) for name, verdict in verdicts.items())
    page = render_reconciliation(replace(found({}), findings=findings))
    return page.partition("<h2>Causes</h2>")[2].partition("<h2>")[0]


def test_features_with_one_root_are_one_line_whichever_way_it_came() -> None:
    section = explained_by(
        price=Verdict("stale_value", 1.0, "prices: the row before"),
        doubled=Verdict("stale_value", 0.9, "prices: the row before", ("price",)),
        quadrupled=Verdict("stale_value", 0.8, "prices: the row before", ("doubled", "price")),
    )
    assert section.count("prices: the row before") == 1
    assert "doubled, price, quadrupled" in section


def test_features_with_other_roots_or_causes_are_lines_of_their_own() -> None:
    section = explained_by(
        price=Verdict("stale_value", 1.0, "prices: the row before"),
        doubled=Verdict("unit_scale", 1.0, "prices: the row before", ("price",)),
        stock=Verdict("stale_value", 1.0, "stocks: the row before", ("price",)),
    )
    assert section.count(": the row before") == 3


def test_a_root_is_never_cut_whatever_its_words() -> None:
    section = explained_by(
        price=Verdict("stale_value", 1.0, "through the night: the row before"),
        stock=Verdict("stale_value", 1.0, "the row before"),
    )
    assert ">through the night: the row before<" in section
    assert ">the row before<" in section


def test_a_feature_says_the_way_by_which_its_cause_came() -> None:
    (speed,) = found({}).findings
    verdict = Verdict("stale_value", 1.0, "prices: the row before", ("doubled", "price"))
    assert replace(speed, verdict=verdict).to_json()["detail"] == (
        "through doubled: through price: prices: the row before"
    )
