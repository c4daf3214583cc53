"""Takes folders of serving's log files → gives one table with each record once, and one of the rejected lines; takes
such a table, or any other with a mapping → gives the records of a log."""

from jobs.pit.log.batch import Counts, Tables
from jobs.pit.log.ingestion import ingest, tables_at
from jobs.pit.log.opening import LAYOUT, open_log, was_logged

__all__ = ["LAYOUT", "Counts", "Tables", "ingest", "open_log", "tables_at", "was_logged"]
