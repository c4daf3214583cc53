"""`skewless score`: entities without labels → what a label event there gets, by a published version's definition."""
