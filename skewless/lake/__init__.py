"""Spark sessions, tables and files: with publication, all that touches storage."""
