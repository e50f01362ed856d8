"""What the simulated provider remembers and what faults it can be told to make."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from merx.simulators.common.model import PeerDelivery, PeerFault, PeerNotice


class WechatMerchant(msgspec.Struct, frozen=True, kw_only=True):
    """A merchant the provider knows: who may call, the key that proves it, and the secret that seals notices."""

    app_id: str
    mch_id: str
    cert_serial: str
    public_pem: str
    api_v3_key: str
    name: str = "Merx 演示商城 · Merx demo shop"


class TradeState(StrEnum):
    """The provider's own words."""

    NOTPAY = "NOTPAY"
    SUCCESS = "SUCCESS"
    REFUND = "REFUND"
    CLOSED = "CLOSED"


class Way(StrEnum):
    """How an order is to be paid; the value is the end of the address, and half of the `trade_type`."""

    NATIVE = "native"
    JSAPI = "jsapi"
    H5 = "h5"

    @property
    def trade_type(self) -> str:
        """The provider's name of it."""
        return {Way.NATIVE: "NATIVE", Way.JSAPI: "JSAPI", Way.H5: "MWEB"}[self]


class Refund(msgspec.Struct, kw_only=True):
    """Money given back under the merchant's `refund_number`; under way until `done_at`, then in `outcome`."""

    refund_number: str
    refund_id: str
    amount_fen: int
    reason: str
    notify_url: str
    created_at: datetime
    done_at: datetime
    outcome: str = "SUCCESS"
    announced: bool = False

    def status(self, now: datetime) -> str:
        """SUCCESS, PROCESSING, CLOSED or ABNORMAL."""
        return self.outcome if now >= self.done_at else "PROCESSING"


class Order(msgspec.Struct, kw_only=True):
    """One order of one merchant; `number` is the merchant's, `transaction_id` the provider's."""

    app_id: str
    mch_id: str
    number: str
    transaction_id: str
    token: str
    way: Way
    description: str
    amount_fen: int
    state: TradeState
    created_at: datetime
    expires_at: datetime
    notify_url: str
    attach: str = ""
    openid: str = ""
    paid_at: datetime | None = None
    closed_at: datetime | None = None
    refunds: list[Refund] = []

    @property
    def refunded_fen(self) -> int:
        """What is on its way back or was given back; a refund that failed gives nothing."""
        return sum(refund.amount_fen for refund in self.refunds if refund.outcome == "SUCCESS")


class Notice(PeerNotice, kw_only=True):
    """An event on its way to the merchant's notify_url, with everything that was tried."""

    number: str
    mch_id: str
    url: str
    event_type: str
    summary: str
    created_at: datetime
    resource: dict[str, Any]


class FaultKind(StrEnum):
    """What may happen to a notice on its way, to a call, and to a bill."""

    LOSE = "lose"
    DELAY = "delay"
    DUPLICATE = "duplicate"
    HOLD = "hold"
    FORGE = "forge"
    WRONG_AMOUNT = "wrong_amount"
    WRONG_APP = "wrong_app"
    WRONG_SELLER = "wrong_seller"
    PROBE = "probe"
    """The provider's own test: a signature that begins with WECHATPAY/SIGNTEST/ and must be refused."""
    OLD = "old"
    """Signed ten minutes ago."""

    TIMEOUT = "timeout"
    TIMEOUT_AFTER = "timeout_after"
    ERROR_BEFORE = "error_before"
    ERROR_AFTER = "error_after"
    UNSIGNED = "unsigned"
    BAD_SIGNATURE = "bad_signature"
    BUSY = "busy"
    SLOW_REFUND = "slow_refund"
    CLOSED_REFUND = "closed_refund"
    ABNORMAL_REFUND = "abnormal_refund"

    SKIP_ROW = "skip_row"
    ALTER_ROW = "alter_row"
    NOT_READY = "not_ready"


NOTICE_FAULTS = frozenset(
    {
        FaultKind.LOSE,
        FaultKind.DELAY,
        FaultKind.DUPLICATE,
        FaultKind.HOLD,
        FaultKind.FORGE,
        FaultKind.WRONG_AMOUNT,
        FaultKind.WRONG_APP,
        FaultKind.WRONG_SELLER,
        FaultKind.PROBE,
        FaultKind.OLD,
    }
)
REFUND_FAULTS = frozenset({FaultKind.SLOW_REFUND, FaultKind.CLOSED_REFUND, FaultKind.ABNORMAL_REFUND})
BILL_FAULTS = frozenset({FaultKind.SKIP_ROW, FaultKind.ALTER_ROW, FaultKind.NOT_READY})
CALL_FAULTS = frozenset(FaultKind) - NOTICE_FAULTS - REFUND_FAULTS - BILL_FAULTS


class Fault(PeerFault, kw_only=True):
    """A fault to make: see PeerFault."""

    kind: FaultKind
    #: Calls only: the path must contain this, or any path will do.
    path: str | None = None


class Delivery(PeerDelivery, frozen=True, kw_only=True):
    """One line of a drain's account: which notice, when by the simulator clock, and what came of it."""

    number: str
    event_type: str


class PlatformKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key the provider signs with, and its certificate."""

    serial: str
    private_pem: str
    certificate_pem: str


class KeyState(msgspec.Struct, kw_only=True):
    """The platform certificates, oldest first, and whether notices are signed with the newest of them."""

    certificates: list[PlatformKey] = []
    notices_by_certificate: bool = False
