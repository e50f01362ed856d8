"""All SQL of accounts, a module for each family of tables."""
