"""What runs are known by."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from skewless.ground.run.ids import new_run_id


def test_a_run_is_known_by_its_time_in_utc_and_something_random() -> None:
    first, second = new_run_id(), new_run_id()
    assert first != second
    match = re.fullmatch(r"([0-9]{8}T[0-9]{6}Z)-[0-9a-f]{8}", first)
    assert match is not None
    begun = datetime.strptime(match[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    assert abs(datetime.now(timezone.utc) - begun) < timedelta(minutes=1)
