"""Label events and feature rows in Arrow → each label event with its winners and what its windows hold."""
