"""`skewless export`."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

from skewless.ground.errors import InputError
from skewless.ground.run.steps import step
from skewless.parts.publish import history_of, plan_in, published_manifest
from skewless.runs.execution import Result, Run, write_output
from skewless.runs.manifest_text import definitions_of
from skewless.serving.errors import FeatureError
from skewless.serving.plan.bundle.contents import written
from skewless.serving.plan.bundle.packing import bundle_of
from skewless.serving.plan.serve.serving_plan import ServingPlan


def export_serving_plan(run: Run, name: str, version: int | None, target: str) -> Result:
    """`skewless export`: the plan that a version was built by, as its manifest has it."""
    spec = run.configuration().training_set(name)
    with step("reading manifests"):
        manifest = published_manifest(history_of(spec.output, run.spark), name, version)
    plan = plan_in(manifest, name, manifest["version"])
    document = {**plan, "version": manifest["version"]}
    write_output(
        "--to", target, tried_bundle(name, document) if target.endswith(".zip") else _text(document), run
    )
    facts = {
        "training_set": name,
        "version": document["version"],
        "path": target,
        "fingerprint": plan["fingerprint"],
    }
    kind = "bundle" if target.endswith(".zip") else "serving plan"
    text = f"{name}: {kind} of version {document['version']} in {target}\n  fingerprint {plan['fingerprint']}"
    if mixed := definitions_of(manifest):
        facts["definitions"] = manifest["definitions"]
        text += f"\n  warning     {mixed}; the plan is that of this version"
    return Result(facts, text)


def _text(document: Mapping[str, Any]) -> bytes:
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def tried_bundle(name: str, document: Mapping[str, Any]) -> bytes:
    """The plan and its feature code, tried: a bundle that serving would refuse is not written.

    So code that has changed since the build is refused here, and code that needs what a bundle cannot hold, such as a
    file beside a module.
    """
    try:
        data = written(bundle_of(document))
        ServingPlan.load(io.BytesIO(data))
    except FeatureError as error:
        problems = [each.removeprefix("serving plan 'the given file': ") for each in error.problems]
        version = document["version"]
        raise InputError(
            f"training set '{name}': version {version}: no bundle: {each}" for each in problems
        ) from error
    return data
