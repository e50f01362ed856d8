"""What the simulated provider remembers and what faults it can be told to make."""

from datetime import datetime
from enum import StrEnum

import msgspec

from merx.simulators.common.model import PeerDelivery, PeerFault, PeerNotice


class Merchant(msgspec.Struct, frozen=True, kw_only=True):
    """A merchant the provider knows: who may call, and the key that proves it."""

    app_id: str
    seller_id: str
    public_pem: str
    name: str = "Merx 演示商城 · Merx demo shop"


class TradeStatus(StrEnum):
    """The provider's own words."""

    WAITING = "WAIT_BUYER_PAY"
    SUCCESS = "TRADE_SUCCESS"
    CLOSED = "TRADE_CLOSED"


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """Money given back to the payer under the merchant's `request_number`."""

    request_number: str
    amount_fen: int
    reason: str
    #: When the money is with the payer; until then a query does not call it a success.
    done_at: datetime


class Trade(msgspec.Struct, kw_only=True):
    """One trade of one merchant; `number` is the merchant's, `trade_no` the provider's."""

    app_id: str
    number: str
    trade_no: str
    token: str
    subject: str
    amount_fen: int
    status: TradeStatus
    created_at: datetime
    expires_at: datetime
    notify_url: str = ""
    return_url: str = ""
    passback_params: str = ""
    #: How the payer came: "page", "wap" or "qr"; and where a phone leaves the cashier to.
    scene: str = "page"
    quit_url: str = ""
    #: The provider creates a trade when the payer arrives at the cashier, not when the merchant makes the link.
    opened: bool = False
    paid_at: datetime | None = None
    closed_at: datetime | None = None
    refunds: list[Refund] = []

    @property
    def refunded_fen(self) -> int:
        """What has been given back so far."""
        return sum(refund.amount_fen for refund in self.refunds)


class Notice(PeerNotice, kw_only=True):
    """A trade event on its way to the merchant's notify_url, with everything that was tried."""

    number: str
    app_id: str
    url: str
    fields: dict[str, str]


class FaultKind(StrEnum):
    """What may happen to a notice on its way, to a gateway call, and to a bill."""

    LOSE = "lose"
    DELAY = "delay"
    DUPLICATE = "duplicate"
    HOLD = "hold"
    FORGE = "forge"
    WRONG_AMOUNT = "wrong_amount"
    WRONG_APP = "wrong_app"
    WRONG_SELLER = "wrong_seller"

    TIMEOUT = "timeout"
    TIMEOUT_AFTER = "timeout_after"
    ERROR_BEFORE = "error_before"
    ERROR_AFTER = "error_after"
    UNSIGNED = "unsigned"
    BAD_SIGNATURE = "bad_signature"
    BUSY = "busy"
    SLOW_REFUND = "slow_refund"

    SKIP_ROW = "skip_row"
    ALTER_ROW = "alter_row"
    NOT_READY = "not_ready"


BILL_FAULTS = frozenset({FaultKind.SKIP_ROW, FaultKind.ALTER_ROW, FaultKind.NOT_READY})
"""Faults of bills: a row left out, a row with a cent more, no bill yet."""

CALL_FAULTS = frozenset(
    {
        FaultKind.TIMEOUT,
        FaultKind.TIMEOUT_AFTER,
        FaultKind.ERROR_BEFORE,
        FaultKind.ERROR_AFTER,
        FaultKind.UNSIGNED,
        FaultKind.BAD_SIGNATURE,
        FaultKind.BUSY,
        FaultKind.SLOW_REFUND,
    }
)
"""Faults of gateway calls; every kind that is in neither set is one of notices."""


class Fault(PeerFault, kw_only=True):
    """A fault to make: see PeerFault. In a bill, a refund's `number` is its own."""

    kind: FaultKind
    #: Gateway calls only: the method it applies to, or every one but the cashier redirect.
    method: str | None = None


class Delivery(PeerDelivery, frozen=True, kw_only=True):
    """One line of a drain's account: which notice, when by the simulator clock, and what came of it."""

    number: str
    trade_status: str
