"""A published training set in the active run of MLflow: which version a model was trained on.

MLflow is imported when something is logged, so that this module can be imported without it.
"""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING

from skewless.ground.errors import InputError
from skewless.runs.published.loading.load import load
from skewless.runs.published.loading.loaded import LoadedTrainingSet

if TYPE_CHECKING:
    from mlflow.entities import Dataset

_DIGITS = 16
"""Of the checksum: with the numbers of rows and columns it stays below the 36 characters that MLflow stores."""


def log_training_set(
    training_set: str | os.PathLike[str] | LoadedTrainingSet,
    version: int | None = None,
    conf_dir: str | os.PathLike[str] = "conf",
) -> Dataset:
    """Log a published training set as an input of MLflow's active run, and return what was logged.

    `training_set` is a name, a path, or what `skewless.load` gave; `version` and `conf_dir` are as in `load`.

    Name: `flight_delay@v3`. Digest: the start of the content's checksum, then the number of rows and of columns, since
    cuts of one version are other data. Source: the Delta table's path and version. Schema: the columns with their Arrow
    types. Profile: the number of rows, for which the rows are read. The input's tags are `skewless.version` and
    `skewless.fingerprint`, the serving plan's; the manifest becomes the artifact `skewless/<name>@v<version>.json`.

    Errors: InputError, a line a problem: what `load` refuses, no active run, `version` beside a loaded one, and a
    package that is not installed.

        with mlflow.start_run():
            log_training_set("flight_delay")
    """
    try:
        import mlflow
        from mlflow.entities import DatasetInput, InputTag
    except ModuleNotFoundError as error:
        raise InputError(
            f"log_training_set: {error.name} is not installed; pip install 'skewless[mlflow]'"
        ) from error
    run = mlflow.active_run()
    if run is None:
        raise InputError("log_training_set: MLflow has no active run; call it inside mlflow.start_run()")
    loaded = _loaded(training_set, version, conf_dir)
    dataset = _dataset(loaded)
    tags = [InputTag(name, value) for name, value in _tags(loaded).items()]
    # The entity and the client, as mlflow.log_input does it: a class of MLflow's to inherit from would have to be there
    # when this module is imported.
    mlflow.MlflowClient().log_inputs(run.info.run_id, datasets=[DatasetInput(dataset, tags)])
    mlflow.log_dict(dict(loaded.manifest), f"skewless/{dataset.name}.json")
    return dataset


def _loaded(
    given: str | os.PathLike[str] | LoadedTrainingSet, version: int | None, conf_dir: str | os.PathLike[str]
) -> LoadedTrainingSet:
    if not isinstance(given, LoadedTrainingSet):
        return load(given, version=version, conf_dir=conf_dir)
    if version not in (None, given.version):
        raise InputError(f"version: {given!r} was loaded, found {version}; leave version out")
    return given


def _dataset(loaded: LoadedTrainingSet) -> Dataset:
    from mlflow.entities import Dataset

    columns = [
        {"name": field.name, "type": str(field.type), "required": not field.nullable}
        for field in loaded.to_arrow().schema
    ]
    source = {"path": os.fspath(loaded.location), "delta_table_version": loaded.version}
    return Dataset(
        # MLflow keeps one dataset for a name and a digest, and a build of a range has that range's checksum.
        name=f"{loaded.name}@v{loaded.version}",
        digest=_digest(loaded),
        source_type="delta_table",
        source=json.dumps(source),
        schema=json.dumps({"mlflow_colspec": columns}),
        profile=json.dumps({"num_rows": loaded.num_rows}),
    )


def _digest(loaded: LoadedTrainingSet) -> str:
    """The checksum of what was built, or of the manifest where it has none; then the rows and columns of a cut."""
    text = json.dumps(loaded.manifest, sort_keys=True, default=str)
    checksum = loaded.manifest.get("checksum") or hashlib.sha256(text.encode()).hexdigest()
    digits = checksum.rpartition(":")[2][:_DIGITS]
    return f"{digits}-{loaded.num_rows}x{len(loaded.columns)}"


def _tags(loaded: LoadedTrainingSet) -> dict[str, str]:
    plan = loaded.manifest.get("serving_plan") or {}
    tags = {"skewless.version": str(loaded.version), "skewless.fingerprint": plan.get("fingerprint")}
    return {name: value for name, value in tags.items() if value is not None}
