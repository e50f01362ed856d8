"""All SQL of payments, a module for each family of tables."""
