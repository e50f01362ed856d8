"""Take carts for placement, and put back those that were refused."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from merx.cart import store
from merx.cart.model import CartLine, CartOwner, ClaimedCart
from merx.infra.db import Tx


async def claim_carts(
    tx: Tx, *, wanted: Sequence[tuple[UUID, UUID]], now: datetime
) -> tuple[dict[UUID, ClaimedCart], dict[UUID, list[CartLine]]]:
    """Complete the open ones of these (cart, purchase) pairs, locked in id order, and read their lines.

    Two statements. Carts that are not open any more are absent from the answer.
    """
    claimed = await store.claim(
        tx, [cart_id for cart_id, _ in wanted], [purchase for _, purchase in wanted], now=now
    )
    carts = {cart.id: cart for cart in claimed}
    return carts, await store.claimed_lines(tx, list(carts))


async def cart_owners(tx: Tx, *, cart_ids: Sequence[UUID]) -> dict[UUID, CartOwner]:
    """Whose these carts are, in any state; unknown ones are absent."""
    return await store.owners(tx, cart_ids)


async def reopen_carts(tx: Tx, *, cart_ids: Sequence[UUID]) -> None:
    """Undo claims made in this transaction."""
    if cart_ids:
        await store.reopen(tx, cart_ids)
