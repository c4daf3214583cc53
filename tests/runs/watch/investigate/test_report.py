"""What a person reads of an investigation: real or not, its parts, its suspects, and what else to know."""

from __future__ import annotations

from dataclasses import replace

from skewless.runs.watch.investigate.causes import causes_of
from skewless.runs.watch.investigate.gap.calibration import Calibration, Group
from skewless.runs.watch.investigate.gap.findings import (
    DRIFT,
    SKEW,
    Arm,
    Investigation,
    Measured,
    Origin,
    Part,
    Suspect,
)
from skewless.runs.watch.investigate.gap.measures import Estimate
from skewless.runs.watch.investigate.report import render_investigation, summary_of_investigation

GAP = Estimate(0.08, 0.01, 0.06, 0.1, 1e-9)
REAL = Investigation(
    training_set="delays",
    metric="auc",
    offline=Measured(Estimate(0.75, 0.005, 0.74, 0.76, 0.0), 1000),
    online=Measured(Estimate(0.67, 0.01, 0.65, 0.69, 0.0), 2000),
    gap=GAP,
    matched=500,
    same_rows=None,
    sampled_gap=GAP,
    sampled_rows=(1000, 2000),
    parts=(
        Part("features", Estimate(0.06, 0.01, 0.04, 0.08, 1e-6), "logged against recomputed"),
        Part("model", None, "other scores"),
    ),
    suspects=(
        Suspect(
            "speed",
            SKEW,
            0.75,
            {
                "kind": SKEW,
                "reason": "a bug: nulls",
                "effect": 0.06,
                "effect_low": 0.04,
                "effect_high": 0.08,
                "effect_p_value": 1e-6,
                "share_of_gap": 0.75,
                "mismatch_rate": 0.125,
            },
        ),
    ),
    differing={"speed": 0.125, "age": 0.01},
    together=Estimate(0.07, 0.01, 0.05, 0.09, 1e-6),
    arms=(Arm("a", 1500, Estimate(0.6, 0.1, 0.5, 0.7, 0.0), GAP, 0.02), Arm("b", 3, None, None, None)),
    settled=(Estimate(0.7, 0.1, 0.6, 0.8, 0.0), 1900),
    calibrations={
        side: Calibration(Estimate(-0.01, 0.01, -0.03, 0.01, 0.3), 0.02, (Group(100, 0.4, 0.5, 0.4, 0.6),))
        for side in ("offline", "online")
    },
    notes=("few rows",),
    origins={"speed": Origin("null_handling", "null logged as 0", "2024-03-02")},
)


def test_the_summary_gives_sides_gap_parts_suspects_and_notes() -> None:
    assert summary_of_investigation(REAL, "gap.html", verbose=True).splitlines() == [
        "delays: A BUG, 1 cause since 2024-03-02, the gap is real, and 75% of it comes back with recomputed values: "
        "AUC 0.7500 offline, 0.6700 online, p = 1e-09",
        "  cause 1      null_handling since 2024-03-02: null logged as 0",
        "                 1 feature: speed 75% of the gap",
        "  offline      0.7500 [0.7400, 0.7600] in 1,000 rows",
        "  online       0.6700 [0.6500, 0.6900] in 2,000 rows",
        "  gap          +0.0800 [+0.0600, +0.1000], p = 1e-09",
        "    features     +0.0600 [+0.0400, +0.0800]  logged against recomputed",
        "    model        unknown                       other scores",
        "  suspect 1    speed (score 0.75)",
        "                 a bug: nulls",
        "  note         500 rows were scored on both sides",
        "  note         all 2 features that differ, recomputed together, move the online metric by +0.0700 [+0.0500, "
        "+0.0900]",
        "  note         logged otherwise than recomputed, but not behind this gap: age (1.00%)",
        "  note         on the 1,900 online rows old enough for 99% of labels to be known: 0.7000 [0.6000, 0.8000]",
        "  note         few rows",
        "  report       gap.html",
    ]


def test_a_summary_without_verbose_tells_of_causes_and_leaves_features_to_the_report() -> None:
    lines = summary_of_investigation(REAL).splitlines()
    assert lines[1].strip().startswith("cause 1")
    assert not [line for line in lines if "suspect" in line or "a bug: nulls" in line]
    assert "a bug: nulls" in render_investigation(REAL)


def test_suspects_of_one_root_are_one_cause_and_those_that_drifted_another() -> None:
    (speed,) = REAL.suspects
    names = (("speed", SKEW), ("pace", SKEW), ("temp", DRIFT), ("gust", DRIFT), ("age", SKEW))
    suspects = tuple(replace(speed, feature=name, kind=kind) for name, kind in names)
    zero = Origin("null_handling", "null logged as 0", "2024-03-05")
    origins = {**REAL.origins, "pace": zero, "age": Origin("unknown", "no cause explains half", None)}
    found = [
        (each.name, each.since, [name for name, _ in each.features])
        for each in causes_of(replace(REAL, suspects=suspects, origins=origins))
    ]
    assert found == [
        ("null_handling", "2024-03-02", ["speed", "pace"]),
        ("population", None, ["temp", "gust"]),
        ("unknown", None, ["age"]),
    ]


def test_the_page_has_every_part_of_it() -> None:
    page = render_investigation(REAL)
    for told in (
        *("<strong>A BUG</strong>", ">12.50%</td>", ">offline less online</td>", ">+0.0600 to +0.1000</td>"),
        *(
            ">unknown</td>",
            ">too few rows</td>",
            "Offline: mean score less mean label -0.0100 [-0.0300, +0.0100]",
        ),
    ):
        assert told in page


def test_a_gap_by_chance_and_one_to_the_good_are_no_alarm() -> None:
    by_chance = replace(REAL, gap=GAP._replace(p_value=0.3))
    assert summary_of_investigation(by_chance).startswith(
        "delays: NO GAP, none beyond chance; but 2 features are"
    )
    better = replace(REAL, gap=GAP._replace(value=-0.08))
    assert summary_of_investigation(better).startswith("delays: ONLINE IS BETTER, and not by chance")
