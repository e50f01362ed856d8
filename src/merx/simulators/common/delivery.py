"""How a simulated provider's notices reach a merchant."""

from collections.abc import Awaitable, Callable, Mapping

import httpx
import msgspec

_ANSWER_LIMIT = 64 * 1024


class NoticeAnswer(msgspec.Struct, frozen=True):
    """What the merchant answered to a notice."""

    status: int
    body: bytes


#: POSTs a body with headers to a URL; any exception counts as "no answer".
SendNotice = Callable[[str, bytes, Mapping[str, str]], Awaitable[NoticeAnswer]]


async def post_over_network(url: str, body: bytes, headers: Mapping[str, str]) -> NoticeAnswer:
    """The real way out: one POST with a deadline, no redirects followed, an answer of bounded size."""
    async with (
        httpx.AsyncClient(timeout=10, follow_redirects=False, trust_env=False) as client,
        client.stream("POST", url, content=body, headers=dict(headers)) as answer,
    ):
        text = b""
        async for piece in answer.aiter_bytes():
            text += piece
            if len(text) > _ANSWER_LIMIT:
                break
        return NoticeAnswer(answer.status_code, text)
