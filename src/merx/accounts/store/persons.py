"""SQL of persons: their wrapped data keys."""

from datetime import datetime
from uuid import UUID

from merx.infra.db import ReadTx, Sql, Tx

INSERT_DATA_KEY = Sql("""
INSERT INTO data_keys (person_id, wrapped_key, master_key_id, created_at) VALUES ($1, $2, $3, $4)
""")


async def insert_data_key(
    tx: Tx, *, person_id: UUID, wrapped_key: bytes, master_key_id: str, now: datetime
) -> None:
    """Keep a person's wrapped data key."""
    await tx.run(INSERT_DATA_KEY, person_id, wrapped_key, master_key_id, now)


DATA_KEY = Sql("SELECT wrapped_key, master_key_id FROM data_keys WHERE person_id = $1")


async def data_key(tx: ReadTx, *, person_id: UUID) -> tuple[bytes, str] | None:
    """The wrapped data key and the master key that wrapped it; None after erasure."""
    row = await tx.row(DATA_KEY, person_id)
    return None if row is None else (row["wrapped_key"], row["master_key_id"])
