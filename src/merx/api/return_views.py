"""What the API answers about after-sales cases and refunds."""

from datetime import datetime
from uuid import UUID

import msgspec

from merx.api.views import MoneyView
from merx.kit.i18n import Text


class WantedVariantView(msgspec.Struct, frozen=True, kw_only=True):
    """What an exchange is for."""

    variant_id: UUID
    sku: str
    label: Text


class ReturnLineView(msgspec.Struct, frozen=True, kw_only=True):
    """Units of an order line; `unshipped` of them never left. What came back was restocked or written off.

    `variant_id` is what they are of; `replacement` what is wanted instead, in an exchange.
    """

    order_line_id: UUID
    variant_id: UUID
    quantity: int
    unshipped: int
    replacement: WantedVariantView | None
    restocked: int
    written_off: int


class RefundView(msgspec.Struct, frozen=True, kw_only=True):
    """Money on its way back."""

    id: UUID
    state: str
    amount: MoneyView
    created_at: datetime
    settled_at: datetime | None


class ReturnView(msgspec.Struct, frozen=True, kw_only=True):
    """An after-sales case. `due_at` is when it goes on by itself; `refund` is what came of it.

    `return_address` is where the goods go, while they are to be sent back.
    """

    id: UUID
    purchase_id: UUID
    order_id: UUID
    order_number: str
    seller_id: UUID
    kind: str
    state: str
    reason: str
    body: str
    media_ids: list[UUID]
    lines: list[ReturnLineView]
    amount: MoneyView
    proposed: MoneyView | None
    agreed: MoneyView | None
    answer: str
    carrier: str | None
    tracking_number: str | None
    sent_back_at: datetime | None
    return_address: str | None
    decided_by_platform: bool
    due_at: datetime | None
    refund: RefundView | None
    created_at: datetime
    updated_at: datetime
    version: int


class ReturnListView(msgspec.Struct, frozen=True, kw_only=True):
    """A page of cases, newest first."""

    items: list[ReturnView]
    next_cursor: str | None


class ReturnAddressView(msgspec.Struct, frozen=True, kw_only=True):
    """Where a seller's buyers send goods back to."""

    seller_id: UUID
    seller_code: str
    return_address: str | None


class ReturnAddressListView(msgspec.Struct, frozen=True, kw_only=True):
    """One for each seller."""

    items: list[ReturnAddressView]


class RefundRetryView(msgspec.Struct, frozen=True, kw_only=True):
    """The refund is tried again."""

    refund_id: UUID
