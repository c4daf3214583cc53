"""Events and T → the values of window aggregations."""
