"""What a build has published, loaded without Spark."""

from __future__ import annotations

from typing import Any

import skewless
from tests.helpers.project import Delays


def in_order(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(repr(sorted((name, _plain(value)) for name, value in row.items())) for row in rows)


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def test_a_build_is_loaded_value_for_value(delays: Delays) -> None:
    loaded = skewless.load(delays.project.warehouse / "delays")
    assert in_order(loaded.to_arrow().to_pylist()) == in_order(delays.project.rows("delays"))
    assert list(loaded.columns) == delays.result["columns"]
    assert loaded.manifest["run_id"] == delays.result["run_id"]
    assert loaded.labels == ["late"]
    assert loaded.features[:2] == ["weather__temp", "weather__wind"]
    assert loaded.features[-1] == "is_cold_night"
    # Of the two at midnight both, the one a microsecond earlier not, and the one without a T in no range.
    assert (
        len(skewless.load(delays.project.warehouse / "delays", start="2024-03-01", end="2024-03-01T12:00"))
        == 2
    )
