"""After-sales: a buyer asks for money back or an exchange, the seller answers, the platform decides if they differ.

A case moves along the table in `states.py` by compare-and-set under its order's lock, in the same transaction as the
units of the order, the stock, the refund and the event. The money is a refund of its own; the case is settled when the
provider has paid it back, an exchange when its replacement has left.
"""

from merx.returns.access import get_return
from merx.returns.answer_return import (
    approve_as_refund,
    approve_return,
    inspect_return,
    propose_amount,
    reject_return,
)
from merx.returns.decide_return import decide_return, escalate_return
from merx.returns.errors import (
    BadProposal,
    BadReturn,
    BadReturnReason,
    MixedUnits,
    NoMoneyInExchange,
    NoReplacement,
    NotAnExchange,
    NotExchangeable,
    NotReturnable,
    NotShippedYet,
    OnlyAuthorized,
    ReturnDecided,
    ReturnMoved,
    TooManyPictures,
    UnknownPicture,
    UnknownReturn,
)
from merx.returns.events import (
    RETURN_EVENTS,
    ReturnApproved,
    ReturnConverted,
    ReturnDeclined,
    ReturnEscalated,
    ReturnEvent,
    ReturnInspected,
    ReturnProposed,
    ReturnRejected,
    ReturnRequested,
    ReturnSentBack,
    ReturnSettled,
    ReturnWithdrawn,
)
from merx.returns.follow_return import accept_proposal, decline_proposal, send_back, withdraw_return
from merx.returns.handlers import settle_return
from merx.returns.jobs import act_on_silence
from merx.returns.model import (
    Application,
    Return,
    ReturnAction,
    ReturnKind,
    ReturnLine,
    ReturnPage,
    ReturnReason,
    ReturnState,
    Wanted,
    WantedVariant,
)
from merx.returns.record_undelivered import record_undelivered
from merx.returns.replace import refund_exchange, settle_exchange
from merx.returns.request_return import request_return
from merx.returns.rules import (
    BUYER_ANSWERS,
    ESCALATE_WITHIN,
    SELLER_ANSWERS,
    SELLER_INSPECTS,
    SELLER_REPLACES,
    actions_of,
    goods_to_send,
    is_exchangeable,
    kinds_for,
    takes_applications,
    units_held,
)
from merx.returns.settings import ReturnsSettings
from merx.returns.states import RETURN_STATES
from merx.returns.view import list_returns, returns_of

__all__ = [
    "BUYER_ANSWERS",
    "ESCALATE_WITHIN",
    "RETURN_EVENTS",
    "RETURN_STATES",
    "SELLER_ANSWERS",
    "SELLER_INSPECTS",
    "SELLER_REPLACES",
    "Application",
    "BadProposal",
    "BadReturn",
    "BadReturnReason",
    "MixedUnits",
    "NoMoneyInExchange",
    "NoReplacement",
    "NotAnExchange",
    "NotExchangeable",
    "NotReturnable",
    "NotShippedYet",
    "OnlyAuthorized",
    "Return",
    "ReturnAction",
    "ReturnApproved",
    "ReturnConverted",
    "ReturnDecided",
    "ReturnDeclined",
    "ReturnEscalated",
    "ReturnEvent",
    "ReturnInspected",
    "ReturnKind",
    "ReturnLine",
    "ReturnMoved",
    "ReturnPage",
    "ReturnProposed",
    "ReturnReason",
    "ReturnRejected",
    "ReturnRequested",
    "ReturnSentBack",
    "ReturnSettled",
    "ReturnState",
    "ReturnWithdrawn",
    "ReturnsSettings",
    "TooManyPictures",
    "UnknownPicture",
    "UnknownReturn",
    "Wanted",
    "WantedVariant",
    "accept_proposal",
    "act_on_silence",
    "actions_of",
    "approve_as_refund",
    "approve_return",
    "decide_return",
    "decline_proposal",
    "escalate_return",
    "get_return",
    "goods_to_send",
    "inspect_return",
    "is_exchangeable",
    "kinds_for",
    "list_returns",
    "propose_amount",
    "record_undelivered",
    "refund_exchange",
    "reject_return",
    "request_return",
    "returns_of",
    "send_back",
    "settle_exchange",
    "settle_return",
    "takes_applications",
    "units_held",
    "withdraw_return",
]
