"""What is told to Slack and to Prometheus; the web hook is a server of this process on 127.0.0.1."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skewless.config import Webhook
from skewless.parts.profile.bins import CategoryBins
from skewless.parts.profile.divergence import Divergences
from skewless.runs.watch.monitor import delivery
from skewless.runs.watch.monitor.delivery import (
    DeliveryError,
    post,
    prometheus_text,
    slack_message,
    write_textfile,
)
from skewless.runs.watch.monitor.drift.judging import Finding
from skewless.runs.watch.monitor.drift.lineage import Lineage
from skewless.runs.watch.monitor.drift.measures import NULLS, Measures, Pair
from skewless.runs.watch.monitor.drift.outcome import Monitored
from skewless.runs.watch.monitor.profile.profile import EVERYTHING, Counts, Profile, Reference


def found(*alerting: str) -> Monitored:
    return Monitored(
        training_set="trips",
        span=None,
        reference=Reference(3, "r1", Profile(900, {}, {}), {}),
        rows=600,
        foreign_records=0,
        findings=tuple(finding(name, name in alerting) for name in [*alerting, "calm"]),
        days=(),
        missing=(),
    )


def finding(name: str, is_alert: bool) -> Finding:
    counts = Counts(np.zeros(1, dtype=np.int64))
    pair = Pair(name, EVERYTHING, CategoryBins(()), counts, counts)
    apart = Divergences(psi=0.5, kl=0.25, kl_reverse=0.25, js=0.0625)
    measures = Measures(pair, 900, 600, apart, None, None, {NULLS: (0, 75)})
    return Finding(measures, (), (), is_alert, f"{name} < & > moved")


class Hook:
    """A web hook that answers with these codes, the last one for ever, and keeps what it was sent."""

    def __init__(self, *codes: int, pause: float = 0.0, to: str | None = None) -> None:
        codes_left = list(codes)
        bodies: list[Any] = []
        self.bodies = bodies

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                time.sleep(pause)
                self.send_response(codes_left.pop(0) if len(codes_left) > 1 else codes_left[0])
                if to is not None:
                    self.send_header("Location", to)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/services/secret"

    def __enter__(self) -> Hook:
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        return self

    def __exit__(self, *_: Any) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "PAUSE", 0.0)


def test_a_message_arrives_as_slack_takes_it() -> None:
    with Hook(200) as hook:
        assert post(Webhook(url=hook.url), slack_message(found("a_b"), "s3://r.html")) == (
            "webhook 127.0.0.1: delivered"
        )
    (body,) = hook.bodies
    assert set(body) == {"text", "blocks"}
    assert body["text"] == "trips: 1 of 2 features drifted (600 records against version 3)"
    assert [block["type"] for block in body["blocks"]] == ["section", "section"]
    told = body["blocks"][1]["text"]
    assert told == {
        "type": "mrkdwn",
        "text": (
            "• *values of label events*: a_b: a_b &lt; &amp; &gt; moved (1 feature: a_b PSI 0.500)\nReport: s3://r.html"
        ),
    }


def test_what_may_pass_is_tried_again() -> None:
    with Hook(503, 429, 200) as hook:
        post(Webhook(url=hook.url, retries=2), {"text": "x"})
    assert len(hook.bodies) == 3


@pytest.mark.parametrize(("codes", "retries", "times"), [((500,), 2, 3), ((404,), 2, 1)])
def test_what_does_not_pass_is_said_without_the_secret_of_the_address(
    codes: tuple[int, ...], retries: int, times: int
) -> None:
    with Hook(*codes) as hook, pytest.raises(DeliveryError, match=f"127.0.0.1: answered {codes[0]}") as told:
        post(Webhook(url=hook.url, retries=retries), {"text": "x"})
    assert "secret" not in str(told.value)
    assert len(hook.bodies) == times


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_and_names_the_other_host_without_its_secret(code: int) -> None:
    with Hook(200) as other:
        elsewhere = other.url.replace("127.0.0.1", "localhost")
        with Hook(code, to=elsewhere) as hook, pytest.raises(DeliveryError) as told:
            post(Webhook(url=hook.url), {"text": "x"})
    assert other.bodies == []
    assert str(told.value) == (
        f"webhook 127.0.0.1: answered {code}, a redirect to localhost, which is not followed; correct the URL"
    )
    assert len(hook.bodies) == 1


def test_a_server_that_does_not_answer_is_not_waited_for() -> None:
    with Hook(200, pause=0.5) as hook, pytest.raises(DeliveryError, match="no answer in time"):
        post(Webhook(url=hook.url, retries=1, timeout=timedelta(milliseconds=50)), {"text": "x"})


def test_a_server_that_is_not_there_is_said() -> None:
    with Hook(200) as hook:
        gone = hook.url
    with pytest.raises(DeliveryError, match=r"webhook 127\.0\.0\.1: cannot be reached"):
        post(Webhook(url=gone, retries=1), {"text": "x"})


def test_a_message_about_many_features_is_as_long_as_slack_allows() -> None:
    names = [f"feature_{place}" * 30 for place in range(60)]
    lineage = Lineage({f"table_{place}": (name,) for place, name in enumerate(names)})
    message = slack_message(replace(found(*names), lineage=lineage))
    texts = [block["text"]["text"] for block in message["blocks"]]
    assert max(map(len, texts)) <= 3000
    assert "and 40 more" in texts[-1]


def test_prometheus_reads_every_metric_with_its_labels() -> None:
    lines = prometheus_text(found('a"\\b'), 1700000000.5).splitlines()
    assert "# TYPE skewless_monitor_feature_psi gauge" in lines
    assert 'skewless_monitor_feature_psi{training_set="trips",feature="a\\"\\\\b"} 0.5' in lines
    assert 'skewless_monitor_feature_alert{training_set="trips",feature="calm"} 0.0' in lines
    assert 'skewless_monitor_run_timestamp_seconds{training_set="trips"} 1700000000.5' in lines
    assert 'skewless_monitor_current_rows{training_set="trips"} 600.0' in lines


def test_the_file_for_prometheus_is_put_in_place_whole(tmp_path: Path) -> None:
    place = tmp_path / "collector" / "trips.prom"
    write_textfile(str(place), found(), 1.0)
    write_textfile(str(place), found("a"), 2.0)
    assert 'skewless_monitor_alerts{training_set="trips"} 1.0' in place.read_text()
    assert [each.name for each in place.parent.iterdir()] == ["trips.prom"]


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DeliveryError, match="textfile"):
        write_textfile(str(tmp_path / "file" / "trips.prom"), found(), 1.0)
