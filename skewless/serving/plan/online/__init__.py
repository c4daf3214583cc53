"""A serving plan and an online store: what is kept in it, and what a request fetches from it."""
