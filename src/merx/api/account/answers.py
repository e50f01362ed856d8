"""What is answered besides what the queries show."""

from uuid import UUID

import msgspec

from merx.queries.accounts import SeenAccount


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A session. Send `token` as "Authorization: Bearer …"; it is shown once. `cart_id` is the account's open cart."""

    token: str
    account: SeenAccount
    cart_id: UUID | None
