"""What a run is known by: in its manifest, its staging place and, where it is refused, the names of what it leaves."""

from __future__ import annotations

import uuid
from datetime import datetime, timezone


def new_run_id() -> str:
    """The time at which the run begins, in UTC, and eight random digits: `20240701T060000Z-1f0c93ab`.

    The time of the run, not what it takes as of: so names sort by when runs were made, also where an old `--as-of` is
    given.
    """
    return f"{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:8]}"
