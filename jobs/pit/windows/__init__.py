"""Window aggregations: rows sorted by key → label events with, per table, the aggregates of what was visible at T."""
