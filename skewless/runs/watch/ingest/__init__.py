"""`skewless ingest-log`: serving's log files into one Delta table."""
