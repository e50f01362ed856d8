"""What is answered besides what the queries show."""

from uuid import UUID

import msgspec


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """What the payer must do next.

    `redirect`: open `url`. `qr`: scan a code that says `qr_text`. `jsapi`: hand `jsapi` to WeChat's own script.
    `instructions`: follow them.
    """

    kind: str
    url: str = ""
    qr_text: str = ""
    jsapi: dict[str, str] = {}
    instructions: dict[str, str] = {}


class PaymentStart(msgspec.Struct, frozen=True, kw_only=True):
    """How to pay."""

    action: Action


class ChosenMethod(msgspec.Struct, frozen=True, kw_only=True):
    """The purchase is to be paid this way; the next step is to start the payment."""

    purchase_id: UUID
    payment_method: str


class Cancelled(msgspec.Struct, frozen=True, kw_only=True):
    """The purchase is cancelled."""

    purchase_id: UUID
    state: str
