from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from skewless.config import Configuration, LocalFiles, TrainingSet, load
from skewless.ground.errors import InputError

WEATHER = "{name: weather, source: a/b, entity_keys: [origin], event_timestamp: at, delay: 1h}"
ROUTES = "{name: routes, source: a/r, entity_keys: [Origin, dest], event_timestamp: at, delay: 1h}"
PLANES = "{name: planes, source: a/p, entity_keys: [tailnum], static: true}"
LABELS = "{source: a/l, entity_keys: [tailnum, origin], event_timestamp: at, label_columns: [late]}"
SET = "conf/training_sets/delay.yml"
TABLES = "conf/feature_tables"
Configurations = Callable[..., Configuration]


def delay_set(feature_tables: str, more: str = "") -> str:
    return f"name: delay\nlabels: {LABELS}\noutput: a/out\nfeature_tables: {feature_tables}\n{more}"


def files(feature_tables: str, more: str = "") -> dict[str, str]:
    return {
        "feature_tables/weather.yml": WEATHER,
        "feature_tables/routes.yaml": ROUTES,
        "feature_tables/planes.yml": PLANES,
        "training_sets/delay.yml": delay_set(feature_tables, more),
    }


def refusal(configuration: Configuration, name: str = "delay") -> list[str]:
    with pytest.raises(InputError) as caught:
        configuration.training_set(name)
    return list(caught.value.problems)


def test_a_table_joins_on_its_entity_keys_by_the_same_names(configuration: Configurations) -> None:
    spec = configuration(files("[weather, planes]")).training_set("delay")
    assert [(join.name, join.keys) for join in spec.joins] == [
        ("weather", (("origin", "origin"),)),
        ("planes", (("tailnum", "tailnum"),)),
    ]


def test_join_keys_name_any_label_column_and_leave_the_rest_by_name(configuration: Configurations) -> None:
    joins = "[{table: routes, as: back, join_keys: {origin: dest_airport}}]"
    spec = configuration(files(joins)).training_set("delay")
    assert [(join.name, join.keys) for join in spec.joins] == [
        ("back", (("Origin", "dest_airport"), ("dest", "dest")))
    ]


def test_a_key_meets_a_label_key_of_another_case(configuration: Configurations) -> None:
    joins = "[{table: routes, join_keys: {dest: dest}}]"
    spec = configuration(files(joins)).training_set("delay")
    assert spec.joins[0].keys == (("Origin", "origin"), ("dest", "dest"))


def test_a_table_without_keys_joins_every_label_event(configuration: Configurations) -> None:
    texts = files("[world]")
    texts["feature_tables/world.yml"] = WEATHER.replace("weather", "world").replace("[origin]", "[]")
    assert configuration(texts).training_set("delay").joins[0].keys == ()


def test_a_key_that_the_label_events_lack_is_refused(configuration: Configurations) -> None:
    assert refusal(configuration(files("[routes]"))) == [
        f"{SET}:4: feature_tables[0]: entity key 'dest' of feature table 'routes' is not "
        "among labels.entity_keys (tailnum, origin); give its label column with join_keys: {dest: …}"
    ]


def test_a_join_key_that_the_table_lacks_is_refused(configuration: Configurations) -> None:
    assert refusal(configuration(files("[{table: weather, join_keys: {orgin: dest}}]"))) == [
        f"{SET}:4: feature_tables[0].join_keys.orgin: feature table 'weather' has no "
        "entity key 'orgin'; did you mean 'origin'?"
    ]


def test_a_table_that_does_not_exist_is_refused_with_the_nearest_name(configuration: Configurations) -> None:
    assert refusal(configuration(files("[wether]"))) == [
        f"{SET}:4: feature_tables[0]: no feature table 'wether'; did you mean 'weather'?"
    ]


def test_a_table_whose_name_cannot_be_one_is_refused_at_its_item(configuration: Configurations) -> None:
    assert refusal(configuration(files("\n  - weather\n  - 2013"))) == [
        f"{SET}:6: feature_tables[1]: expected a mapping, found the number 2013"
    ]
    assert refusal(configuration(files("\n  - weather\n  - wea-ther"))) == [
        f"{SET}:6: feature_tables[1]: 'wea-ther' is not a name; use letters, digits and _, not a digit first",
        f"{SET}:6: feature_tables[1]: no feature table 'wea-ther'; did you mean 'weather'?",
    ]


def test_a_training_set_that_does_not_exist_is_refused_with_the_nearest_name(
    configuration: Configurations,
) -> None:
    assert refusal(configuration(files("[weather]")), "delays") == [
        "conf/training_sets: no training set 'delays'; did you mean 'delay'?"
    ]


def test_a_training_set_is_hindered_only_by_the_files_it_uses(configuration: Configurations) -> None:
    texts = files("[weather]")
    texts["feature_tables/planes.yml"] = "name: [\n"
    texts["training_sets/other.yml"] = "nothing: right\n"
    assert configuration(texts).training_set("delay").joins[0].table.name == "weather"


def test_a_training_set_is_refused_with_the_problems_of_its_tables_beside_its_own(
    configuration: Configurations,
) -> None:
    texts = files("[weather, wether]", "sampel: {}\nexpectations: none\n")
    texts["feature_tables/weather.yml"] = WEATHER.replace("delay", "dealy")
    texts["feature_tables/planes.yml"] = "name: [\n"
    assert refusal(configuration(texts)) == [
        f"{TABLES}/weather.yml:1: dealy: unknown key; did you mean 'delay'?",
        f"{SET}:4: feature_tables[1]: no feature table 'wether'; did you mean 'weather'?",
        f"{SET}:5: sampel: unknown key; did you mean 'sample'?",
        f"{SET}:6: expectations: no file conf/expectations/none.json; it has nothing",
    ]


def test_check_reports_every_problem_of_every_file_once(configuration: Configurations) -> None:
    texts = files("[weather, routes]")
    texts["feature_tables/weather.yml"] = WEATHER.replace("delay", "dealy")
    texts["feature_tables/planes.yml"] = PLANES.replace("planes,", "plane,")
    texts["training_sets/same.yml"] = (
        delay_set("[weather]").replace("name: delay", "name: same").replace("a/out", "a/same")
    )
    with pytest.raises(InputError) as caught:
        configuration(texts).check()
    assert list(caught.value.problems) == [
        f"{TABLES}/planes.yml:1: name: 'plane' is not the file's name, 'planes'; rename one of them",
        f"{TABLES}/weather.yml:1: dealy: unknown key; did you mean 'delay'?",
        f"{SET}:4: feature_tables[1]: entity key 'dest' of feature table 'routes' is not "
        "among labels.entity_keys (tailnum, origin); give its label column with join_keys: {dest: …}",
    ]


def test_check_is_silent_where_nothing_is_wrong(configuration: Configurations) -> None:
    sound = configuration(files("[weather]"))
    sound.check()
    assert (sound.problems, list(sound.training_sets)) == ((), ["delay"])
    assert list(sound.feature_tables) == ["planes", "routes", "weather"]


def test_a_directory_without_any_spec_is_refused(configuration: Configurations) -> None:
    assert configuration({}).problems == (
        "conf: no feature_tables/*.yml and no training_sets/*.yml here; change into the project's folder, "
        "give another --conf-dir, or begin one with skewless init",
    )


def test_a_training_set_is_not_looked_for_where_there_is_none(configuration: Configurations) -> None:
    with pytest.raises(InputError) as refusal:
        configuration({}).training_set("delay")
    assert str(refusal.value) == (
        "conf: no training_sets/*.yml here; change into the project's folder, "
        "give another --conf-dir, or begin one with skewless init"
    )


def test_two_files_of_one_name_are_refused(configuration: Configurations) -> None:
    texts = {"feature_tables/weather.yml": WEATHER, "feature_tables/weather.yaml": WEATHER}
    assert configuration(texts).problems == (
        "conf/feature_tables/weather.yaml:1: weather.yml has the same name; remove one",
    )


def test_files_that_are_not_yaml_and_hidden_files_are_no_specs(configuration: Configurations) -> None:
    texts = files("[weather]") | {
        "feature_tables/weather.yml.bak": "x",
        "feature_tables/.#weather.yml": "x",
        "training_sets/README.md": "x",
        "notes/weather.yml": "x",
    }
    assert configuration(texts).problems == ()


def test_warnings_come_with_the_tables_that_are_joined(configuration: Configurations) -> None:
    spec = configuration(files("[weather, planes, {table: planes, as: p2}]")).training_set("delay")
    assert spec.warnings == (
        "feature table 'planes': static: it has no history, so values overwritten since T leak into the past",
    )


def test_the_suite_is_read_as_text(configuration: Configurations) -> None:
    rows = {"type": "expect_table_row_count_to_equal", "kwargs": {"value": 1}}
    suite = json.dumps({"name": "s", "expectations": [rows]})
    texts = files("[weather]", "expectations: rows\n") | {"expectations/rows.json": suite}
    read = configuration(texts).training_set("delay").suite
    assert read is not None
    assert (read.text, read.expectations) == (suite, [rows])


@pytest.mark.parametrize(
    ("suite", "problem"),
    [
        ('{"a": 1,\n}', "conf/expectations/rows.json:2: not valid JSON: "),
        ("[]", "conf/expectations/rows.json:1: expected a JSON object with expectations"),
        (
            '{"name": "s"}',
            "conf/expectations/rows.json:1: expectations: expected a list of at least one expectation",
        ),
        (
            '{"name": "s", "expectations": []}',
            "conf/expectations/rows.json:1: expectations: expected a list of at least",
        ),
        ("[" * 100_000, "conf/expectations/rows.json: not valid JSON: maximum recursion depth exceeded"),
        ("9" * 5_000, "conf/expectations/rows.json: not valid JSON: Exceeds the limit"),
    ],
)
def test_a_suite_that_would_pass_anything_is_refused(
    configuration: Configurations, suite: str, problem: str
) -> None:
    texts = files("[weather]", "expectations: rows\n") | {"expectations/rows.json": suite}
    assert [line.startswith(problem) for line in refusal(configuration(texts))] == [True]


def test_a_missing_suite_is_refused_with_the_nearest_name(configuration: Configurations) -> None:
    texts = files("[weather]", "expectations: row\n") | {"expectations/rows.json": "{}"}
    assert refusal(configuration(texts)) == [
        f"{SET}:5: expectations: no file conf/expectations/row.json; did you mean 'rows'?"
    ]


def test_the_document_holds_the_training_set_and_its_tables(configuration: Configurations) -> None:
    spec = configuration(files("[weather, {table: weather, as: w2, join_keys: {origin: dest}}]"))
    document = spec.training_set("delay").to_document()
    assert document["training_set"]["feature_tables"] == [
        {"table": "weather"},
        {"table": "weather", "as": "w2", "join_keys": {"origin": "dest"}},
    ]
    assert list(document["feature_tables"]) == ["weather"]
    assert TrainingSet.model_validate(document["training_set"]) == spec.training_set("delay").training_set


def test_local_files_are_read_and_named_by_their_path(tmp_path: Path) -> None:
    (tmp_path / "feature_tables").mkdir()
    (tmp_path / "feature_tables" / "weather.yml").write_text(WEATHER, encoding="utf-8-sig")
    (tmp_path / "feature_tables" / "broken.yml").write_bytes(b"name: \xff")
    (tmp_path / "feature_tables" / "folder.yml").mkdir()
    configuration = load(LocalFiles(tmp_path), {}, {})
    assert list(configuration.feature_tables) == ["weather"]
    assert [
        line.startswith(f"{tmp_path}/feature_tables/broken.yml: cannot be read: ")
        for line in configuration.problems
    ] == [True]


def test_a_file_longer_than_any_configuration_is_refused_unread(tmp_path: Path) -> None:
    (tmp_path / "feature_tables").mkdir()
    with (tmp_path / "feature_tables" / "weather.yml").open("wb") as file:
        file.truncate(2**40)
    assert load(LocalFiles(tmp_path), {}, {}).problems == (
        f"{tmp_path}/feature_tables/weather.yml: cannot be read: over 16 MiB; "
        "a configuration is smaller: shorten or split it",
    )


def test_configuration_needs_no_spark() -> None:
    program = "import sys, skewless.config; sys.exit('pyspark' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_two_training_sets_of_one_output_are_refused(configuration: Callable[..., Configuration]) -> None:
    def of(name: str, output: str) -> str:
        labels = "{source: a/b, entity_keys: [k], event_timestamp: t, label_columns: [y]}"
        return f"{{name: {name}, labels: {labels}, feature_tables: [], output: {output!r}}}"

    found = configuration(
        {
            "training_sets/one.yml": of("one", "${LAKE}/sets/"),
            "training_sets/two.yml": of("two", "file:///lake//sets"),
            "training_sets/three.yml": of("three", "/lake/set"),
        },
        {"LAKE": "/lake"},
    )
    assert [problem for problem in found.problems if "output" in problem] == [
        "conf/training_sets/one.yml:1: output: '/lake/sets/' is the output of conf/training_sets/two.yml too; "
        "give each training set a place of its own",
        "conf/training_sets/two.yml:1: output: 'file:///lake//sets' is the output of conf/training_sets/one.yml too; "
        "give each training set a place of its own",
    ]
    with pytest.raises(InputError, match=r"two\.yml too"):
        found.training_set("one", to_publish=True)
    assert found.training_set("one").output == "/lake/sets/"
    assert found.output_of("one") == "/lake/sets/"
