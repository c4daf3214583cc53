"""The store in a PostgreSQL server."""
