"""The embedded PostgreSQL: found or copied binaries, a private cluster, a supervisor that keeps it running.

`database_url(settings)` is what programs use: it yields the configured address, or attaches to the running embedded
server, or starts one and stops it afterwards. `EmbeddedPostgres` is the supervisor itself, for `merx serve`.
"""

from merx.infra.postgres.connect import database_url
from merx.infra.postgres.errors import PostgresError
from merx.infra.postgres.installation import find_bin_dir
from merx.infra.postgres.server import EmbeddedPostgres

__all__ = ["EmbeddedPostgres", "PostgresError", "database_url", "find_bin_dir"]
