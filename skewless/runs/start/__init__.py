"""Commands with which a project begins: from nothing, from a table, from another tool's definitions."""
