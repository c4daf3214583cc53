"""Run by bench/serving.py in an environment that holds Feast: prints its latencies for the same vector as JSON.

    python -m bench.feast_on_demand ROUNDS CALLS

`python` is an on-demand view in python mode with singleton=True, handed one row as Feast
has it, a list of one value per name; `pandas` one in pandas mode,
handed one row as an Arrow table. Both are called below the feature store, which adds its own cost to every request.
"""

from __future__ import annotations

import json
import sys
import time

begin = time.perf_counter()
import feast  # noqa: E402
from feast.on_demand_feature_view import on_demand_feature_view  # noqa: E402

imported = time.perf_counter() - begin

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import pyarrow as pa  # noqa: E402
from feast import Field, RequestSource  # noqa: E402
from feast.types import Bool, Float64, Int64, String, UnixTimestamp  # noqa: E402

from bench import bare, card_features  # noqa: E402
from bench.card_rows import payments  # noqa: E402
from bench.latency import latencies  # noqa: E402

STEPS = bare.steps_of(card_features)
TYPES = {"float": Float64, "int": Int64, "bool": Bool, "str": String, "datetime": UnixTimestamp}


def fields(hints: dict[str, object]) -> list[Field]:
    return [Field(name=name, dtype=TYPES[str(kind).partition(" ")[0]]) for name, kind in hints.items()]


def inputs() -> list[Field]:
    hints = {name: kind for step in STEPS for name, kind in step.function.__annotations__.items()}
    return fields({name: hints[name] for name in payments(1)[0]})


SOURCE = RequestSource(name="payment", schema=inputs())
SCHEMA = fields({step.name: step.function.__annotations__["return"] for step in STEPS})


@on_demand_feature_view(sources=[SOURCE], schema=SCHEMA, mode="python", singleton=True)
def in_python(row: dict) -> dict:
    return bare.of_row(STEPS, row)


@on_demand_feature_view(sources=[SOURCE], schema=SCHEMA, mode="pandas")
def in_pandas(rows: pd.DataFrame) -> pd.DataFrame:
    at, amount, count = rows["event_timestamp"], rows["amount"], rows["card__count_24h"]
    out = pd.DataFrame(index=rows.index)
    out["amount_log"] = np.log1p(amount)
    out["is_round_amount"] = amount % 10 == 0
    out["hour_utc"] = at.dt.hour
    out["weekday_utc"] = at.dt.dayofweek + 1
    out["is_night"] = out["hour_utc"] < 6
    out["minutes_since_last"] = (at - pd.to_datetime(rows["card__last_at"], utc=True)).dt.total_seconds() / 60
    out["amount_over_last"] = amount / rows["card__last_amount"].astype(float).replace(0, np.nan)
    out["is_abroad"] = rows["merchant_country"] != rows["card__country"]
    out["country_pair"] = rows["card__country"] + "-" + rows["merchant_country"]
    out["share_of_last_hour"] = rows["card__count_1h"] / count.replace(0, np.nan)
    out["is_burst"] = rows["card__count_1h"] >= 5
    out["mean_amount_24h"] = rows["card__sum_24h"] / count.replace(0, np.nan)
    spread = rows["card__stddev_30d"].astype(float)
    out["amount_z"] = (amount - rows["card__mean_30d"]) / spread.where(spread > 0)
    out["is_far_above_usual"] = out["amount_z"] > 3
    out["merchant_risk"] = rows["merchant__risk"].astype(float).fillna(0.5)
    out["account_age_days"] = (at - rows["account__opened_at"]).dt.days
    out["is_new_account"] = out["account_age_days"] < 30
    out["share_of_balance"] = amount / rows["account__balance"].where(rows["account__balance"] > 0)
    out["email_domain"] = rows["account__email"].astype("string").str.split("@").str[-1].str.lower()
    out["rule_score"] = (
        out["merchant_risk"] + 0.2 * out["is_burst"] + 0.1 * out["is_abroad"] + 0.3 * out["is_new_account"]
    )
    return out


def main() -> None:
    rounds, calls = int(sys.argv[1]), int(sys.argv[2])
    rows = payments(100)
    tables = [pa.Table.from_pylist([row]) for row in rows]
    result = {
        "version": feast.__version__,
        "import_ms": imported * 1e3,
        "python": latencies(
            in_python.transform_dict,
            [{name: [value] for name, value in row.items()} for row in rows],
            rounds,
            calls,
        ),
        "pandas": latencies(in_pandas.transform_arrow, tables, rounds, max(1, calls // 100)),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
