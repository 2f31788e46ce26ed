"""Contract files: strict YAML, read through pydantic into the domain's own values."""
