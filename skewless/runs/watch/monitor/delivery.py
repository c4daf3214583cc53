"""Findings → those who asked to be told: a web hook in Slack's format, a file for Prometheus' textfile collector."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry
from urllib3.exceptions import ReadTimeoutError

from skewless.config import Webhook
from skewless.runs.watch.causes import ToldCause, features_text
from skewless.runs.watch.monitor.drift.causes import causes_of
from skewless.runs.watch.monitor.drift.outcome import Monitored

PAUSE = 0.5
"""Seconds before the first repetition; each further one waits twice as long, or as long as the answer asks for."""

_PASSING = (408, 425, 429, 500, 502, 503, 504)
_LONGEST = 2_900  # Slack refuses a section of more than 3,000 characters
_MOST = 20


class DeliveryError(Exception):
    """Why something was not delivered, in a line that gives away no secret."""


def slack_message(found: Monitored, report: str | None = None) -> dict[str, Any]:
    """The verdict and the causes, as an incoming web hook of Slack takes them."""
    alerting = found.alerting
    held = f"{found.rows:,} records against version {found.reference.version}"
    number = f"{len(alerting)} of {len(found.features)} features drifted" if alerting else "no drift"
    headline = f"{found.training_set}: {number} ({held})"
    causes = causes_of(found)
    lines = [f"• {line}" for line in map(_cause_line, causes[:_MOST])]
    if len(causes) > _MOST:
        lines.append(f"and {len(causes) - _MOST} more")
    if found.span:
        lines.append(f"T in {_escaped(found.span)}")
    if report:
        lines.append(f"Report: {_escaped(report)}")
    blocks = [f"*{_escaped(headline)}*", *_chunks(lines)]
    return {
        "text": _escaped(headline),
        "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": text}} for text in blocks],
    }


def _cause_line(cause: ToldCause) -> str:
    text = f"{cause.root} ({features_text(cause.features)})"
    return f"*{_escaped(cause.title)}*: {_escaped(text)}"


def post(webhook: Webhook, message: Mapping[str, Any]) -> str:
    """Send it, again where the failure may pass; where it went, by host. Errors: DeliveryError."""
    assert webhook.timeout is not None, "the configuration has a timeout"
    host = urlsplit(webhook.url).hostname or "?"
    retry = Retry(
        total=webhook.retries,
        backoff_factor=PAUSE,
        status_forcelist=_PASSING,
        allowed_methods={"POST"},
        raise_on_status=False,
    )
    with requests.Session() as session:
        for scheme in ("https://", "http://"):
            session.mount(scheme, HTTPAdapter(max_retries=retry))
        try:
            # No redirect is followed: what is sent names features and values, which are for this host alone. By a 302
            # it would become a GET without the message, too.
            seconds = webhook.timeout.total_seconds()
            answer = session.post(webhook.url, json=message, timeout=seconds, allow_redirects=False)
        except requests.RequestException as error:
            raise DeliveryError(f"webhook {host}: {_cause(error)}") from None
    if answer.is_redirect:
        there = urlsplit(urljoin(webhook.url, answer.headers["location"])).hostname or "?"
        raise DeliveryError(
            f"webhook {host}: answered {answer.status_code}, a redirect to {there}, which is not followed; "
            "correct the URL"
        )
    if not answer.ok:
        raise DeliveryError(f"webhook {host}: answered {answer.status_code} {answer.reason}")
    return f"webhook {host}: delivered"


def write_textfile(path: str, found: Monitored, now: float) -> str:
    """Write the metrics, and put them in place in one step, as the collector may read at any time.

    Errors: DeliveryError.
    """
    place = Path(path)
    beside = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(prometheus_text(found, now), encoding="utf-8")
        beside.replace(place)
    except OSError as error:
        raise DeliveryError(f"textfile {path}: {error.strerror or error}") from None
    return f"textfile {path}: written"


def prometheus_text(found: Monitored, now: float) -> str:
    """The metrics in Prometheus' text format: gauges by training set and feature."""
    return "".join(f"{line}\n" for line in _metric_lines(found, now))


def _metric_lines(found: Monitored, now: float) -> Iterator[str]:
    of_set = {"training_set": found.training_set}
    single = {
        "run_timestamp_seconds": ("When the monitoring ran", now),
        "reference_rows": ("Rows of the training set", found.reference.profile.rows),
        "current_rows": ("Records of the log", found.rows),
        "alerts": ("Features with an alert", len(found.alerting)),
    }
    for name, (text, value) in single.items():
        yield from _head(name, text)
        yield _line(name, of_set, value)
    for name, text in _FEATURE_METRICS.items():
        yield from _head(f"feature_{name}", text)
        for feature, drift in found.features.items():
            value = getattr(drift, name)
            if value is not None:
                yield _line(f"feature_{name}", {**of_set, "feature": feature}, value)


_FEATURE_METRICS = {
    "psi": "Population stability index against the training set",
    "kl": "Kullback-Leibler divergence of the current values from the training set",
    "js": "Jensen-Shannon divergence",
    "null_rate_reference": "Share of nulls in the training set",
    "null_rate_current": "Share of nulls in the log",
    "alert": "1 where there is an effect and evidence of it",
}


def _head(name: str, text: str) -> list[str]:
    return [f"# HELP skewless_monitor_{name} {text}", f"# TYPE skewless_monitor_{name} gauge"]


def _line(name: str, labels: Mapping[str, str], value: float) -> str:
    pairs = ",".join(f'{key}="{_label(text)}"' for key, text in labels.items())
    return f"skewless_monitor_{name}{{{pairs}}} {float(value)!r}"


def _label(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _chunks(lines: list[str]) -> Iterator[str]:
    """The lines in as few texts as Slack allows."""
    text = ""
    for line in (each[:_LONGEST] for each in lines):
        if text and len(text) + len(line) >= _LONGEST:
            yield text
            text = ""
        text += f"\n{line}" if text else line
    if text:
        yield text


def _cause(error: requests.RequestException) -> str:
    """What failed, without the address, whose path is a secret."""
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    if isinstance(error, requests.Timeout) or isinstance(reason, ReadTimeoutError):
        return "no answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "TLS failed"
    return "cannot be reached" if isinstance(error, requests.ConnectionError) else type(error).__name__
