"""The JVM that a run works in: whose session it brings, and whether it is gone."""
