"""All SQL of reconciliation, a module for each family of tables, and one for what it reads of our books."""
