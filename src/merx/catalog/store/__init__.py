"""All SQL of the catalogue's writers, a module for each family of tables; the pages' reads are in queries.py."""
