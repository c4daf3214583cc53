"""`skewless export`."""

from __future__ import annotations

import json

from skewless.ground.errors import InputError
from skewless.ground.run.steps import step
from skewless.lake.session import private_session
from skewless.parts.publish import Output, manifest_of_version, read_manifests
from skewless.runs.execution import Result, Run, write_output
from skewless.runs.manifest_text import definitions_of


def export_serving_plan(run: Run, name: str, version: int | None, target: str) -> Result:
    """`skewless export`: the plan that a version was built by, as its manifest has it."""
    spec = run.configuration().training_set(name)
    spark = private_session(run.spark())
    with step("reading manifests"):
        versions, _ = read_manifests(spark, Output.at(spark, spec.output))
    if not versions:
        raise InputError(f"training set '{name}': nothing is published; build it first")
    manifest = manifest_of_version(name, versions, versions[-1].version if version is None else version)
    plan = manifest.get("serving_plan")
    if plan is None:
        raise InputError(
            f"training set '{name}': version {manifest['version']} has no serving plan; build it again"
        )
    document = {**plan, "version": manifest["version"]}
    write_output("--to", target, json.dumps(document, ensure_ascii=False, indent=1) + "\n", run)
    facts = {
        "training_set": name,
        "version": document["version"],
        "path": target,
        "fingerprint": plan["fingerprint"],
    }
    text = f"{name}: serving plan of version {document['version']} in {target}\n  fingerprint {plan['fingerprint']}"
    if mixed := definitions_of(manifest):
        facts["definitions"] = manifest["definitions"]
        text += f"\n  warning     {mixed}; the plan is that of this version"
    return Result(facts, text)
