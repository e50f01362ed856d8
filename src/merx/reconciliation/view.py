"""Bills and differences, for the platform's staff."""

from datetime import date
from typing import Final
from uuid import UUID

from merx.infra.db import ReadTx
from merx.kit.paging import PAGE_LIMIT, decode_cursor, encode_cursor
from merx.reconciliation.errors import UnknownDifference
from merx.reconciliation.model import BillPage, Difference, DifferencePage
from merx.reconciliation.store import bills, differences

_LAST: Final = UUID(int=2**128 - 1)
_NO_DAY_AFTER: Final = date.max


async def list_bills(tx: ReadTx, *, after: str | None = None, limit: int = 20) -> BillPage:
    """Bills, the newest day first. Raises BadCursor."""
    before = decode_cursor(after, tuple[date, UUID]) if after else (_NO_DAY_AFTER, _LAST)
    limit = max(1, min(limit, PAGE_LIMIT))
    found = await bills.list_bills(tx, before=before, limit=limit + 1)
    page = found[:limit]
    more = encode_cursor(page[-1].day.isoformat(), str(page[-1].id)) if len(found) > limit else None
    return BillPage(page, more)


async def list_differences(
    tx: ReadTx, *, state: str = "open", after: str | None = None, limit: int = 20
) -> DifferencePage:
    """Differences in a state, newest first. Raises BadCursor."""
    before = decode_cursor(after, tuple[UUID])[0] if after else _LAST
    limit = max(1, min(limit, PAGE_LIMIT))
    found = await differences.in_state(tx, states=[state], before=before, limit=limit + 1)
    page = found[:limit]
    return DifferencePage(page, encode_cursor(str(page[-1].id)) if len(found) > limit else None)


async def get_difference(tx: ReadTx, *, difference_id: UUID) -> Difference:
    """A difference. Raises UnknownDifference."""
    found = await differences.find_difference(tx, difference_id)
    if found is None:
        raise UnknownDifference
    return found
