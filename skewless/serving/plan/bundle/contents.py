"""What is in a bundle: the plan, the source of each module, the packages that they need; and a digest of every source.

The digests tell a file that was damaged or edited before anything of it runs; they are no signature.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, NamedTuple

from skewless.serving.errors import FeatureError

FORMAT = 1
MOST_BYTES = 2**26
"""Of all that is in a bundle, unpacked: code is far below, and what is above may be any length."""

_PLAN, _CONTENTS, _CODE = "serving.json", "bundle.json", "code/"


class Bundle(NamedTuple):
    """`code`: path → source, as modules lie in folders; `needs`: top-level module → the requirement that brings it."""

    plan: Mapping[str, Any]
    code: Mapping[str, bytes]
    needs: Mapping[str, str]


def written(bundle: Bundle) -> bytes:
    """The bundle as a zip file: the same bytes for the same content."""
    contents = {
        "format": FORMAT,
        "needs": dict(sorted(bundle.needs.items())),
        "code": {path: _digest(source) for path, source in sorted(bundle.code.items())},
    }
    files = {_CONTENTS: _json(contents), _PLAN: _json(bundle.plan)}
    files |= {_CODE + path: source for path, source in bundle.code.items()}
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(files):
            archive.writestr(zipfile.ZipInfo(path), files[path], zipfile.ZIP_DEFLATED)
    return target.getvalue()


def read(data: bytes, name: str) -> Bundle:
    """The bundle in a zip file, nothing of which has run. FeatureError, a line, for one that is not as exported."""
    try:
        return _read(data)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        text = f"'{error.args[0]}' is missing" if isinstance(error, KeyError) else str(error)
        raise FeatureError(f"serving plan '{name}': is no bundle that skewless exported: {text}") from error


def _read(data: bytes) -> Bundle:
    files = _unpacked(data)
    contents = json.loads(files.pop(_CONTENTS))
    if contents["format"] != FORMAT:
        raise ValueError(f"its format is {contents['format']!r}, this version of skewless reads {FORMAT}")
    plan = json.loads(files.pop(_PLAN))
    written_code = {_CODE + path: digest for path, digest in contents["code"].items()}
    for path in sorted({*files, *written_code}):
        if path not in files:
            raise ValueError(f"{path} is gone; export it again")
        if written_code.get(path) != _digest(files[path]):
            raise ValueError(f"{path} is not what was exported; export it again, do not edit it")
    code = {path.removeprefix(_CODE): source for path, source in files.items()}
    return Bundle(plan, code, {str(top): str(needed) for top, needed in contents["needs"].items()})


def _unpacked(data: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(info.file_size for info in archive.infolist()) > MOST_BYTES:
                raise ValueError(f"over {MOST_BYTES // 2**20} MiB unpacked")
            return {info.filename: archive.read(info) for info in archive.infolist()}
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
        raise ValueError(str(error)) from error


def _digest(source: bytes) -> str:
    return f"sha256:{sha256(source).hexdigest()}"


def _json(document: Mapping[str, Any]) -> bytes:
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()
