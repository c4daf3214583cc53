"""A table that is sent tells once how many rows it had."""

from __future__ import annotations

import pyarrow as pa
import pytest

from skewless.parts.asof import SentCounts
from skewless.parts.asof.kernel.layout import MATCHABLE, MOMENT, PassLayout, SentSide
from skewless.parts.asof.kernel.one_pass import answer_batches
from skewless.parts.asof.kernel.sent import pack
from tests.parts.asof.kernel.test_pieces import side

LABEL = pa.list_(pa.struct([("place", pa.int64()), ("t", pa.timestamp("us", "UTC")), ("own", pa.int64())]))
SENT = pa.schema(
    [
        (MATCHABLE, pa.bool_()),
        ("key_0", pa.int64()),
        (MOMENT, pa.int64()),
        ("values_0", pa.list_(pa.int64())),
        ("values_1", pa.list_(pa.string())),
    ]
)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ([], SentCounts(0, 0, 0)),
        ([None, None], SentCounts(2, 2, 0)),
        ([1, 2, 3], SentCounts(3, 0, 0)),
        ([1, None, 2, 1, 1, 2], SentCounts(6, 1, 3)),
    ],
)
def test_rows_null_keys_and_repeated_keys_are_counted_once_for_all_label_events(
    keys: list[int | None], expected: SentCounts
) -> None:
    rows = [
        {
            MATCHABLE: key is not None,
            "key_0": key,
            MOMENT: None,
            "values_0": [place],
            "values_1": [str(place)],
        }
        for place, key in enumerate(keys)
    ]
    layout = side(1, has_times=False, sent_slot="counts")
    sent = SentSide(layout, "sent", ("own",), SENT)
    (packed,) = pack(pa.Table.from_pylist(rows, SENT).to_batches(), sent)
    labels = pa.table(
        {"label": pa.array([[{"place": place, "t": 0, "own": 1}] for place in range(3)], LABEL)}
    )
    first = labels.append_column("sent", pa.array([packed["packed"][0].as_py(), None, None], pa.binary()))
    told = [
        row
        for batch in answer_batches(iter(first.to_batches()), PassLayout(("place",), (), (), (sent,), 2**20))
        for row in batch.to_pylist()
    ]
    assert [row["counts"] for row in told if row["counts"] is not None] == [[*expected]]
    assert [row["side_1"] for row in told] == [1 in keys] * 3
