"""A script for the Python that has Feast: a repository's definitions as JSON, in the form of `feast registry-dump`.

Feast is imported here and nowhere else, and this file imports nothing of skewless: it is run by its path, in an
environment that need not have skewless. The definitions are executed, as `feast apply` does; no registry, no store and
no data is touched.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path


def main(folder: str) -> None:
    # Definitions may print, and Feast warns on standard output in some versions: that is not part of the answer.
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    # As `feast apply` runs: modules of the repository import one another from its root.
    os.chdir(folder)
    sys.path[0] = folder

    from feast.repo_operations import parse_repo  # type: ignore[import-not-found, unused-ignore]
    from google.protobuf.json_format import MessageToDict  # type: ignore[import-untyped, unused-ignore]

    contents = parse_repo(Path(folder).resolve())
    json.dump(MessageToDict(contents.to_registry_proto()), answer)
    answer.close()


if __name__ == "__main__":
    main(sys.argv[1])
