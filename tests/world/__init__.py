"""Builders for tests: they go through the public use cases, with overrides by keyword."""
