"""Pure building blocks: money, ids, time, errors, paging. Nothing here does I/O or knows the shop."""
