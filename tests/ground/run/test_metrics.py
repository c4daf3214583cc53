"""Metrics of a run, as Prometheus' own parser reads them."""

from __future__ import annotations

from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from skewless.ground.run.metrics import last_success_in, metrics_of
from skewless.ground.run.steps import step, steps_of_this_run

ABOUT = {"command": "build", "training_set": "trips"}
BUILT = {
    "training_set": "trips",
    "run_id": "20240701T060000Z-1f0c93ab",
    "status": "published",
    "version": 4,
    "rows": 919,
    "columns": ["k", "at"],
    "feature_tables": {
        "weather": {"version": 7, "rows_read": 100, "null_rows": 1, "match_rate": 0.5, "at_t": 0},
        "planes": {"version": 2, "rows_read": 10, "null_rows": 0, "match_rate": None, "at_t": 0},
    },
    "parity": {"rows": 919, "mismatches": 0},
    "expectations": None,
    "seconds": 1.0,
    "steps": [],
}
MONITORED = {"current_rows": 30, "features": {"is_cold": {"psi": 0.25, "alert": True, "reason": "psi"}}}


def samples(text: str) -> dict[tuple[str, ...], float]:
    """Value by name and the labels beside the run's own."""
    found = {}
    for family in text_string_to_metric_families(text):
        for each in family.samples:
            assert {name: each.labels[name] for name in ABOUT} == ABOUT
            found[(each.name, *(value for name, value in each.labels.items() if name not in ABOUT))] = (
                each.value
            )
    return found


def written(exit_code: int, document: Any, last_success: float | None = None) -> dict[tuple[str, ...], float]:
    with steps_of_this_run() as steps, step("staging rows"):
        pass
    steps.seconds["staging rows"] = 17.3
    return samples(metrics_of(ABOUT, steps, exit_code, document, last_success))


def test_a_build_tells_exit_code_seconds_by_step_rows_versions_match_rates_and_when() -> None:
    found = written(0, BUILT, 1000.0)
    assert found.pop(("skewless_run_seconds",)) >= 0
    assert found.pop(("skewless_last_run_timestamp_seconds",)) > 1.7e9
    assert found == {
        ("skewless_exit_code",): 0,
        ("skewless_last_success_timestamp_seconds",): 1000,
        ("skewless_step_seconds", "staging rows"): 17.3,
        ("skewless_version",): 4,
        ("skewless_rows",): 919,
        ("skewless_parity_rows",): 919,
        ("skewless_parity_mismatches",): 0,
        ("skewless_table_version", "weather"): 7,
        ("skewless_table_rows_read", "weather"): 100,
        ("skewless_table_null_rows", "weather"): 1,
        ("skewless_table_match_rate", "weather"): 0.5,
        ("skewless_table_at_t", "weather"): 0,
        ("skewless_table_version", "planes"): 2,
        ("skewless_table_rows_read", "planes"): 10,
        ("skewless_table_null_rows", "planes"): 0,
        ("skewless_table_at_t", "planes"): 0,
    }


def test_a_failure_tells_its_exit_code_and_nothing_of_rows() -> None:
    found = written(2, {"errors": ["labels: no such table"]})
    assert found[("skewless_exit_code",)] == 2
    assert {name for name, *_ in found} == {
        "skewless_exit_code",
        "skewless_last_run_timestamp_seconds",
        "skewless_run_seconds",
        "skewless_step_seconds",
    }


def test_what_is_told_by_feature_carries_its_name() -> None:
    found = written(4, MONITORED)
    assert found[("skewless_feature_psi", "is_cold")] == 0.25
    assert found[("skewless_feature_alert", "is_cold")] == 1
    assert found[("skewless_current_rows",)] == 30


def test_names_that_text_has_to_escape_are_read_back() -> None:
    assert written(0, {"features": {'a "b"\\\n': {"psi": 1.0}}})[("skewless_feature_psi", 'a "b"\\\n')] == 1


def test_the_last_success_is_found_in_an_earlier_file_of_the_same_command_and_training_set() -> None:
    with steps_of_this_run() as steps:
        text = metrics_of(ABOUT, steps, 0, {}, 1000.5)
    assert last_success_in(text, ABOUT) == 1000.5
    assert last_success_in(text, {**ABOUT, "training_set": "others"}) is None
    assert last_success_in(metrics_of(ABOUT, steps, 2, {}, None), ABOUT) is None
    assert last_success_in("", ABOUT) is None
    assert last_success_in("half a li{ne", ABOUT) is None
