"""`skewless investigate`: whether an offline-online gap is real, and what explains it."""
