"""Files that are no tables: on this machine by path, elsewhere by URI through Hadoop's file systems."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skewless.config.files import MOST_BYTES, as_text
from skewless.config.values import without_file_scheme
from skewless.ground.errors import afterwards
from skewless.lake.local_files import FileEntry, created, entries, replace, texts

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

MOST_LENGTH = 2**31 - 9
"""The longest that an array of Java's can be."""

PUT_WHOLE = ("s3a", "s3", "s3n", "gs", "oss", "cosn")
"""Stores where a file appears once it is whole, and where to rename is to copy."""

READERS = 16
"""Files that are read at once where each is a request to another machine."""

_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*):")


def is_local(uri: str) -> bool:
    """Whether a path is on this machine, as conf directories, reports and results without a scheme are."""
    match = _SCHEME.match(uri)
    return match is None or match.group(1) == "file"


def local_path(uri: str) -> Path:
    return Path(without_file_scheme(uri))


def write_text(uri: str, text: str | bytes, spark: Callable[[], SparkSession]) -> None:
    """Write a file, its folders too; `spark` is asked for only where the file is not on this machine."""
    if is_local(uri):
        path = local_path(uri)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_as_bytes(text))
    else:
        Hadoop(spark()).write(uri, text)


def write_whole(uri: str, text: str, spark: Callable[[], SparkSession]) -> None:
    """Write a file so that whoever reads it meanwhile sees the old one or the new one, and never half."""
    if is_local(uri):
        replace(local_path(uri), text.encode())
    else:
        Hadoop(spark()).write(uri, text)


def _as_bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


@contextmanager
def _as_os_error() -> Iterator[None]:
    """What a file system of Hadoop's raises, as Python's own kind of error, by its root cause."""
    # Here, since paths are asked for where there is no Spark.
    from skewless.lake.jvm.causes import READ_ERRORS, reason_of

    try:
        yield
    except READ_ERRORS as error:
        raise OSError(reason_of(error)) from error


@dataclass(frozen=True)
class Hadoop:
    """Files of any Hadoop file system; a path without a scheme is on the default one, as tables are."""

    spark: SparkSession

    def write(self, uri: str, text: str | bytes) -> None:
        """Write a file whole: who reads meanwhile finds the former one, or none. OSError where it cannot be written."""
        content = _as_bytes(text)
        with _as_os_error():
            system, path = self._at(uri)
            if local := _on_this_machine(system, path):
                replace(local, content)
            elif str(system.getUri().getScheme()) in PUT_WHOLE:
                _put(system, path, content)
            else:
                self._rename(system, path, content)

    def create(self, uri: str, text: str) -> bool:
        """Write a file that is not there yet; False where it is. Of several at once one gets True."""
        with _as_os_error():
            system, path = self._at(uri)
            if local := _on_this_machine(system, path):
                # Hadoop's local file system looks first and creates afterwards, so that two could.
                return created(local, text.encode())
            if system.exists(path):
                return False
            try:
                _put(system, path, text.encode(), overwrite=False)
            except Exception:  # whatever it is: it is only asked whether another was faster
                if system.exists(path):
                    return False
                raise
            return True

    def read(self, uri: str) -> str:
        """The text of a file; OSError where it cannot be read."""
        return self.head(uri).decode("utf-8-sig")

    def head(self, uri: str, most: int = MOST_LENGTH) -> bytes:
        """The first bytes of a file; OSError where it cannot be read."""
        with _as_os_error():
            stream = self._system(uri).open(self._path(uri))
            with afterwards(stream.close):
                return bytes(stream.readNBytes(most))

    def read_all(self, folder: str, names: Sequence[str]) -> dict[str, str | OSError]:
        """Name → the text of a file in a folder, or why it cannot be read."""
        with _as_os_error():
            system, path = self._at(folder)
        if local := _on_this_machine(system, path):
            return texts(local, names)  # a file costs the JVM 10 ms and more, and there may be thousands

        def text_of(name: str) -> str | OSError:
            try:
                return self.read(f"{folder}/{name}")
            except UnicodeError as error:
                return OSError(str(error))
            except OSError as error:
                return error

        with ThreadPoolExecutor(READERS) as pool:
            return dict(zip(names, pool.map(text_of, names), strict=True))

    def entries(self, uri: str) -> list[FileEntry]:
        """The files and folders in a folder, by name; [] where there is no such folder."""
        with _as_os_error():
            system, path = self._at(uri)
            if local := _on_this_machine(system, path):
                return entries(local)
            if not system.exists(path) or not system.getFileStatus(path).isDirectory():
                return []
            found = [
                FileEntry(
                    each.getPath().getName(), each.isDirectory(), each.getLen(), each.getModificationTime()
                )
                for each in system.listStatus(path)
            ]
        return sorted(found)

    def size(self, uri: str) -> int:
        """The bytes of a file, or of all files in a folder; 0 where there is none."""
        with _as_os_error():
            system, path = self._at(uri)
            return int(system.getContentSummary(path).getLength()) if system.exists(path) else 0

    def list(self, uri: str) -> list[str]:
        """The names of the files and folders in a folder, [] where there is no such folder."""
        return [entry.name for entry in self.entries(uri)]

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

    def _rename(self, system: Any, path: Any, content: bytes) -> None:
        jvm: Any = self.spark._jvm
        part = jvm.org.apache.hadoop.fs.Path(path.getParent(), f".{path.getName()}.{uuid.uuid4().hex}.tmp")
        with afterwards(lambda: system.delete(part, False)):
            _put(system, part, content)
            # Not by the FileSystem, which renames over nothing that is there.
            options = getattr(jvm, "org.apache.hadoop.fs.Options$Rename")
            how = self.spark._sc._gateway.new_array(options, 1)  # type: ignore[union-attr]
            how[0] = options.OVERWRITE
            context = jvm.org.apache.hadoop.fs.FileContext
            context.getFileContext(system.getUri(), system.getConf()).rename(part, path, how)

    def _at(self, uri: str) -> tuple[Any, Any]:
        return self._system(uri), self._path(uri)

    def _path(self, uri: str) -> Any:
        jvm: Any = self.spark._jvm
        return jvm.org.apache.hadoop.fs.Path(uri)

    # The session's configuration, not the context's: credentials are often set in the session alone.
    def _system(self, uri: str) -> Any:
        return self._path(uri).getFileSystem(self._configuration())

    def _configuration(self) -> Any:
        return self.spark._jsparkSession.sessionState().newHadoopConf()


def _put(system: Any, path: Any, content: bytes, *, overwrite: bool = True) -> None:
    stream = system.create(path, overwrite)
    with afterwards(stream.close):
        stream.write(bytearray(content))
        stream.close()  # object stores write only now; what fails here is the failure


def _on_this_machine(system: Any, path: Any) -> Path | None:
    """The path as Python has it, None where it is on another file system."""
    return Path(path.toUri().getPath()).absolute() if str(system.getUri().getScheme()) == "file" else None


@dataclass(frozen=True)
class RemoteFiles:
    """A configuration directory on a Hadoop file system."""

    root: str
    spark: SparkSession

    def list(self, folder: str) -> list[str]:
        return Hadoop(self.spark).list(f"{self.root.rstrip('/')}/{folder}")

    def read(self, path: str) -> str:
        return as_text(Hadoop(self.spark).head(f"{self.root.rstrip('/')}/{path}", MOST_BYTES + 1))
