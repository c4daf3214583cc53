"""The configuration and what is published → every feature, with what it is made of and who holds it, on one page."""
