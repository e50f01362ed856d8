"""Everything that does I/O and belongs to no domain: database, outbox, jobs, settings, crypto, HTTP helpers."""
