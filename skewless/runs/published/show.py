"""`skewless show`."""

from __future__ import annotations

from skewless.ground.run.steps import step
from skewless.parts.publish import held_in, history_of, manifest_of_version, read_manifests
from skewless.runs.execution import Result, Run
from skewless.runs.published.catalog.terminal import column_lines, columns_of
from skewless.runs.published.summary import summary_of_version, summary_of_versions


def show_training_set(run: Run, name: str, version: int | None, limit: int | None) -> Result:
    """`skewless show`: versions and refused runs, the newest `limit` of each, or the manifest of one version."""
    spec = run.configuration().training_set(name)
    with step("reading manifests"):
        history = history_of(spec.output, run.spark)
        versions, refused = read_manifests(history, limit if version is None else None)
    if version is not None:
        manifest = manifest_of_version(name, versions, version)
        return Result(manifest, summary_of_version(manifest))
    stood = [item.numbered for item in versions]
    definitions = [definition.to_json(dates) for definition, dates in held_in(history)]
    columns = columns_of(spec, versions[-1:], run.spark)
    document = {
        **{"training_set": name, "versions": stood, "refused": refused, "definitions": definitions},
        "columns": [each.to_json() for each in columns],
    }
    lines = [summary_of_versions(name, stood, refused, definitions), *column_lines(columns)]
    return Result(document, "\n".join(lines))
