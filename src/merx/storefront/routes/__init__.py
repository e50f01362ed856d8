"""The pages' addresses: parse, call a use case, draw."""
