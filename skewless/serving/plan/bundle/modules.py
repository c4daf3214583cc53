"""Modules of a bundle, imported for its plan alone: under their own names, beside any of the same name in this process.

Their names decide fingerprints, so they are not imported under others. They stand in `sys.modules` only while they are
imported, and whatever stood there before stands there again afterwards; an import inside a function of theirs, which
runs later, finds them again by the `__import__` that their code is given. Nothing is put on `sys.path`.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from threading import RLock
from types import ModuleType
from typing import Any

_LOCK = RLock()


class BundledModules:
    """A finder and loader of the modules in a bundle; `code` is path → source."""

    def __init__(self, name: str, code: Mapping[str, bytes]) -> None:
        self._files = {_module_of(path): (f"{name}!/{path}", source) for path, source in code.items()}
        self._packages = {_module_of(path) for path in code if path.endswith("/__init__.py")}
        # Folders without an __init__.py are packages too.
        self._packages |= {
            ".".join(parts[:n]) for parts in map(_parts, self._files) for n in range(1, len(parts))
        }
        self._tops = {_parts(module)[0] for module in self._files}
        self._own: dict[str, ModuleType] = {}
        self._depth = 0
        self._builtins = {**vars(builtins), "__import__": self._import}

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Let these modules be those of their names for as long as this lasts."""
        with _LOCK:
            if self._depth:
                yield
                return
            hidden = self._taken_out()
            sys.modules.update(self._own)
            sys.meta_path.insert(0, self)
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                sys.meta_path.remove(self)
                self._own = self._taken_out()
                sys.modules.update(hidden)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in self._files and name not in self._packages:
            return None
        origin = self._files[name][0] if name in self._files else None
        spec = ModuleSpec(name, self, origin=origin, is_package=name in self._packages)  # type: ignore[arg-type]
        spec.has_location = origin is not None
        return spec

    def create_module(self, spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__["__builtins__"] = self._builtins
        if module.__name__ in self._files:
            file, source = self._files[module.__name__]
            exec(compile(source, file, "exec", dont_inherit=True), module.__dict__)

    def get_source(self, name: str) -> str | None:
        from importlib.util import decode_source

        return decode_source(self._files[name][1]) if name in self._files else None

    def _taken_out(self) -> dict[str, ModuleType]:
        names = [name for name in list(sys.modules) if _parts(name)[0] in self._tops]
        return {name: sys.modules.pop(name) for name in names}

    def _import(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: Sequence[str] = (),
        level: int = 0,
    ) -> ModuleType:
        if not level and _parts(name)[0] not in self._tops:
            return __import__(name, globals, locals, fromlist, level)
        with self.in_place():
            return __import__(name, globals, locals, fromlist, level)


def _parts(module: str) -> list[str]:
    return module.split(".")


def _module_of(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
