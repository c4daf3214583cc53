"""Takes folders of serving's log files → gives one table with each record once, and one of the rejected lines."""

from jobs.pit.log.batch import Counts, Tables
from jobs.pit.log.ingestion import ingest, tables_at

__all__ = ["Counts", "Tables", "ingest", "tables_at"]
