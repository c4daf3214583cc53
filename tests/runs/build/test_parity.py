"""The audit of a build, end to end: what serving makes as Spark did is published, and each planted break is refused."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StringType

from skewless.ground.spark_columns import as_key
from skewless.parts.asof import JoinSide, join, join_side
from skewless.parts.asof.kernel.layout import SideLayout
from skewless.parts.windows import WindowReduction, reduction
from skewless.parts.windows.calendar import calendar_bounds
from skewless.training_set import rows as pipeline
from tests.helpers.offers import OFFERS, offers_in
from tests.helpers.project import Project, Ran

Patch = pytest.MonkeyPatch


@pytest.fixture(scope="module")
def offers(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return offers_in(tmp_path_factory.mktemp("offers"), spark)


def variant(name: str, parity_sample: int) -> str:
    """The same training set by another name, its output beside the other's."""
    text = OFFERS.replace("name: offers", f"name: {name}").replace("${OUT:-offers}", name)
    return f"{text}    parity_sample: {parity_sample}\n"


def test_every_row_is_replayed_and_what_serving_makes_alike_is_published(offers: Project) -> None:
    ran = offers.run("build", "offers", "--report", str(offers.root / "offers.html"))
    assert ran.code == 0, ran.err
    told = "9 label events replayed through serving, no difference in 8 chosen by hash: under 31.23% of rows"
    assert told in ran.out
    assert told in (offers.root / "offers.html").read_text()
    assert "skewless_audit" not in offers.rows("offers")[0]


def ignore_availability(patch: Patch) -> None:
    patch.setattr(JoinSide, "available", JoinSide.event)


def join_otherwise(patch: Patch, otherwise: Callable[[SideLayout], SideLayout]) -> None:
    right = JoinSide.layout
    patch.setattr(JoinSide, "layout", lambda *of: otherwise(right(*of)))


def look_before_t(patch: Patch) -> None:
    join_otherwise(patch, lambda layout: replace(layout, strict=True))


def keep_stale_rows(patch: Patch) -> None:
    join_otherwise(patch, lambda layout: replace(layout, max_age=None))


def end_at_max_age(patch: Patch) -> None:
    join_otherwise(patch, lambda layout: replace(layout, max_age=layout.max_age and layout.max_age - 1))


def settle_ties_by_the_least(patch: Patch) -> None:
    """Of the two rows that tie the greater one is lost."""
    right = JoinSide.is_matchable

    def matchable(self: JoinSide) -> Column:
        return right(self) & (F.col("price") != 6.0) if self.columns else right(self)

    patch.setattr(JoinSide, "is_matchable", matchable)


def match_keys_in_any_case(patch: Patch) -> None:
    def folded(value: Column, kind: Any) -> Column:
        return F.lower(value) if isinstance(kind, StringType) else as_key(value, kind)

    patch.setattr(join_side, "as_key", folded)
    patch.setattr(join, "as_key", folded)


def measure_otherwise(patch: Patch, **moved: int) -> None:
    right = WindowReduction._measure

    def measure(self: WindowReduction, *of: Any) -> Any:
        found = right(self, *of)
        return replace(found, **{name: getattr(found, name) + by for name, by in moved.items()})

    patch.setattr(WindowReduction, "_measure", measure)


def count_the_event_at_t(patch: Patch) -> None:
    measure_otherwise(patch, offset=-1, length=1)


def begin_after_the_first_instant(patch: Patch) -> None:
    measure_otherwise(patch, length=-1)


def cut_days_in_utc(patch: Patch) -> None:
    utc = ZoneInfo("UTC")
    patch.setattr(
        reduction, "calendar_bounds", lambda t, window: calendar_bounds(t, window._replace(zone=utc))
    )


def count_where_null(patch: Patch) -> None:
    right = WindowReduction._predicate
    patch.setattr(WindowReduction, "_predicate", lambda *of: f"coalesce({right(*of)}, true)")


def change_feature(patch: Patch, name: str, changed: Callable[[Column], Column]) -> None:
    right = pipeline.compute_features

    def otherwise(*of: Any) -> DataFrame:
        joined = right(*of)
        value = changed(F.col("features").getField(name))
        return joined.withColumn("features", F.col("features").withField(name, value))

    patch.setattr(pipeline, "compute_features", otherwise)


def round_a_feature(patch: Patch) -> None:
    change_feature(patch, "discount", lambda value: F.round(value, 2))


def keep_32_bits(patch: Patch) -> None:
    change_feature(patch, "discount", lambda value: value.cast("float").cast("double"))


def put_zero_for_null(patch: Patch) -> None:
    change_feature(patch, "discount", lambda value: F.coalesce(value, F.lit(0.0)))


def lose_the_sign_of_zero(patch: Patch) -> None:
    change_feature(patch, "discount", lambda value: F.when(value == 0, F.lit(0.0)).otherwise(value))


# Breaks that differ in other columns or rows are planted at once: column, published and served value of each.
BREAKS: dict[str, dict[Callable[[Patch], None], tuple[str, str, str]]] = {
    "first": {
        ignore_availability: ("prices__price", "2.5", "3.0"),
        end_at_max_age: ("prices__price", "None", "6.0"),
        count_the_event_at_t: ("clicks__n_1h", "2", "1"),
        count_where_null: ("clicks__small", "2", "1"),
        cut_days_in_utc: ("clicks__today", "2", "1"),
        round_a_feature: ("discount", "0.19", "0.1925"),
    },
    "second": {
        look_before_t: ("prices__price", "5.0", "4.0"),
        begin_after_the_first_instant: ("clicks__n_1h", "0", "1"),
        keep_32_bits: ("discount", "0.3333333432674408", "0.3333333333333333"),
        lose_the_sign_of_zero: ("discount", "0.0", "-0.0"),
    },
    "third": {
        keep_stale_rows: ("prices__price", "7.0", "None"),
        settle_ties_by_the_least: ("prices__price", "1.0", "6.0"),
        match_keys_in_any_case: ("clicks__n_1h", "2", "1"),
        put_zero_for_null: ("discount", "0.0", "None"),
    },
}


@dataclass(frozen=True)
class Refused:
    """A build that its audit refused: what it said, its JSON object, its report."""

    ran: Ran
    result: dict[str, Any]
    report: str

    @property
    def differences(self) -> set[tuple[str, str, str]]:
        """The first three cells of each row: column, published, serving."""
        told = r"<tr>\n<td.*?>(.*)</td>\n<td.*?>(.*)</td>\n<td.*?>(.*)</td>"
        audit = self.report.partition("<h2>Training against serving</h2>")[2].partition("</section>")[0]
        return {(column, published, served) for column, published, served in re.findall(told, audit)}


def built_anew(project: Project, out: str, *more: str) -> Refused:
    report, result = project.root / f"{out}.html", project.root / f"{out}.json"
    places = ["--report", str(report), "--result", str(result)]
    ran = project.run("build", "offers", "--set", f"OUT={out}", *places, *more)
    return Refused(ran, json.loads(result.read_text()), html.unescape(report.read_text()))


def built_broken(project: Project, name: str) -> Refused:
    with pytest.MonkeyPatch.context() as patch:
        for plant in BREAKS[name]:
            plant(patch)
        return built_anew(project, name)


@pytest.mark.parametrize("name", list(BREAKS)[1:])
def test_every_planted_break_is_told_with_both_values(offers: Project, name: str) -> None:
    """S2: each break is seen by the audit, and the build refused."""
    refused = built_broken(offers, name)
    assert refused.ran.code == 3, refused.ran.err
    assert set(BREAKS[name].values()) <= refused.differences


@pytest.fixture(scope="module")
def refused(offers: Project) -> Refused:
    return built_broken(offers, "first")


def test_a_refused_build_publishes_nothing_and_says_so(offers: Project, refused: Refused) -> None:
    assert refused.ran.code == refused.result["exit_code"] == 3
    assert refused.result["status"] == "rejected"
    assert refused.result["version"] is None
    assert refused.result["parity"] == {"rows": 9, "mismatches": 5}
    assert "offers: REFUSED, nothing published: 9 label events" in refused.ran.out
    assert "5 of 9 label events replayed through serving differ" in refused.ran.out
    assert not (offers.warehouse / "first" / "_delta_log").exists()


def test_the_rejected_rows_are_kept_as_they_would_have_been_published(
    offers: Project, refused: Refused
) -> None:
    place = refused.result["rejected_path"]
    assert place in refused.ran.out
    rows = offers.rows(str(Path(place).relative_to(offers.warehouse)))
    assert list(rows[0]) == refused.result["columns"]
    assert sorted(row["prices__price"] for row in rows if row["user"] == "a" and row["predict_at"]) == [
        2.5,
        2.5,
    ]


def test_the_report_shows_both_values_the_inputs_and_the_feature_rows(refused: Refused) -> None:
    assert set(BREAKS["first"].values()) <= refused.differences
    noon = "datetime.datetime(2024, 7, 1, 12, 0, tzinfo=datetime.timezone.utc)"
    for shown in (
        f"user='b', shop=2, predict_at={noon}",
        ">amount=7.7, prices__price=4.0</td>",
        f"landed_at={noon.replace('12, 0', '12, 0, 0, 1')}, price=2.5",
    ):
        assert shown in refused.report


def test_the_summary_shows_the_first_differences(refused: Refused) -> None:
    lines = [line.strip() for line in refused.ran.out.splitlines()]
    first = next(
        place for place, line in enumerate(lines) if ": published " in line and "REFUSED" not in line
    )
    assert re.fullmatch(r"\w+: published .+, serving .+", lines[first])
    assert lines[first + 1].startswith("label event user=")


def test_show_lists_the_refused_run_with_its_reason(offers: Project, refused: Refused) -> None:
    ran = offers.run("show", "offers", "--set", "OUT=first")
    assert ran.code == 0
    assert "0 versions, 1 refused runs" in ran.out
    assert f"{refused.result['run_id']}  9 rows" in ran.out
    assert "5 of 9 label events replayed through serving differ" in ran.out


def test_functions_that_depend_on_their_process_are_refused(offers: Project) -> None:
    """The clock's zone and the environment are other ones where the replay runs."""
    refused = built_anew(offers, "impure", "--set", "FEATURES=tests.helpers.impure_features")
    assert refused.ran.code == 3, refused.ran.err
    assert {column for column, *_ in refused.differences} == {"local_hour", "seed"}
    assert ("local_hour", "'12:00'", "'17:45'") in refused.differences


def test_no_audit_is_made_where_it_is_turned_off(offers: Project) -> None:
    offers.conf({"training_sets/unaudited.yml": variant("unaudited", 0)})
    document = offers.built("unaudited", "--report", str(offers.root / "unaudited.html"))
    assert document["parity"] is None
    assert "replayed" not in (offers.root / "unaudited.html").read_text()
    assert list(offers.rows("unaudited")[0]) == document["columns"]


def test_a_sample_smaller_than_the_rows_has_the_hard_cases_beside_those_of_chance(offers: Project) -> None:
    offers.conf({"training_sets/sampled.yml": variant("sampled", 2)})
    ran = offers.run("build", "sampled")
    assert ran.code == 0, ran.err
    (rows,) = re.findall(
        r"(\d) label events replayed through serving, no difference in 2 chosen by hash", ran.out
    )
    assert 3 <= int(rows) < 9


def test_a_column_by_the_name_of_the_audits_own_is_refused(offers: Project) -> None:
    source = "source: ${WAREHOUSE}/labels"
    query = "query: 'SELECT *, 1 AS Skewless_Audit FROM l'\n      sources: {l: '${WAREHOUSE}/labels'}"
    offers.conf({"training_sets/strange.yml": variant("strange", 0).replace(source, query)})
    ran = offers.run("build", "strange")
    assert ran.code == 2
    assert ran.problems == [
        "skewless: column 'Skewless_Audit': skewless keeps a name of its own while it audits a build; rename the column"
    ]
