"""Staged rows → one commit of the training set's table, with its manifest in the commit and beside it.

Nothing but a whole, validated build is ever visible: rows are staged in a place of their own, judged there, and then
either published in one commit or moved, whole, to the rejected rows.
"""

from skewless.ground.run.commits import Published, manifest_of_version
from skewless.ground.run.manifest import Manifest
from skewless.parts.publish.checksum import checksum
from skewless.parts.publish.comparison import Difference, difference, other_columns
from skewless.parts.publish.definition_changes import changes
from skewless.parts.publish.definitions import Definition, after, runs_of
from skewless.parts.publish.history import History, LocalHistory, SparkHistory, history_of
from skewless.parts.publish.leftovers import Leftover, Leftovers, remove
from skewless.parts.publish.manifest import plan_in, published_manifest, read_manifests
from skewless.parts.publish.places import Output
from skewless.parts.publish.standing import Standing, held_in, standing_of
from skewless.parts.publish.table import (
    publish,
    refuse_foreign_table,
    refuse_taken,
    reject,
    slice_predicate,
    stage,
    staging_discarded,
    standing_version,
)

__all__ = [
    "Definition",
    "Difference",
    "History",
    "Leftover",
    "Leftovers",
    "LocalHistory",
    "Manifest",
    "Output",
    "Published",
    "SparkHistory",
    "Standing",
    "after",
    "changes",
    "checksum",
    "difference",
    "held_in",
    "history_of",
    "manifest_of_version",
    "other_columns",
    "plan_in",
    "publish",
    "published_manifest",
    "read_manifests",
    "refuse_foreign_table",
    "refuse_taken",
    "reject",
    "remove",
    "runs_of",
    "slice_predicate",
    "stage",
    "staging_discarded",
    "standing_of",
    "standing_version",
]
