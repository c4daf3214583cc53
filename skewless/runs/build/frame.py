"""A training set as a lazy DataFrame, for exploration: the rows that `build` publishes, published nowhere."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timezone
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from skewless.config import ConfFiles, Configuration, LocalFiles, ResolvedTrainingSet, TrainingSet, load
from skewless.ground.errors import InputError
from skewless.ground.run.ranges import RunRange
from skewless.lake.feature_places import with_feature_places
from skewless.lake.jvm.callers import refuse_labels, refuse_session
from skewless.lake.session import hand_over, private_session
from skewless.lake.storage import RemoteFiles, is_local, local_path
from skewless.serving.errors import kind_of
from skewless.training_set.ahead.pruning import prune
from skewless.training_set.ahead.strategy import planned
from skewless.training_set.bind import bind
from skewless.training_set.from_log.columns import recomputed_part
from skewless.training_set.rows import joined_rows, select_result, spine_for


def build_frame(  # noqa: PLR0913  (each a keyword that stands for one option of the command)
    spark: SparkSession,
    training_set: str | Mapping[str, Any] | TrainingSet,
    labels: DataFrame | None = None,
    *,
    conf_dir: str | os.PathLike[str] = "conf",
    feature_tables: Iterable[Mapping[str, Any]] = (),
    settings: Mapping[str, str] | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    as_of: datetime | None = None,
) -> DataFrame:
    """The training set's rows and columns as `build` would publish them, computed when used.

    `training_set` is a name in `conf_dir` or a dict with the keys of its file; `labels` stand in for the label
    source and pass through the same `where`, range, maturity and sample. `settings` are what `--set` gives. `start`,
    `end` (T, half-open) and `as_of` (default: now) are aware datetimes, or naive ones read as UTC.

    Feature modules are found on the import path, in the working directory or beside `conf_dir`; `sys.path` is left as
    it was. The inputs' versions are pinned when this is called. The session's settings and zone are neither changed nor
    do they change the result.

    Errors: InputError with every problem that the arguments, the configuration and the tables' schemas show, before
    anything runs. What single rows show (a text that is no number where `where` or a view casts it, a function that
    raises) comes when the frame is used, as Spark's own error: PySparkException, not InputError.

        df = build_frame(spark, "flight_delay", labels=labels_df, conf_dir="conf")
    """
    refuse_session(spark)
    if labels is not None:
        refuse_labels(labels, spark)
    if problems := list(_wrong_kinds(training_set, feature_tables, settings)):
        raise InputError(problems)
    run_range = _range(start, end, as_of)
    folder = _folder(conf_dir)
    with with_feature_places(folder):
        configuration = load(_files(folder, spark), settings or {}, os.environ)
        spec = _resolved(configuration, training_set, feature_tables)
        own = private_session(spark)
        # As rows of the caller's session the labels would have `where` read by that session's zone and rules.
        bound = bind(own, spec, None if labels is None else hand_over(labels, own))
        # Not by the label events' own times, which only a job would tell.
        opened = planned(prune(recomputed_part(bound), run_range.half_open.start, run_range.latest))
        return hand_over(select_result(opened, joined_rows(opened, spine_for(opened, run_range))), spark)


def _wrong_kinds(training_set: Any, tables: Any, settings: Any) -> Iterator[str]:
    """Arguments that are not of their kind, a line each."""
    if not isinstance(training_set, (str, Mapping, TrainingSet)):
        yield f"training_set: expected a name or a dict with the keys of its file, found {kind_of(training_set)}"
    if isinstance(tables, (str, Mapping)) or not isinstance(tables, Iterable):
        yield f"feature_tables: expected a list of dicts with the keys of their files, found {kind_of(tables)}"
    if settings is not None and not isinstance(settings, Mapping):
        yield f"settings: expected a dict of text by name, as --set gives it, found {kind_of(settings)}"


def _range(start: Any, end: Any, as_of: Any) -> RunRange:
    moments = {"start": start, "end": end, "as_of": as_of}
    wrong = {
        name: moment for name, moment in moments.items() if not isinstance(moment, (datetime, type(None)))
    }
    if wrong:
        raise InputError(
            f"{name}: expected a datetime, found {kind_of(moment)}" for name, moment in wrong.items()
        )
    first, last = _utc(start), _utc(end)
    if first is not None and last is not None and first >= last:
        raise InputError(f"start {first.isoformat()} is not before end {last.isoformat()}")
    return RunRange(_utc(as_of) or datetime.now(timezone.utc), first, last)


def _folder(conf_dir: Any) -> str:
    try:
        return os.fsdecode(conf_dir)
    except TypeError:
        raise InputError(f"conf_dir: expected a path, found {kind_of(conf_dir)}") from None


def _resolved(
    configuration: Configuration,
    training_set: str | Mapping[str, Any] | TrainingSet,
    tables: Iterable[Mapping[str, Any]],
) -> ResolvedTrainingSet:
    if isinstance(training_set, str) and not tables:
        return configuration.training_set(training_set)
    content = configuration.written_set(training_set) if isinstance(training_set, str) else training_set
    return configuration.from_dicts(content, tables)


def _files(conf_dir: str, spark: SparkSession) -> ConfFiles:
    return LocalFiles(local_path(conf_dir)) if is_local(conf_dir) else RemoteFiles(conf_dir, spark)


def _utc(moment: datetime | None) -> datetime | None:
    if moment is None:
        return None
    return moment.astimezone(timezone.utc) if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
