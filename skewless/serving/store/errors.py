"""What an online store refuses."""

from __future__ import annotations

from skewless.serving.errors import FeatureError


class StoreError(FeatureError):
    """A store that is not there, cannot be reached, or holds something else than what was asked of it."""


class StoreConflictError(StoreError):
    """Another run published meanwhile, or swept this one away: nothing of this run is visible; run it again."""


class StaleStoreError(StoreError):
    """A store that was materialised longer before T than the caller allows."""
