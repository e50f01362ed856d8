"""Longer commands of the `merx` program, one file each; `merx.cli` declares them all."""
