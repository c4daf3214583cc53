"""Where a run finds feature modules besides the import path."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from pathlib import Path

from skewless.lake.storage import is_local, local_path
from skewless.serving.sets.importing import importable_from, working_directory


def with_feature_places(conf_dir: str) -> AbstractContextManager[None]:
    """Import also from the working directory, then from the folder that a configuration directory lies in.

    A configuration directory on another file system has no folder here. Both come last, so that they hide nothing.
    """
    places = working_directory()
    if is_local(conf_dir):
        # Not resolved: of a linked directory the folder that holds the link is meant.
        places.append(Path(os.path.abspath(local_path(conf_dir))).parent)  # noqa: PTH100
    return importable_from(places)
