from __future__ import annotations

import pytest

from skewless.ground.errors import InputError
from tests.config.test_configuration import Configurations

LOG = "conf/logs/platform.yml"
SOUND = "name: platform\nsource: a/t\nentity: [origin, flight]\nevent_timestamp: at\n"


def refusal(configuration: Configurations, text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        configuration({"logs/platform.yml": text}).log("platform")
    return list(caught.value.problems)


def test_a_list_of_columns_is_a_mapping_to_themselves(configuration: Configurations) -> None:
    log = configuration({"logs/platform.yml": SOUND + "features: {temp: payload.t}\ntags: [region]\n"}).log(
        "platform"
    )
    assert (log.entity, log.features, log.tags) == (
        {"origin": "origin", "flight": "flight"},
        {"temp": "payload.t"},
        {"region": "region"},
    )


def test_a_wrong_file_is_refused_with_line_key_and_spelling(configuration: Configurations) -> None:
    text = (
        "name: platform\nsource: a/t\nentity: origin\ntimezone: America/NewYork\nfeature: [a]\ntags: [a, A]\n"
    )
    assert refusal(configuration, text) == [
        f"{LOG}:1: event_timestamp: missing; add it",
        f"{LOG}:1: features_prefix: missing; give the features with features, or with features_prefix",
        f"{LOG}:3: entity: expected a list of columns, or a mapping {{name: column}}, found 'origin'; write [origin]",
        f"{LOG}:4: timezone: 'America/NewYork' is not an IANA time zone; did you mean 'America/New_York'?",
        f"{LOG}:5: feature: unknown key; did you mean 'features'?",
        f"{LOG}:6: tags: a written twice (names compare case-insensitively); remove one",
    ]


def test_features_and_a_prefix_exclude_each_other(configuration: Configurations) -> None:
    assert refusal(configuration, SOUND + "features: [a]\nfeatures_prefix: f_\n") == [
        f"{LOG}:6: features_prefix: features and features_prefix are both written; remove one"
    ]


def test_an_unknown_log_is_refused_and_a_wrong_one_fails_the_check(configuration: Configurations) -> None:
    logs = configuration({"logs/platform.yml": SOUND})
    with pytest.raises(InputError, match="no log 'platfrom'; did you mean 'platform'"):
        logs.log("platfrom")
    assert f"{LOG}:1: features_prefix: missing" in "\n".join(logs.problems)
