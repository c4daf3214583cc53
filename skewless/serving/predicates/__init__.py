"""The text of a `where` → a predicate that means the same in Python and in Spark."""
