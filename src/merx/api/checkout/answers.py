"""What is answered besides what the queries show."""

from uuid import UUID

import msgspec

from merx.kit.money import Money


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """The cart became a purchase that waits for payment."""

    purchase_id: UUID
    number: str
    total: Money
