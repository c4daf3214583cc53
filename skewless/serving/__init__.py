"""The serving side: features, windows, plans and logs with nothing but the standard library."""
