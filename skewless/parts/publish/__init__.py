"""Staged rows → one commit of the training set's table, with its manifest in the commit and beside it.

Nothing but a whole, validated build is ever visible: rows are staged in a place of their own, judged there, and then
either published in one commit or moved, whole, to the rejected rows.
"""

from jobs.pit.publish.checksum import checksum
from jobs.pit.publish.comparison import Difference, difference, other_columns
from jobs.pit.publish.manifest import Published, read_manifests
from jobs.pit.publish.places import Output
from jobs.pit.publish.table import (
    discard_staged,
    publish,
    refuse_foreign_table,
    refuse_other_columns,
    refuse_taken,
    reject,
    slice_predicate,
    stage,
    standing_version,
)

__all__ = [
    "Difference",
    "Output",
    "Published",
    "checksum",
    "difference",
    "discard_staged",
    "other_columns",
    "publish",
    "read_manifests",
    "refuse_foreign_table",
    "refuse_other_columns",
    "refuse_taken",
    "reject",
    "slice_predicate",
    "stage",
    "standing_version",
]
