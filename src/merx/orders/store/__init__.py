"""All SQL of purchases, orders and lines, one module for each family of tables."""
