"""The tables of a store, in a schema of their own, and all that is said to them; values are parameters always.

The schema's name has the version of the tables: what they mean changes under another one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from typing import LiteralString  # since Python 3.11; serving runs on 3.10 too

LOCK: Final = "SELECT pg_advisory_xact_lock(hashtext('skewless'), hashtext(%s))"
"""Held to the end of a transaction by whoever begins or publishes a run of a training set, or makes the tables."""

SCHEMA: Final[tuple[LiteralString, ...]] = (
    "CREATE SCHEMA IF NOT EXISTS skewless_1",
    """
CREATE TABLE IF NOT EXISTS skewless_1.generations (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, run TEXT NOT NULL UNIQUE, training_set TEXT NOT NULL,
    fingerprint TEXT NOT NULL, is_full BOOLEAN NOT NULL, base BIGINT, switches BIGINT NOT NULL,
    begun TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(), role TEXT NOT NULL)
""",
    """
CREATE TABLE IF NOT EXISTS skewless_1.publications (
    training_set TEXT PRIMARY KEY, generation BIGINT NOT NULL, switches BIGINT NOT NULL, state TEXT NOT NULL)
""",
    """
CREATE TABLE IF NOT EXISTS skewless_1.entries (
    generation BIGINT NOT NULL, stored TEXT NOT NULL, key BYTEA NOT NULL, value BYTEA,
    PRIMARY KEY (generation, stored, key))
""",
)
SNAPSHOT: Final = """
SELECT CASE WHEN coalesce(wanted.place, 1) = 1 THEN published.state END, entries.value
FROM skewless_1.publications published
LEFT JOIN unnest(%s::text[], %s::bytea[]) WITH ORDINALITY wanted (stored, key, place) ON true
LEFT JOIN skewless_1.entries entries
    ON entries.generation = published.generation AND entries.stored = wanted.stored AND entries.key = wanted.key
WHERE published.training_set = %s ORDER BY wanted.place
"""
"""One statement, and so one state of the database."""

STAGED: Final = """
SELECT CASE WHEN own.key IS NOT NULL THEN own.value ELSE below.value END
FROM unnest(%s::text[], %s::bytea[]) WITH ORDINALITY wanted (stored, key, place)
LEFT JOIN skewless_1.entries own ON own.generation = %s AND own.stored = wanted.stored AND own.key = wanted.key
LEFT JOIN skewless_1.entries below
    ON below.generation = %s AND below.stored = wanted.stored AND below.key = wanted.key
ORDER BY wanted.place
"""
PUBLISHED: Final = "SELECT generation, switches, state FROM skewless_1.publications WHERE training_set = %s"
BEGIN_RUN: Final = """
INSERT INTO skewless_1.generations (run, training_set, fingerprint, is_full, base, switches, role)
VALUES (%s, %s, %s, %s, %s, %s, 'run')
"""
RUN: Final = """
SELECT id, training_set, is_full, base, switches FROM skewless_1.generations WHERE run = %s AND role = 'run' FOR SHARE
"""
PUT: Final = """
INSERT INTO skewless_1.entries (generation, stored, key, value)
SELECT %s, * FROM unnest(%s::text[], %s::bytea[], %s::bytea[])
ON CONFLICT (generation, stored, key) DO UPDATE SET value = excluded.value
"""
MOVE: Final = """
INSERT INTO skewless_1.entries (generation, stored, key, value)
SELECT %s, stored, key, value FROM skewless_1.entries WHERE generation = %s AND value IS NOT NULL
ON CONFLICT (generation, stored, key) DO UPDATE SET value = excluded.value
"""
TAKE_AWAY: Final = """
DELETE FROM skewless_1.entries below USING skewless_1.entries own
WHERE below.generation = %s AND own.generation = %s AND own.value IS NULL
    AND below.stored = own.stored AND below.key = own.key
"""
COUNT: Final = """
SELECT stored, count(*) FROM skewless_1.entries WHERE generation = %s AND value IS NOT NULL GROUP BY stored
"""
PUBLISH: Final = """
INSERT INTO skewless_1.publications (training_set, generation, switches, state) VALUES (%s, %s, %s, %s)
ON CONFLICT (training_set)
DO UPDATE SET generation = excluded.generation, switches = excluded.switches, state = excluded.state
"""
ROLE: Final = "UPDATE skewless_1.generations SET role = %s WHERE id = %s"
END_RUN: Final = "UPDATE skewless_1.generations SET role = 'dead' WHERE run = %s AND role = 'run'"
END_OLD_RUNS: Final = """
UPDATE skewless_1.generations SET role = 'dead' WHERE role = 'run' AND begun <= clock_timestamp() - %s::interval
"""
CLEAR: Final = """
DELETE FROM skewless_1.entries WHERE generation IN (SELECT id FROM skewless_1.generations WHERE role = 'dead')
"""
FORGET: Final = "DELETE FROM skewless_1.generations WHERE role = 'dead'"
