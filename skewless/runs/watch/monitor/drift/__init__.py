"""Two profiles → what drifted, and how sure that is."""
