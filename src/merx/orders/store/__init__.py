"""All SQL of orders, a module for each family of tables."""
