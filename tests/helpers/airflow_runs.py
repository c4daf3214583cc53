"""Run by an Airflow interpreter: the nightly DAG once for each plan of exit codes, and what became of its task.

    python airflow_runs.py DAG.py PLAN…      a plan is the exit codes of the tries, `5,5,0`; `-` writes no result

Prints a JSON object a plan: `state` of the task, `tries`, and the arguments of the last submit.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any


def dag_of(path: str) -> Any:
    spec = importlib.util.spec_from_file_location("nightly", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["nightly"] = module
    spec.loader.exec_module(module)
    return module.dag


def run(dag: Any, folder: Path, plan: str, day: datetime) -> dict[str, Any]:
    (folder / "plan").write_text(plan)
    (folder / "submits").write_text("")
    ran = dag.test(logical_date=day)
    (task,) = ran.get_task_instances()
    submits = (folder / "submits").read_text().splitlines()
    return {"state": str(task.state), "tries": len(submits), "arguments": json.loads(submits[-1])}


def main(path: str, *plans: str) -> None:
    folder = Path.cwd()
    dag = dag_of(path)
    for task in dag.tasks:
        task.retry_delay = timedelta(0)
        task.retries = 3
    logging.disable(logging.CRITICAL)
    for number, plan in enumerate(plans):
        day = datetime(2026, 3, 1, tzinfo=timezone.utc) + timedelta(days=number)
        print(json.dumps({"plan": plan, **run(dag, folder, plan, day)}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
