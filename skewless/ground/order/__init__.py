"""Values and rows in Arrow, ordered as J4 orders them."""
