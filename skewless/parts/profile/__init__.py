"""Columns of rows → what their values are like, and how far two sides of them are apart."""
