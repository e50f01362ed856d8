"""Nouns of after-sales. Amounts are minor units of the order's currency."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

import msgspec

from merx.kit.i18n import Text

By = Literal["buyer", "seller", "staff", "timer"]


class ReturnKind(StrEnum):
    """What the buyer asks for."""

    REFUND_ONLY = "refund_only"
    """Money back for what was not shipped, did not arrive, or is not worth sending back."""
    RETURN_AND_REFUND = "return_and_refund"
    EXCHANGE = "exchange"
    """The same again, or another variant of the product, for what is sent back."""


class ReturnReason(StrEnum):
    """Why."""

    CHANGED_MIND = "changed_mind"
    NOT_RECEIVED = "not_received"
    LATE = "late"
    DAMAGED = "damaged"
    DEFECTIVE = "defective"
    NOT_AS_DESCRIBED = "not_as_described"
    WRONG_ITEM = "wrong_item"
    MISSING_PARTS = "missing_parts"
    OTHER = "other"


class ReturnState(StrEnum):
    """Where a case stands."""

    REQUESTED = "requested"
    PROPOSED = "proposed"
    ESCALATED = "escalated"
    APPROVED = "approved"
    IN_TRANSIT = "in_transit"
    INSPECTED = "inspected"
    SETTLED = "settled"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class ReturnAction(StrEnum):
    """What somebody may do with a case, by the name of its command."""

    ACCEPT = "accept"
    DECLINE = "decline"
    SEND_BACK = "send_back"
    WITHDRAW = "withdraw"
    ESCALATE = "escalate"
    APPROVE = "approve"
    APPROVE_AS_REFUND = "approve_as_refund"
    PROPOSE = "propose"
    REJECT = "reject"
    INSPECT = "inspect"
    CANNOT_DELIVER = "cannot_deliver"
    DECIDE = "decide"
    DECIDE_AMOUNT = "decide_amount"
    """To decide for a part of the amount."""


class Wanted(msgspec.Struct, frozen=True):
    """Units of an order line, as somebody names them.

    `variant_id` says which, where an earlier exchange left the buyer with several variants; `replacement_id` is the
    variant wanted instead, in an exchange for another one.
    """

    order_line_id: UUID
    quantity: int
    variant_id: UUID | None = None
    replacement_id: UUID | None = None


class WantedVariant(msgspec.Struct, frozen=True):
    """The variant an exchange is for, as it was when it was asked for."""

    variant_id: UUID
    sku: str
    label: Text


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """What a buyer applies for."""

    kind: ReturnKind
    reason: ReturnReason
    lines: Sequence[Wanted]
    body: str = ""
    media_ids: Sequence[UUID] = ()


class ReturnLine(msgspec.Struct, frozen=True):
    """Units of an order line; `unshipped` of them never left. What came back is restocked or written off.

    `variant_id` is what they are of: the line's own variant, or what an earlier exchange brought.
    """

    order_line_id: UUID
    quantity: int
    unshipped: int
    variant_id: UUID
    restocked: int = 0
    written_off: int = 0
    replacement: WantedVariant | None = None


class Return(msgspec.Struct, frozen=True, kw_only=True):
    """An after-sales case of one order. `amount` is what its units are worth, `agreed` what was agreed on if less.

    `due_at` is when it goes on by itself; `answer` says why it was rejected, proposed or decided so.
    """

    id: UUID
    purchase_id: UUID
    order_id: UUID
    order_number: str
    seller_id: UUID
    account_id: UUID | None
    kind: ReturnKind
    state: ReturnState
    reason: ReturnReason
    body: str
    media_ids: list[UUID]
    currency: str
    amount: int
    proposed: int | None = None
    agreed: int | None = None
    answer: str = ""
    carrier: str | None = None
    tracking_number: str | None = None
    sent_back_at: datetime | None = None
    decided_by: UUID | None = None
    refund_id: UUID | None = None
    due_at: datetime | None = None
    created_at: datetime
    updated_at: datetime
    version: int = 1
    lines: list[ReturnLine]


class ReturnPage(msgspec.Struct, frozen=True):
    """Cases, newest first."""

    items: list[Return]
    next_cursor: str | None
