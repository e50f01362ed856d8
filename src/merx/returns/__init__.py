"""After-sales: a buyer asks for money back, the seller answers, goods come back, the platform decides if they differ.

A case moves along the table in `states.py` by compare-and-set under its order's lock, in the same transaction as the
units of the order, the stock, the refund and the event. The money is a refund of its own; the case is settled when the
provider has paid it back.
"""

from merx.returns.access import buyer_return, get_return, seller_return
from merx.returns.answer_return import approve_return, inspect_return, propose_amount, reject_return
from merx.returns.decide_return import decide_return, escalate_for_buyer, escalate_for_seller
from merx.returns.errors import (
    BadProposal,
    BadReturn,
    BadReturnReason,
    NotReturnable,
    NotShippedYet,
    ReturnDecided,
    ReturnMoved,
    TooManyPictures,
    UnknownPicture,
    UnknownReturn,
)
from merx.returns.follow_return import accept_proposal, decline_proposal, send_back, withdraw_return
from merx.returns.handlers import settle_return
from merx.returns.jobs import act_on_silence
from merx.returns.model import (
    Application,
    Return,
    ReturnKind,
    ReturnLine,
    ReturnPage,
    ReturnReason,
    ReturnState,
    Wanted,
)
from merx.returns.request_return import request_return
from merx.returns.states import RETURN_STATES
from merx.returns.view import list_returns, returns_of

__all__ = [
    "RETURN_STATES",
    "Application",
    "BadProposal",
    "BadReturn",
    "BadReturnReason",
    "NotReturnable",
    "NotShippedYet",
    "Return",
    "ReturnDecided",
    "ReturnKind",
    "ReturnLine",
    "ReturnMoved",
    "ReturnPage",
    "ReturnReason",
    "ReturnState",
    "TooManyPictures",
    "UnknownPicture",
    "UnknownReturn",
    "Wanted",
    "accept_proposal",
    "act_on_silence",
    "approve_return",
    "buyer_return",
    "decide_return",
    "decline_proposal",
    "escalate_for_buyer",
    "escalate_for_seller",
    "get_return",
    "inspect_return",
    "list_returns",
    "propose_amount",
    "reject_return",
    "request_return",
    "returns_of",
    "seller_return",
    "send_back",
    "settle_return",
    "withdraw_return",
]
