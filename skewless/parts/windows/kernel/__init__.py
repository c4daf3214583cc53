"""Window aggregations over Arrow batches of whole keys."""
