"""Training from the feature log: records, what label events match by, and the values taken."""
