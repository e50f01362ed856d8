"""Where payment providers and returning browsers arrive. Not part of the API: each provider speaks its own protocol."""

import asyncio
from contextlib import suppress
from typing import Final
from uuid import UUID

from litestar import Response, get, post
from litestar.exceptions import HTTPException
from litestar.params import FromPath

from merx.api.core.answers import PRIVATE, Answer
from merx.api.core.reading import ApiRequest
from merx.cashier import ask_provider, receive_notice
from merx.kit import links
from merx.kit.errors import Unavailable
from merx.payments import find_by_number
from merx.payments.providers import NoticeProvider, NoticeRejected
from merx.services import Services

MAX_NOTICE_BYTES: Final = 64 * 1024


ASK_SECONDS: Final = 3.0
"""How long a returning browser waits for our question; its page asks again."""


@post(
    "/payments/{provider:str}/notify",
    status_code=200,
    request_max_body_size=MAX_NOTICE_BYTES,
    include_in_schema=False,
)
async def take_notice(request: ApiRequest, provider: FromPath[str]) -> Answer:
    """Take a provider's notice and answer in its words.

    A notice that must not be believed gets the provider's answer for "send it again": a genuine one that we misread
    comes again, and a forger learns nothing.
    """
    services: Services = request.app.state.services
    peer = services.providers.able(provider, NoticeProvider)
    length = request.headers.get("content-length", "0")
    if not length.isdigit() or int(length) > MAX_NOTICE_BYTES:
        raise HTTPException(status_code=413)
    body = await request.body()
    try:
        reply = await receive_notice(
            services.db,
            peer,
            headers=dict(request.headers),
            body=body,
            now=services.clock(),
            queue=services.notices,
        )
    except NoticeRejected:
        reply = peer.refusal
    return Response(
        reply.body, status_code=reply.status, media_type=reply.media_type or None, headers=PRIVATE
    )


@get("/payments/{provider:str}/return/{purchase_id:uuid}", include_in_schema=False)
async def come_back(
    request: ApiRequest, provider: FromPath[str], purchase_id: FromPath[UUID]
) -> Response[None]:
    """Lead a browser that comes from the provider to its purchase, whether or not it has paid.

    What it says proves nothing: when the provider signed it, we ask about that payment, and do not wait long.
    """
    services: Services = request.app.state.services
    peer = services.providers.get(provider)
    number = peer.parse_return(request.scope["query_string"].decode("ascii", "replace"))
    if number is not None:
        async with services.db.read() as tx:
            payment = await find_by_number(tx, number=number, provider=peer.code)
        if payment is not None:
            with suppress(Unavailable, TimeoutError):
                async with asyncio.timeout(ASK_SECONDS):
                    await ask_provider(
                        services.db, services.providers, payment_id=payment.id, now=services.clock()
                    )
    return Response(None, status_code=303, headers={**PRIVATE, "Location": links.purchase(purchase_id)})


handlers = [take_notice, come_back]
