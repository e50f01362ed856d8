"""What is answered about after-sales besides what the queries show."""

from uuid import UUID

import msgspec

from merx.api.core.commands import Given
from merx.infra.db import ReadTx
from merx.queries.returns import ReturnCase, return_case


class RefundRetry(msgspec.Struct, frozen=True, kw_only=True):
    """The refund is tried again."""

    refund_id: UUID


async def case_now(tx: ReadTx, return_id: UUID, given: Given) -> ReturnCase:
    """The case that a command was about, as it is now."""
    return await return_case(tx, return_id=return_id, actor=given.actor, now=given.call.now)
