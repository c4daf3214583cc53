"""`skewless score`: entities get what label events get, each once, in one commit, whatever their labels said."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from pyspark.sql import SparkSession

from skewless.ground.errors import InputError
from skewless.ground.run.commits import manifest_in
from skewless.lake.session import private_session
from skewless.parts.functions import FeatureSet
from skewless.parts.parity import Parity
from skewless.parts.publish import Output, refuse_foreign_table
from skewless.runs.score import score
from skewless.training_set import recorded
from tests.helpers.project import Project, Ran

FACTS = """
    name: facts
    source: ${WAREHOUSE}/facts
    entity_keys: [k]
    event_timestamp: at
    available_at: seen
    max_age: 90m
    require_fresh: 9000d
    aggregations:
      - {name: mean_2h, function: mean, column: v, window: 2h}
      - {name: tags, function: last_n, column: tag, n: 3, window: 1d, offset: 10m}
"""
SALES = """
    name: sales
    source: ${WAREHOUSE}/sales
    entity_keys: [shop]
    event_timestamp: at
    aggregations:
      - {name: n_3h, function: count, window: 3h}
"""
SET = """
    name: s
    labels:
      source: ${WAREHOUSE}/labels
      entity_keys: [k]
      event_timestamp: t
      label_columns: [y]
      label_available_at: known
      where: y >= 0
    sample: {fraction: 0.9, keys: [id]}
    feature_tables:
      - facts
      - {table: sales, join_keys: {shop: seller}}
    features: tests.helpers.score_features
    output: ${WAREHOUSE}/s
    parity_sample: 20
"""
NOON = datetime(2024, 3, 1, 12, tzinfo=timezone.utc)
FACT_COLUMNS = "k INT, at TIMESTAMP, seen TIMESTAMP, v DOUBLE, tag STRING"
LABEL_COLUMNS = "id INT, k INT, seller STRING, amount INT, t TIMESTAMP, y INT, known TIMESTAMP"
ENTITY_COLUMNS = "id INT, K BIGINT, seller STRING, amount BIGINT, note STRING, t TIMESTAMP"
TWICE, IN_ALL = 4, 60


def moment(steps: int) -> str:
    return f"'{NOON + timedelta(minutes=10 * steps)}'"


@dataclass(frozen=True)
class Event:
    """A label event, or an entity, as SQL literals."""

    id: int
    k: str = "1"
    seller: str = "'x'"
    amount: str = "4"
    t: str = moment(6)
    y: str = "1"
    known: str = moment(20)

    @property
    def labelled(self) -> str:
        return f"({self.id}, {self.k}, {self.seller}, {self.amount}, {self.t}, {self.y}, {self.known})"

    @property
    def entity(self) -> str:
        return f"({self.id}, {self.k}, {self.seller}, {self.amount}, 'as it is', {self.t})"


class Drawn:
    """Rows of few keys at few times, so that most of them meet, late, at once, or without a key or a time."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)

    def some(self, *values: str) -> str:
        return self._chance.choice([*values, "NULL"])

    def facts(self) -> list[str]:
        return [self._fact(self._chance.randrange(12), self._chance.choice([0, 0, 1, 3])) for _ in range(40)]

    def _fact(self, at: int, late: int) -> str:
        key, value, tag = self.some("1", "2", "3"), self.some("0.1", "2.5", "-7.0"), self.some("'a'", "'b'")
        return f"({key}, {moment(at)}, {moment(at + late)}, {value}, {tag})"

    def sales(self) -> list[str]:
        at = [moment(self._chance.randrange(12)) for _ in range(25)]
        return [f"({self.some(X, Y)}, {each}, {place % 4})" for place, each in enumerate(at)]

    def events(self) -> list[Event]:
        """Some are there twice; of the others some are not wanted, some not mature."""
        twice = [Event(number % TWICE) for number in range(2 * TWICE)]
        return [*twice, *(self._event(number) for number in range(2 * TWICE, IN_ALL))]

    def _event(self, number: int) -> Event:
        key, seller = self.some("1", "2", "3", "4"), self.some(X, Y, "'z'")
        times = [self.some(*map(moment, range(14))), self._chance.choice([moment(20)] * 3 + [NEVER])]
        return Event(
            number, key, seller, self.some("1", "20"), times[0], self.some("0", "1", "1", "-1"), times[1]
        )


X, Y, NEVER = "'x'", "'y'", "'2099-01-01 00:00:00Z'"


@dataclass(frozen=True)
class World:
    """A training set that was built once, and entities that were scored once by it."""

    project: Project
    events: list[Event]
    built: dict[str, Any]
    ran: Ran


@pytest.fixture(scope="module")
def world(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> World:
    project, drawn = Project(tmp_path_factory.mktemp("scored"), spark), Drawn(17)
    project.conf(
        {
            "feature_tables/facts.yml": FACTS,
            "feature_tables/sales.yml": SALES,
            "training_sets/s.yml": SET,
        }
    )
    facts, events = drawn.facts(), drawn.events()
    project.table("facts", FACT_COLUMNS, *facts)
    project.table("sales", "shop STRING, at TIMESTAMP, size INT", *drawn.sales())
    project.table("labels", LABEL_COLUMNS, *(each.labelled for each in events))
    built = project.built("s")
    # The labels are gone, the configuration says something else, and a table has one more column: none plays a part.
    project.conf({"training_sets/s.yml": "{name: s, output: '${WAREHOUSE}/s', labels: nothing}"})
    project.table("labels", "nothing INT", "(1)")
    project.table("facts", f"extra INT, {FACT_COLUMNS}", *(each.replace("(", "(7, ") for each in facts))
    project.table("entities", ENTITY_COLUMNS, *(each.entity for each in events))
    return World(project, events, built, scored(project, "entities", "--json"))


def scored(project: Project, entities: str, *more: str, to: str = "scores") -> Ran:
    places = ("--entities", f"{project.warehouse}/{entities}", "--to", f"{project.warehouse}/{to}")
    return project.run("score", "s", *places, *more)


def texts(rows: list[dict[str, Any]], *left_out: str) -> Counter[str]:
    return Counter(repr({name: row[name] for name in sorted(row) if name not in left_out}) for row in rows)


def test_scoring_at_t_gives_the_row_that_a_label_event_at_t_gets(world: World) -> None:
    assert world.ran.code == 0, world.ran.err
    trained, found = world.project.rows("s"), world.project.rows("scores")
    known = {row["id"] for row in trained}
    assert 25 < len(trained) < len(found) == len(world.events)
    assert sum(row["facts__v"] is not None for row in trained) > 5
    of_trained = [row for row in found if row["id"] in known]
    assert texts(of_trained, "note") == texts(trained, "y", "known")
    assert {row["note"] for row in found} == {"as it is"}


def test_each_entity_is_there_once_whatever_the_labels_said_of_it(world: World) -> None:
    ids = Counter(row["id"] for row in world.project.rows("scores"))
    assert ids == Counter(each.id for each in world.events)
    assert set(ids.values()) == {1, 2}


def test_the_result_says_by_which_version_of_what_and_where(world: World) -> None:
    document = world.ran.document
    assert [step["step"] for step in document.pop("steps")][-3:] == [
        "staging rows",
        "parity audit",
        "publishing",
    ]
    assert document.pop("seconds") > 0
    assert document.pop("run_id") > world.built["run_id"]
    assert datetime.fromisoformat(document.pop("started_at")).tzinfo is not None
    facts, sales = document.pop("feature_tables").values()
    assert (facts["version"], facts["rows_read"]) == (1, 40)
    assert (sales["version"], set(sales)) == (0, {*world.built["feature_tables"]["sales"]})
    names = [name for name in world.built["columns"] if name not in ("y", "known")]
    assert document == {
        "training_set": "s",
        "version": 0,
        "status": "published",
        "to": f"{world.project.warehouse}/scores",
        "output_version": 0,
        "rejected_path": None,
        "rows": IN_ALL,
        "at": None,
        "columns": [*names[:4], "note", *names[4:]],
        "strategy": "broadcast",
        "parity": {"rows": document["parity"]["rows"], "mismatches": 0},
    }
    assert document["parity"]["rows"] >= 20


def test_the_manifest_is_in_the_commit_and_beside_it(world: World) -> None:
    commit = world.project.commits("scores")[0]
    manifest: Any = manifest_in(commit["commitInfo"]["userMetadata"])
    beside = world.project.warehouse / "scores" / "_skewless" / "manifests" / f"{0:020}.json"
    assert manifest_in(beside.read_text()) == manifest
    assert manifest["run_id"] == world.ran.document["run_id"]
    assert manifest["inputs"]["entities"] == {"location": f"{world.project.warehouse}/entities", "version": 0}
    assert manifest["inputs"]["feature_tables.facts"]["version"] == 1
    of_set: Any = manifest_in(world.project.commits("s")[0]["commitInfo"]["userMetadata"])
    assert manifest["definition"] == {
        "location": f"{world.project.warehouse}/s",
        "version": 0,
        "run_id": world.built["run_id"],
        "fingerprint": of_set["serving_plan"]["fingerprint"],
    }
    assert not list((world.project.warehouse / "scores_staging").iterdir())


def test_what_serving_does_not_make_is_kept_apart_with_at_as_the_t_of_all(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = score._audited
    monkeypatch.setattr(score, "_audited", lambda *of: replace(_found(right(*of)), mismatches=2))
    ran = scored(world.project, "entities", "--at", "2024-03-01T13:00:00Z", "--json", to="refused")
    assert ran.code == 3
    document = ran.document
    assert (document["status"], document["output_version"]) == ("rejected", None)
    assert document["at"] == "2024-03-01T13:00:00+00:00"
    assert not (world.project.warehouse / "refused").exists()
    kept = world.project.rows(f"refused_rejected/{document['run_id']}")
    assert document["rejected_path"] == f"{world.project.warehouse}/refused_rejected/{document['run_id']}"
    assert len(kept) == IN_ALL
    assert {row["t"] for row in kept} == {NOON + timedelta(minutes=60)}
    # Label events of this very T there were too.
    before = [row for row in world.project.rows("scores") if row["t"] == NOON + timedelta(minutes=60)]
    assert len(before) >= 2 * TWICE
    assert texts(before) <= texts([{**row, "event_date": "2024-03-01"} for row in kept])


def _found(parity: Parity | None) -> Parity:
    assert parity is not None
    return parity


def test_scoring_again_replaces_all(world: World) -> None:
    world.project.table("nobody", "id INT, k INT, seller STRING, amount INT")
    first = scored(world.project, "nobody", to="again")
    assert first.code == 0, first.err
    assert "s: scored by version 0: 0 rows, each exactly once, 15 columns" in first.out
    assert world.project.rows("again") == []
    one = "(1, 1, 'x', 4)"
    world.project.table("somebody", "id INT, k INT, seller STRING, amount INT", one)
    second = scored(world.project, "somebody", "--at", "2024-03-01T13:00:00Z", to="again")
    assert second.code == 0, second.err
    assert "again, version 1" in second.out
    [row] = world.project.rows("again")
    like = set(texts([each for each in world.project.rows("scores") if each["id"] == 1], "note"))
    assert set(texts([row])) == like


def refused(ran: Ran) -> list[str]:
    assert (ran.code, ran.out) == (2, ""), ran.err
    return [line.removeprefix("skewless: ") for line in ran.problems]


def test_all_that_entities_lack_is_said_at_once(world: World) -> None:
    world.project.table("wrong", "id INT, k STRING, seler STRING, facts__v DOUBLE, event_date DATE")
    subject = f"entities '{world.project.warehouse}/wrong': column"
    assert refused(scored(world.project, "wrong", to="nowhere")) == [
        f"{subject} 'k', an entity key, is string, but int in version 0; cast it",
        f"entities '{world.project.warehouse}/wrong': no column 'seller', what feature table 'sales' is joined on; did "
        "you mean 'seler'?",
        f"entities '{world.project.warehouse}/wrong': no column 'amount', an input of feature 'per_sale'; it has "
        "event_date, facts__v, id, k, seler, t",
        f"{subject} 'facts__v' is one that scoring adds; leave it out of the table, or rename it",
        f"{subject} 'event_date' is one that scoring adds; leave it out of the table, or rename it",
    ]
    assert not (world.project.warehouse / "nowhere").exists()


def test_no_table_of_anything_else_is_overwritten(world: World) -> None:
    place = world.project.warehouse
    assert refused(scored(world.project, "entities", to="s")) == [
        f"output '{place}/s' holds training set 's', not scores of training set 's'; give another output"
    ]
    assert refused(scored(world.project, "entities", to="sales")) == [
        f"output '{place}/sales' holds a table that skewless did not make; give another output"
    ]
    assert world.project.spark is not None
    own = private_session(world.project.spark)
    with pytest.raises(InputError, match="holds scores of training set 's', not training set 's'"):
        refuse_foreign_table(own, Output.at(own, f"{place}/scores"), "s")


def test_a_version_or_a_table_that_is_not_there_is_refused(world: World) -> None:
    [line] = refused(scored(world.project, "entities", "--version", "7"))
    assert line == "training set 's': no version 7 of skewless; there are 0"
    [line] = refused(scored(world.project, "nothing"))
    assert line.startswith(
        f"entities: no Delta table at '{world.project.warehouse}/nothing'; give --entities"
    )


def test_other_code_is_refused_by_feature(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    other = FeatureSet.from_modules(["tests.helpers.rebuild_features"])
    monkeypatch.setattr(recorded, "feature_set_of", lambda _: other)
    lines = refused(scored(world.project, "entities"))
    names = ("spread", "per_sale", "minute", "shifted", "tag_count")
    assert {line.partition(":")[0] for line in lines} == {f"feature '{name}'" for name in names}


def test_tables_have_to_be_fresh_at_the_last_t(world: World) -> None:
    ran = scored(world.project, "entities", "--at", "1990-01-01", to="nowhere")
    assert (ran.code, ran.out) == (5, "")
    assert "feature table 'facts': require_fresh 9000d needs a row of" in ran.err
