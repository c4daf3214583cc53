"""A serving plan at work: requests, rows and events → a vector."""
