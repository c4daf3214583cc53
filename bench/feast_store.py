"""Run by bench/feast_online.py in an environment that holds Feast: its online stores over the same rows, told as JSON.

    python -m bench.feast_store FOLDER STORE CALLS

FOLDER has a Parquet file for each table, and `users.json`, the keys that are asked for; STORE is `sqlite`, or a Redis
connection string.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import feast
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.types import Bool, Float64, Int64, String

from bench.latency import latencies
from bench.online_store_rows import FEATURES, NOW, TABLES

TYPES = {"double": Float64, "bigint": Int64, "string": String, "boolean": Bool}


def store_in(folder: Path, online: dict[str, str]) -> FeatureStore:
    """A store of the four tables, everything else of which is as Feast has it by default."""
    store = FeatureStore(
        config=RepoConfig(
            project="bench",
            provider="local",
            registry=str(folder / f"{online['type']}.registry"),
            online_store=online,
            entity_key_serialization_version=3,
        )
    )
    user = Entity(name="user", join_keys=["user"], value_type=ValueType.INT64)
    views = [
        FeatureView(
            name=name,
            entities=[user],
            ttl=timedelta(days=365),
            schema=[Field(name=each, dtype=TYPES[kind]) for each, kind in FEATURES.items()],
            source=FileSource(path=str(folder / f"{name}.parquet"), timestamp_field="seen_at"),
        )
        for name in TABLES
    ]
    store.apply([user, *views])
    return store


def main() -> None:
    """Materialise, ask, and tell."""
    folder, where, calls = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    own = {"type": "sqlite", "path": str(folder / "feast.db")}
    online = own if where == "sqlite" else {"type": "redis", "connection_string": where}
    store = store_in(folder, online)
    begin = time.perf_counter()
    store.materialize(NOW - timedelta(days=365), NOW + timedelta(days=1))
    seconds = time.perf_counter() - begin
    users = json.loads((folder / "users.json").read_text())
    names = [f"{name}:{each}" for name in TABLES for each in FEATURES]

    def asked(user: int) -> dict[str, Any]:
        found: dict[str, Any] = store.get_online_features(
            features=names, entity_rows=[{"user": user}], full_feature_names=True
        ).to_dict()
        return found

    vectors = [{name: values[0] for name, values in asked(user).items()} for user in users[:100]]
    told = {"version": feast.__version__, "seconds": seconds, "vectors": vectors}
    print(json.dumps(told | {"latency": latencies(asked, users, 3, calls)}))


if __name__ == "__main__":
    main()
