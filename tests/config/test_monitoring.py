from __future__ import annotations

import pytest

from skewless.config import Monitoring
from skewless.ground.errors import InputError
from tests.config.test_configuration import Configurations

WATCH = "conf/monitoring/delay.yml"
FILES = {
    "feature_tables/weather.yml": (
        "{name: weather, source: a/b, entity_keys: [origin], event_timestamp: at, delay: 1h}"
    ),
    "training_sets/delay.yml": (
        "{name: delay, labels: {source: a/l, entity_keys: [origin], event_timestamp: t, label_columns: [y]}, "
        "feature_tables: [weather], output: a/o}"
    ),
}


def watched(configuration: Configurations, text: str) -> Monitoring:
    return configuration({**FILES, "monitoring/delay.yml": text}).monitoring("delay")


def test_without_a_file_everything_is_as_documented(configuration: Configurations) -> None:
    assert configuration(FILES).monitoring("delay") == Monitoring(name="delay")


def test_a_feature_has_what_holds_for_all_where_it_says_nothing_else(configuration: Configurations) -> None:
    text = "name: delay\nbins: 12\nmin_psi: 0.2\nfeatures:\n  weather__temp: {bins: 5, alert: false}\n"
    own = watched(configuration, text).of("Weather__Temp")
    assert (own.bins, own.categories, own.min_psi, own.alert) == (5, 20, 0.2, False)


def test_an_empty_address_is_no_webhook(configuration: Configurations) -> None:
    text = "name: delay\nwebhook: {url: '${SKEWLESS_NO_SUCH_HOOK:-}'}\n"
    watch = watched(configuration, text)
    assert watch.webhook is not None
    assert watch.webhook.url == ""


def test_everything_wrong_is_refused_with_line_key_and_spelling(configuration: Configurations) -> None:
    text = (
        "name: delay\nbin: 10\nfalse_alarms: 1.5\nmin_rows: 1\nfeatures:\n  weather__temp: {bins: 1, min_pis: 0.1}\n"
        "webhook: {url: ftp://x, retry: 3}\n"
    )
    with pytest.raises(InputError) as caught:
        watched(configuration, text)
    assert list(caught.value.problems) == [
        f"{WATCH}:2: bin: unknown key; did you mean 'bins'?",
        f"{WATCH}:3: false_alarms: expected a number between 0 and 1, found 1.5",
        f"{WATCH}:4: min_rows: expected a number from 2 on, found 1",
        f"{WATCH}:6: features.weather__temp.bins: expected a number from 2 to 200, found 1",
        f"{WATCH}:6: features.weather__temp.min_pis: unknown key; did you mean 'min_psi'?",
        f"{WATCH}:7: webhook.retry: unknown key; did you mean 'retries'?",
        f"{WATCH}:7: webhook.url: expected an address that begins with https:// or http://",
    ]


def test_a_file_for_a_training_set_that_is_not_there_fails_the_check(configuration: Configurations) -> None:
    problems = configuration({**FILES, "monitoring/dellay.yml": "name: dellay\n"}).problems
    assert problems == (
        "conf/monitoring/dellay.yml:1: name: no training set 'dellay'; did you mean 'delay'?",
    )
