"""The models of the configuration → JSON Schemas in files, without Spark."""

from __future__ import annotations

import json

from skewless.config.json_schemas import FOLDERS, json_schemas
from skewless.ground.errors import InputError
from skewless.runs.execution import Result, Run, write_output


def write_schemas(run: Run, folder: str) -> Result:
    """`skewless schema`: a JSON Schema for each kind of configuration file, in a folder that is made if need be."""
    if not folder:
        raise InputError("--to is empty; give a folder, such as .schemas")
    files = {kind: f"{folder.rstrip('/')}/{kind}.schema.json" for kind in FOLDERS}
    for kind, schema in json_schemas().items():
        write_output("--to", files[kind], json.dumps(schema, ensure_ascii=False, indent=1) + "\n", run)
    lines = [f"{len(files)} JSON Schemas in {folder}"]
    lines += [f"  {file}  for {FOLDERS[kind]}/*.yml" for kind, file in files.items()]
    return Result({"files": list(files.values())}, "\n".join(lines))
