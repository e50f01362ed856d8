"""What can go wrong with the embedded PostgreSQL."""


class PostgresError(Exception):
    """The embedded PostgreSQL cannot run; the message says why and what to do."""


class AlreadyRunningError(PostgresError):
    """Another program runs the embedded PostgreSQL of this home folder."""
