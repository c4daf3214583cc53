"""Point-in-time training sets: configuration → spine → as-of joins → features → a published table.

`build_frame` is for notebooks; the commands are in `jobs.pit.main`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jobs.pit.notebook import build_frame

__all__ = ["build_frame"]


def __getattr__(name: str) -> Any:
    # The configuration is read and checked without Spark, so that Spark is imported only by who asks for it.
    if name == "build_frame":
        from jobs.pit.notebook import build_frame

        return build_frame
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
