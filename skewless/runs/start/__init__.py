"""How a project starts: from nothing, from a table, from another tool's definitions."""
