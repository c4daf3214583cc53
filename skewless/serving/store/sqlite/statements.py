"""The tables of a store's file, and all that is said to them; values are parameters without exception."""

from __future__ import annotations

from functools import cache

FORMAT = 1
"""The version of the tables. A change of what they mean is another number."""

SCHEMA = (
    """
CREATE TABLE IF NOT EXISTS generations (
    id INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL UNIQUE, training_set TEXT NOT NULL,
    fingerprint TEXT NOT NULL, is_full INTEGER NOT NULL, base INTEGER, switches INTEGER NOT NULL,
    begun REAL NOT NULL, role TEXT NOT NULL)
""",
    """
CREATE TABLE IF NOT EXISTS publications (
    training_set TEXT PRIMARY KEY, generation INTEGER NOT NULL, switches INTEGER NOT NULL, state TEXT NOT NULL
) WITHOUT ROWID
""",
    """
CREATE TABLE IF NOT EXISTS entries (
    generation INTEGER NOT NULL, stored TEXT NOT NULL, key BLOB NOT NULL, value BLOB,
    PRIMARY KEY (generation, stored, key)
) WITHOUT ROWID
""",
    f"PRAGMA user_version = {FORMAT}",
)
PUBLISHED = "SELECT generation, switches, state FROM publications WHERE training_set = ?"
PUBLISH = (
    "INSERT OR REPLACE INTO publications (training_set, generation, switches, state) VALUES (?, ?, ?, ?)"
)
AT_ONCE = 32
"""How many values one statement reads; each number of them is a statement that is kept prepared."""


@cache
def snapshot(values: int) -> str:
    """A publication's state and so many of its values: one statement, and so one state of the file."""
    value = "(SELECT value FROM entries WHERE generation = published.generation AND stored = ? AND key = ?)"
    chosen = ", ".join(["published.state", *[value] * values])
    return f"SELECT {chosen} FROM publications published WHERE training_set = ?"


ENTRY = "SELECT value FROM entries WHERE generation = ? AND stored = ? AND key = ?"
PUT = "INSERT OR REPLACE INTO entries (generation, stored, key, value) VALUES (?, ?, ?, ?)"
BEGIN_RUN = """
INSERT INTO generations (run, training_set, fingerprint, is_full, base, switches, begun, role)
VALUES (?, ?, ?, ?, ?, ?, ?, 'run')
"""
RUN = """
SELECT id, training_set, fingerprint, is_full, base, switches FROM generations WHERE run = ? AND role = 'run'
"""
ROLE = "UPDATE generations SET role = ? WHERE id = ?"
END_RUN = "UPDATE generations SET role = 'dead' WHERE run = ? AND role = 'run'"
END_OLD_RUNS = "UPDATE generations SET role = 'dead' WHERE role = 'run' AND begun <= ?"
DEAD = "SELECT id FROM generations WHERE role = 'dead'"
FORGET = "DELETE FROM generations WHERE id = ?"
COUNT = "SELECT stored, count(*) FROM entries WHERE generation = ? AND value IS NOT NULL GROUP BY stored"
ADDED = """
SELECT new.stored, sum((new.value IS NOT NULL) - (old.value IS NOT NULL))
FROM entries new LEFT JOIN entries old ON old.generation = ? AND old.stored = new.stored AND old.key = new.key
WHERE new.generation = ? GROUP BY new.stored
"""
MOVE = """
INSERT OR REPLACE INTO entries (generation, stored, key, value)
SELECT ?, stored, key, value FROM entries WHERE generation = ? AND value IS NOT NULL
"""
TAKE_AWAY = """
DELETE FROM entries WHERE generation = ? AND (stored, key) IN
(SELECT stored, key FROM entries WHERE generation = ? AND value IS NULL)
"""
BEHIND_SOME = "SELECT stored, key FROM entries WHERE generation = ? ORDER BY stored, key LIMIT 1 OFFSET ?"
DELETE_BEFORE = "DELETE FROM entries WHERE generation = ? AND (stored, key) < (?, ?)"
DELETE_REST = "DELETE FROM entries WHERE generation = ?"
