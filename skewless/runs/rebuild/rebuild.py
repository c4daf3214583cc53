"""A version's manifest → the rows that it wrote, built again, held against them, and published only if identical.

Nobody audits or validates them anew: identical rows have passed, and others are not published.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from pyspark.sql import Column, DataFrame, SparkSession

from skewless.ground.errors import InputError
from skewless.ground.run.ids import new_run_id
from skewless.ground.run.manifest import FailedExpectation
from skewless.ground.run.ranges import RunRange
from skewless.ground.run.steps import step, this_run
from skewless.ground.spark_columns import column
from skewless.ground.version import package_version
from skewless.lake.failures import refuse_at_the_machine
from skewless.lake.jvm.causes import READ_ERRORS, reason_of
from skewless.lake.session import written_run
from skewless.lake.sources import read_version, why_unreadable
from skewless.parts.publish import (
    Difference,
    Manifest,
    Output,
    after,
    checksum,
    difference,
    other_columns,
    publish,
    refuse_taken,
    reject,
    stage,
    staging_discarded,
)
from skewless.training_set.ahead.preparation import prepare
from skewless.training_set.bind import bind
from skewless.training_set.opened import OpenedTrainingSet
from skewless.training_set.recorded import Recorded, refuse_other_code
from skewless.training_set.rows import feature_failures, joined_rows, select_result, spine_for


@dataclass(frozen=True)
class Written:
    """What a version wrote: its rows and their checksum. Where its files are gone `rows` is None, `gone` says why, and
    the checksum is the one that its manifest keeps.
    """

    rows: DataFrame | None
    checksum: str
    gone: str | None = None


@dataclass(frozen=True)
class Rebuilt:
    """A version's rows built again; `checksum` is theirs, `gone` says why those of the version can no longer be read.

    `difference` is None where the rows are identical, and where only the checksum says that they are not. `output` is
    where identical rows were published, `rejected_path` where others are kept; None where no place was given.
    """

    recorded: Recorded
    run_id: str
    identical: bool
    checksum: str
    gone: str | None
    difference: Difference | None = None
    output: str | None = None
    rejected_path: str | None = None

    def to_json(self) -> dict[str, Any]:
        difference = self.difference
        unknown = 0 if self.identical else None
        return {
            "training_set": self.recorded.name,
            "version": self.recorded.version,
            "run_id": self.run_id,
            "rows": self.recorded.rows,
            "identical": self.identical,
            "only_published": difference.only_in_first if difference else unknown,
            "only_rebuilt": difference.only_in_second if difference else unknown,
            "columns": list(difference.columns) if difference else [],
            "compared_with": "checksum" if self.gone else "rows",
            "output": self.output,
            "rejected_path": self.rejected_path,
        }


def rebuild(spark: SparkSession, output: Output, recorded: Recorded, to: Output | None) -> Rebuilt:
    """Build a version's rows again and say whether they are the ones that it wrote; publish them to `to` if so.

    `spark` has to be a session of the run's own. Rows that differ are kept with the rejected ones of `to`, if it is
    given. Errors: InputError where the code is another one, where a recorded version can no longer be read, where
    nothing is left to compare with, and where `to` holds anything; PublishConflictError.
    """
    # What is cheap to find out comes first: most rebuilds that cannot be are refused within seconds.
    refuse_other_code(recorded)
    if to is not None:
        refuse_taken(spark, to)
    # Delta's log only; to ask for every file of every input may take minutes, and is done once a read has failed.
    _refuse_unreadable(spark, recorded, with_files=False)
    run_id = this_run().known_as(new_run_id())
    with staging_discarded(spark, output, run_id):
        opened, written, rows = _staged(spark, output, recorded, run_id)
        found = _compared(recorded, run_id, written, rows, opened.events.columns)
        return found if to is None else _kept(spark, found, output, rows, to)


def _refuse_unreadable(spark: SparkSession, recorded: Recorded, *, with_files: bool) -> None:
    """InputError, a line for each input, where the version that was read then is not there any more."""
    problems = []
    for name, (location, version) in recorded.inputs.items():
        if reason := why_unreadable(spark, location, version, with_files=with_files):
            problems.append(
                f"input '{name}': version {version} of {location} can no longer be read: {reason}; restore it, or "
                "build anew; delta.deletedFileRetentionDuration says how long a table's old versions stay"
            )
    if problems:
        raise InputError(problems)


def _staged(
    spark: SparkSession, output: Output, recorded: Recorded, run_id: str
) -> tuple[OpenedTrainingSet, Written, DataFrame]:
    try:
        with step("opening tables"):
            opened = bind(spark, recorded.spec, versions=recorded.versions)
        ready = prepare(opened, recorded.run_range, allow_empty=True)
        written = _written(spark, output, recorded, ready.slice)
        spine = spine_for(ready.pruned, recorded.run_range)
        rows = select_result(ready.pruned, joined_rows(ready.pruned, spine))
        with step("staging rows"), feature_failures(ready.pruned, spine):
            return opened, written, stage(rows, output, run_id)
    except READ_ERRORS as error:
        refuse_at_the_machine(error)
        _refuse_unreadable(spark, recorded, with_files=True)
        raise


@step("checksum of the version")
def _written(spark: SparkSession, output: Output, recorded: Recorded, slice_: str | None) -> Written:
    try:
        rows = read_version(spark, output.location, recorded.version)
        rows = rows if slice_ is None else rows.where(slice_)
        rows = rows.select(*_own_columns(rows, recorded))
        return Written(rows, checksum(rows))
    except READ_ERRORS as error:
        refuse_at_the_machine(error)
        reason = reason_of(error)
        if recorded.checksum is None:
            raise InputError(
                f"training set '{recorded.name}': version {recorded.version} can no longer be read: {reason}; its "
                "manifest keeps no checksum, so there is nothing to compare with; restore the table"
            ) from error
        return Written(None, recorded.checksum, reason)


def _own_columns(rows: DataFrame, recorded: Recorded) -> list[Column]:
    """Those that the version wrote: a table of several definitions has the columns of all, null where one lacks any."""
    if len(recorded.manifest.get("definitions", ())) < 2:
        return [column(name) for name in rows.columns]
    return [column(name) for name in recorded.manifest["columns"]]


@step("comparing rows")
def _compared(
    recorded: Recorded, run_id: str, written: Written, rows: DataFrame, label_event: list[str]
) -> Rebuilt:
    if written.rows is None:
        has_columns = rows.columns == recorded.manifest["columns"]
    else:
        has_columns = not other_columns(written.rows.schema, rows.schema)
    content = checksum(rows)
    # The checksum decides, also where rows could be compared: it is what still can be when the version's files are
    # gone.
    identical = has_columns and written.checksum == content
    found = Rebuilt(recorded, run_id, identical, content, written.gone)
    if identical or written.rows is None:
        return found
    return replace(found, difference=difference(written.rows, rows, label_event))


def _kept(spark: SparkSession, found: Rebuilt, output: Output, rows: DataFrame, to: Output) -> Rebuilt:
    """Identical rows published, others kept among the rejected ones."""
    manifest = _manifest(spark, found, output)
    if not found.identical:
        return replace(found, rejected_path=reject(spark, rows, to, manifest))
    refuse_taken(spark, to)  # again, since building took its time
    publish(spark, rows, to, None, manifest)
    return replace(found, output=to.location)


def _manifest(spark: SparkSession, found: Rebuilt, output: Output) -> Manifest:
    """That of the version, which is true of identical rows, as one of this run; where they differ, with that."""
    recorded = found.recorded
    manifest = recorded.manifest.copy()
    manifest.pop("kind", None)
    manifest.pop("version", None)
    fingerprint = manifest.get("serving_plan", {}).get("fingerprint", "")
    differs: FailedExpectation = {
        "text": f"not the rows of version {recorded.version}",
        "severity": "critical",
        "columns": [],
        "rows": [],
        "values": [],
        "spread": "",
    }
    return {
        **manifest,
        "run_id": found.run_id,
        "skewless": package_version(),
        **written_run(spark),
        "rebuild_of": {
            "location": output.location,
            "version": recorded.version,
            "run_id": recorded.run_id,
        },
        "checksum": found.checksum if found.identical else None,
        "definitions": [
            each.to_json() for each in after([], RunRange(recorded.run_range.as_of), fingerprint)
        ],
        "follows": None,
        "failures": [*manifest["failures"], *([] if found.identical else [differs])],
    }
