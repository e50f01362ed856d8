"""What clients send about purchases."""

from typing import Annotated

from msgspec import Meta

from merx.api.core.requests import Input
from merx.payments.providers import Device


class StartPayment(Input, frozen=True, kw_only=True):
    """Where the payer is. `openid` is their name towards the shop's WeChat application, for paying inside WeChat."""

    device: Device = Device.DESKTOP
    openid: Annotated[str, Meta(min_length=1, max_length=128)] | None = None
