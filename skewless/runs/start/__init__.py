"""How a project starts: a new one, and configuration drafted from what is there."""
