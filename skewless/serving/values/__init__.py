"""Values at the border: which are admitted, how they are ordered, and when two are the same."""
