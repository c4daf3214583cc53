"""Feature functions that no static check refuses, and that serving does not compute as Spark did."""

import os
from datetime import datetime

from skewless import feature


def local_hour(event_timestamp: datetime) -> str:
    return event_timestamp.astimezone().strftime("%H:%M")


@feature(allow=("environment",))
def seed(amount: float) -> float:
    return amount + len(os.environ.get("PYTHONPATH", ""))
