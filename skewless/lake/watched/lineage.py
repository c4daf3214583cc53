"""A run told to whoever keeps the lineage of data: OpenLineage's events, by its own client and configuration."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from skewless.config import is_path
from skewless.ground.errors import InputError
from skewless.ground.run.datasets import Dataset
from skewless.ground.run.steps import Steps
from skewless.ground.standard_output import tell
from skewless.ground.version import package_version

TOLD = ("build", "rebuild", "score", "materialize", "ingest-log", "reconcile", "monitor", "investigate")
"""The commands that read or write tables for others; the rest only look."""

_ASKING = ("OPENLINEAGE_URL", "OPENLINEAGE_CONFIG", "OPENLINEAGE__TRANSPORT")
_FILES = ("openlineage.yml", "~/.openlineage/openlineage.yml")
_OBJECT_STORES = {"s3a": "s3", "s3n": "s3"}
"""Schemes of Hadoop, and what the specification of names calls the same place."""


@dataclass
class Lineage:
    """What is told of one run: that it began, then what it read and wrote, and how it ended.

    A run whose server is dead goes on, and says so in one line. Nothing is told where the client's own configuration
    (a variable, or a file of it) does not ask for it.
    """

    about: Mapping[str, str]
    steps: Steps
    _client: Any = None
    _run_id: str = ""
    _is_silent: bool = False

    def begin(self) -> None:
        """Errors: InputError where lineage is asked for and its client is not installed."""
        asked = _asked_by()
        if asked is None or self.about["command"] not in TOLD:
            return
        if find_spec("openlineage") is None:
            raise InputError(
                f"OpenLineage is asked for by {asked}, and openlineage-python is not installed; "
                "pip install 'skewless[openlineage]', or set OPENLINEAGE_DISABLED=true"
            )
        with self._told():
            from openlineage.client import OpenLineageClient
            from openlineage.client.uuid import generate_new_uuid

            # Before the client: what it raises, of a wrong configuration, is no reason for a build to fail.
            self._run_id = str(generate_new_uuid())
            self._client = OpenLineageClient()
        self._emit("START")

    def end(self, exit_code: int, problems: Sequence[str], *, is_success: bool, is_stopped: bool) -> None:
        """Tell what became of the run, with all that it had read and written until then."""
        if is_success:
            self._emit("COMPLETE")
        else:
            said = "\n".join(problems) or f"exit code {exit_code}: refused, nothing is published"
            self._emit("ABORT" if is_stopped else "FAIL", said)

    def _emit(self, state: str, failed_of: str | None = None) -> None:
        if self._client is None:
            return
        with self._told():
            from openlineage.client.event_v2 import Job, Run, RunEvent, RunState

            name = ".".join(filter(None, ["skewless", *self.about.values()]))
            event = RunEvent(
                eventType=RunState[state],
                eventTime=datetime.now(timezone.utc).isoformat(),
                run=Run(self._run_id, _run_facets(self.steps, failed_of)),
                job=Job(os.environ.get("OPENLINEAGE_NAMESPACE", "default"), name, _job_facets()),
                inputs=[_dataset(each) for each in self.steps.datasets.values() if not each.is_output],
                outputs=[_dataset(each) for each in self.steps.datasets.values() if each.is_output],
                producer=_producer(),
            )
            self._client.emit(event)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Whatever fails inside is one line, once a run: the run itself is what matters."""
        noisy = logging.getLogger("urllib3")
        before = noisy.level
        noisy.setLevel(logging.ERROR)  # a line for each time that it tries again
        try:
            yield
        except Exception as error:  # whatever a transport raises
            if not self._is_silent:
                tell(f"OpenLineage: the run is not told, and goes on: {type(error).__name__}: {error}")
            self._is_silent = True
        finally:
            noisy.setLevel(before)


def _asked_by() -> str | None:
    """What asks for lineage in the client's own ways; None where nothing does, or it is disabled."""
    if os.environ.get("OPENLINEAGE_DISABLED", "").strip().casefold() == "true":
        return None
    variables = (name for name in sorted(os.environ) if name.startswith(_ASKING))
    files = (name for name in _FILES if Path(name).expanduser().is_file())
    return next((name for names in (variables, files) for name in names), None)


def _producer() -> str:
    return f"python://skewless/{package_version()}"


def _run_facets(steps: Steps, failed_of: str | None) -> dict[str, Any]:
    from openlineage.client.facet_v2 import error_message_run, execution_parameters_run, processing_engine_run

    producer = _producer()
    facets: dict[str, Any] = {}
    if failed_of is not None:
        facets["errorMessage"] = error_message_run.ErrorMessageRunFacet(
            failed_of, "PYTHON", producer=producer
        )
    # The id that manifests, lines and staging places know the run by; there is none yet where it begins.
    if steps.run_id is not None:
        known = execution_parameters_run.ExecutionParameter("run_id", value=steps.run_id)
        facets["executionParameters"] = execution_parameters_run.ExecutionParametersRunFacet(
            [known], producer=producer
        )
    # Where pyspark was not imported it is not imported for this.
    if pyspark := sys.modules.get("pyspark"):
        facets["processing_engine"] = processing_engine_run.ProcessingEngineRunFacet(
            pyspark.__version__, "spark", package_version(), producer=producer
        )
    return facets


def _job_facets() -> dict[str, Any]:
    from openlineage.client.facet_v2 import job_type_job

    return {"jobType": job_type_job.JobTypeJobFacet("BATCH", "SKEWLESS", "COMMAND", producer=_producer())}


def _dataset(dataset: Dataset) -> Any:
    """A dataset as an event names it: by where it lies, and where it is of a catalog also by its name there."""
    from openlineage.client.event_v2 import InputDataset, OutputDataset
    from openlineage.client.facet_v2 import (
        dataset_version_dataset,
        output_statistics_output_dataset,
        schema_dataset,
        storage_dataset,
        symlinks_dataset,
    )

    producer, (namespace, name) = _producer(), named(dataset.uri)
    facets: dict[str, Any] = {}
    if dataset.fields:
        fields = [schema_dataset.SchemaDatasetFacetFields(*each) for each in dataset.fields]
        facets["schema"] = schema_dataset.SchemaDatasetFacet(fields, producer=producer)
    if dataset.version is not None:
        version = dataset_version_dataset.DatasetVersionDatasetFacet(str(dataset.version), producer=producer)
        facets["version"] = version
        facets["storage"] = storage_dataset.StorageDatasetFacet("delta", "parquet", producer=producer)
    if not is_path(dataset.location):
        alias = symlinks_dataset.Identifier("spark_catalog", dataset.location, "TABLE")
        facets["symlinks"] = symlinks_dataset.SymlinksDatasetFacet([alias], producer=producer)
    if not dataset.is_output:
        return InputDataset(namespace, name, facets=facets)
    counted: dict[str, Any] = {}
    if dataset.rows is not None:
        counted["outputStatistics"] = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(
            rowCount=dataset.rows, producer=producer
        )
    return OutputDataset(namespace, name, facets=facets, outputFacets=counted)


def named(uri: str) -> tuple[str, str]:
    """Namespace and name of a place, by the specification's rules for file systems.

    >>> named("file:/lake/orders"), named("s3a://bucket/lake/orders"), named("hdfs://master:8020/lake/orders")
    (('file', '/lake/orders'), ('s3://bucket', 'lake/orders'), ('hdfs://master:8020', '/lake/orders'))
    """
    parts = urlsplit(uri)
    if not parts.netloc:
        return parts.scheme or "file", parts.path
    scheme = _OBJECT_STORES.get(parts.scheme, parts.scheme)
    is_of_keys = scheme in ("s3", "gs")
    return f"{scheme}://{parts.netloc}", (parts.path.lstrip("/") if is_of_keys else parts.path) or "/"
