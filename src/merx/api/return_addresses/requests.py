"""What clients send about where goods go back to."""

from typing import Annotated

from msgspec import Meta

from merx.api.core.requests import Input


class SetReturnAddress(Input, frozen=True, kw_only=True):
    """Where buyers send goods back to, as it is printed on a label; nothing takes it away."""

    return_address: Annotated[str, Meta(max_length=10_000)]
