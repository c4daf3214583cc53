"""What became of a run → the text that Prometheus' textfile collector reads."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from skewless.ground.run.steps import Steps

LAST_SUCCESS = "skewless_last_success_timestamp_seconds"
NAMED = {"feature_tables": "table", "features": "feature", "tables": "table"}
"""Keys of a `--json` object that hold an object by name, and the label that gets the name."""
NESTED = ("parity", "expectations", "offline", "online", "audit")
"""Keys that hold an object of numbers."""


class Sample(NamedTuple):
    """A number of a run; `labels` are those beside the run's own."""

    name: str
    says: str
    value: float
    labels: Mapping[str, str]


def metrics_of(
    about: Mapping[str, str],
    steps: Steps,
    exit_code: int,
    document: Mapping[str, Any],
    last_success: float | None,
) -> str:
    """The text of a whole file. `last_success` is when the command last did its work, seconds since 1970."""
    from prometheus_client import CollectorRegistry, Gauge, generate_latest

    registry = CollectorRegistry()
    gauges: dict[str, Gauge] = {}
    for sample in _samples(steps, exit_code, document, last_success):
        if sample.name not in gauges:
            names = [*about, *sample.labels]
            gauges[sample.name] = Gauge(sample.name, sample.says, names, registry=registry)
        gauges[sample.name].labels(**about, **sample.labels).set(sample.value)
    return generate_latest(registry).decode("utf-8")


def last_success_in(text: str, about: Mapping[str, str]) -> float | None:
    """When the same command last did its work, as an earlier run's file says; None where it does not."""
    from prometheus_client.parser import text_string_to_metric_families

    try:
        samples = [each for family in text_string_to_metric_families(text) for each in family.samples]
    except ValueError:  # torn, or somebody else's
        return None
    return next(
        (float(each.value) for each in samples if each.name == LAST_SUCCESS and each.labels == about), None
    )


def _samples(
    steps: Steps, exit_code: int, document: Mapping[str, Any], last_success: float | None
) -> Iterator[Sample]:
    yield Sample("skewless_exit_code", "Exit code of the last run.", exit_code, {})
    yield Sample("skewless_last_run_timestamp_seconds", "When the last run ended.", time.time(), {})
    if last_success is not None:
        yield Sample(LAST_SUCCESS, "When a run last ended with exit code 0 or 4.", last_success, {})
    written = steps.to_json()
    yield Sample("skewless_run_seconds", "Seconds that the last run took.", written["seconds"], {})
    for each in written["steps"]:
        yield Sample(
            "skewless_step_seconds",
            "Seconds of each step of the last run.",
            each["seconds"],
            {"step": each["step"]},
        )
    yield from _of_the_object(document)


def _of_the_object(document: Mapping[str, Any]) -> Iterator[Sample]:
    """The numbers of the `--json` object, under the names that they have there."""
    yield from _numbers("skewless", "", {name: each for name, each in document.items() if name != "seconds"})
    for key in NESTED:
        yield from _numbers(f"skewless_{key}", f"{key}.", document.get(key))
    for key, label in NAMED.items():
        named = document.get(key)
        for name, numbers in named.items() if isinstance(named, Mapping) else ():
            yield from _numbers(f"skewless_{label}", f"{key}.", numbers, {label: name})


def _numbers(
    prefix: str, path: str, numbers: Any, labels: Mapping[str, str] | None = None
) -> Iterator[Sample]:
    for key, value in numbers.items() if isinstance(numbers, Mapping) else ():
        if isinstance(value, (bool, int, float)):
            yield Sample(
                f"{prefix}_{key}", f"{path}{key} of the last run's JSON.", float(value), labels or {}
            )
