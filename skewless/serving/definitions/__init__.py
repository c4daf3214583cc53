"""Annotated functions → what is known about each before it runs: its inputs, its types, what it may do."""
