"""Files that are no tables: on this machine by path, elsewhere by URI through Hadoop's file systems."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skewless.config.files import MOST_BYTES, as_text
from skewless.ground.errors import afterwards

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

MOST_LENGTH = 2**31 - 9
"""The longest that an array of Java's can be."""

_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*):")


def is_local(uri: str) -> bool:
    """Whether a path is on this machine, as conf directories, reports and results without a scheme are."""
    match = _SCHEME.match(uri)
    return match is None or match.group(1) == "file"


def local_path(uri: str) -> Path:
    return Path(re.sub(r"^file:(//)?(?=/)", "", uri))


def write_text(uri: str, text: str | bytes, spark: Callable[[], SparkSession]) -> None:
    """Write a file, its folders too; `spark` is asked for only where the file is not on this machine."""
    if is_local(uri):
        path = local_path(uri)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_as_bytes(text))
    else:
        Hadoop(spark()).write(uri, text)


def _as_bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


@contextmanager
def _as_os_error() -> Iterator[None]:
    """What a file system of Hadoop's raises, as Python's own kind of error, by its root cause."""
    from skewless.lake.failures import READ_ERRORS, reason_of

    try:
        yield
    except READ_ERRORS as error:
        raise OSError(reason_of(error)) from error


@dataclass(frozen=True)
class Hadoop:
    """Files of any Hadoop file system; a path without a scheme is on the default one, as tables are."""

    spark: SparkSession

    def write(self, uri: str, text: str | bytes) -> None:
        """Write a file; OSError where it cannot be written."""
        with _as_os_error():
            stream = self._system(uri).create(self._path(uri), True)
            with afterwards(stream.close):
                stream.write(bytearray(_as_bytes(text)))
                stream.close()  # object stores write only now; what fails here is the failure

    def read(self, uri: str) -> str:
        """The text of a file; OSError where it cannot be read."""
        return self.head(uri).decode("utf-8-sig")

    def head(self, uri: str, most: int = MOST_LENGTH) -> bytes:
        """The first bytes of a file; OSError where it cannot be read."""
        with _as_os_error():
            stream = self._system(uri).open(self._path(uri))
            with afterwards(stream.close):
                return bytes(stream.readNBytes(most))

    def list(self, uri: str) -> list[str]:
        """The names of the files and folders in a folder, [] where there is no such folder."""
        path = self._path(uri)
        with _as_os_error():
            system = self._system(uri)
            if not system.exists(path) or not system.getFileStatus(path).isDirectory():
                return []
            return sorted(status.getPath().getName() for status in system.listStatus(path))

    def is_file(self, uri: str) -> bool:
        with _as_os_error():
            system = self._system(uri)
            return bool(system.exists(self._path(uri)) and system.getFileStatus(self._path(uri)).isFile())

    def is_folder(self, uri: str) -> bool:
        """Whether a folder is there; OSError where its file system cannot be asked."""
        with _as_os_error():
            system = self._system(uri)
            return bool(
                system.exists(self._path(uri)) and system.getFileStatus(self._path(uri)).isDirectory()
            )

    def delete(self, uri: str) -> None:
        with _as_os_error():
            self._system(uri).delete(self._path(uri), True)

    def absolute(self, uri: str) -> str:
        """The path with its file system and from the root on, as SQL needs it."""
        return str(self._system(uri).makeQualified(self._path(uri)).toString())

    def _path(self, uri: str) -> Any:
        jvm: Any = self.spark._jvm
        return jvm.org.apache.hadoop.fs.Path(uri)

    # The session's configuration, not the context's: credentials are often set in the session alone.
    def _system(self, uri: str) -> Any:
        return self._path(uri).getFileSystem(self.spark._jsparkSession.sessionState().newHadoopConf())


@dataclass(frozen=True)
class RemoteFiles:
    """A configuration directory on a Hadoop file system."""

    root: str
    spark: SparkSession

    def list(self, folder: str) -> list[str]:
        return Hadoop(self.spark).list(f"{self.root.rstrip('/')}/{folder}")

    def read(self, path: str) -> str:
        return as_text(Hadoop(self.spark).head(f"{self.root.rstrip('/')}/{path}", MOST_BYTES + 1))
