"""What is said of a delivery that failed."""

from __future__ import annotations

import pytest

from skewless.ground.errors import InputError
from skewless.runs.watch.monitor.after import _tried
from skewless.runs.watch.monitor.delivery import DeliveryError


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (InputError("history a/b: holds something else"), "history a/b: holds something else"),
        (DeliveryError("webhook example.org: no answer in time"), "webhook example.org: no answer in time"),
        # It begins like the delivery, and yet does not say whose error it is.
        (RuntimeError("history was rewritten\n\tat a.b"), "history a/b: history was rewritten"),
        (KeyError(), "history a/b: KeyError"),
    ],
)
def test_a_failure_names_its_delivery_once(
    error: Exception, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def delivery() -> str:
        raise error

    assert _tried("history a/b", delivery) == f"NOT DELIVERED: {said}"
    assert capsys.readouterr().err == f"skewless: {said}; the monitoring stands\n"
