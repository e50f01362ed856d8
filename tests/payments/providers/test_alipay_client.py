"""Gateway answers: only what Alipay signed is read."""

import json
from datetime import UTC, datetime

import httpx
import pytest

from merx.payments.providers.alipay.client import AlipayClient, read_answer
from merx.payments.providers.alipay.signing import AlipayKeys, load_private_key, load_public_key, sign
from merx.payments.providers.errors import ProviderRefused, ProviderUnavailable
from merx.simulators.keys import new_key_pair

PAIR, FORGER = new_key_pair(), new_key_pair()
PRIVATE = {pair.private_pem: load_private_key(pair.private_pem) for pair in (PAIR, FORGER)}
KEYS = AlipayKeys(load_public_key(PAIR.public_pem))
METHOD = "alipay.trade.query"
NODE = "alipay_trade_query_response"


def answer(fields: str, *, node: str = NODE, private_pem: str = PAIR.private_pem) -> str:
    return f'{{"{node}":{fields},"sign":"{sign(fields, PRIVATE[private_pem])}"}}'


def test_the_signature_is_checked_on_the_text_as_sent() -> None:
    # Spaces, escapes and member order that no serializer of ours would produce.
    fields = (
        '{ "code":"10000" ,"msg":"\\u6210\\u529f","nested":{"a":[1,2.50,{"b":"}\\""}]},"total_amount":"1.00"}'
    )
    assert read_answer(answer(fields), method=METHOD, keys=KEYS).fields == json.loads(fields)
    spaced = answer(fields).replace(f'"{NODE}":', f'\n "{NODE}" :\t').replace(',"sign"', ' , "sign"') + "\n"
    assert read_answer(spaced, method=METHOD, keys=KEYS).code == "10000"


def test_the_signature_may_come_first() -> None:
    fields = '{"code":"10000"}'
    text = f'{{"sign":"{sign(fields, PRIVATE[PAIR.private_pem])}","{NODE}":{fields}}}'
    assert read_answer(text, method=METHOD, keys=KEYS).code == "10000"


def test_a_business_refusal_is_an_answer() -> None:
    read = read_answer(answer('{"code":"40004","sub_code":"ACQ.TRADE_NOT_EXIST"}'), method=METHOD, keys=KEYS)
    assert (read.code, read.sub_code) == ("40004", "ACQ.TRADE_NOT_EXIST")


GOOD = answer('{"code":"10000","out_trade_no":"M1"}')


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        "<html>busy</html>",
        '{"a":1}',
        GOOD[:-1],
        GOOD + "{}",
        GOOD.replace("M1", "M2"),
        GOOD.replace('"sign"', '"nosign"'),
        f'{{"{NODE}":{{"code":"10000"}}}}',
        f'{{"{NODE}":{{"code":"10000"}},"sign":null}}',
        answer('{"code":"10000"}', private_pem=FORGER.private_pem),
        answer('{"code":"10000"}', node="alipay_trade_close_response"),
        answer('["10000"]'),
        answer('{"code":"20000","sub_code":"isp.unknow-error"}'),
        GOOD[:-1] + f',"{NODE}":{{"code":"10000","out_trade_no":"M2"}}}}',
        f'{{"{NODE}":{{"code":"10000","out_trade_no":"M2"}},' + GOOD[1:],
        '{"x":' + "[" * 100_000 + "]" * 100_000 + "}",
        "1" * 5000,
    ],
)
def test_an_answer_that_cannot_be_believed_leaves_the_outcome_unknown(text: str) -> None:
    with pytest.raises(ProviderUnavailable) as caught:
        read_answer(text, method=METHOD, keys=KEYS)
    assert not isinstance(caught.value, ProviderRefused)


@pytest.mark.parametrize("code", ["40001", "40002", "40003", "40006", "20001"])
def test_a_refusal_that_no_retry_cures_is_told_apart(code: str) -> None:
    for node in (NODE, "error_response"):
        with pytest.raises(ProviderRefused) as caught:
            read_answer(
                answer(f'{{"code":"{code}","sub_code":"isv.x"}}', node=node), method=METHOD, keys=KEYS
            )
        assert caught.value.params == {"provider": "alipay", "reason": f"{code} isv.x"}


def test_a_success_under_the_error_name_is_not_believed() -> None:
    with pytest.raises(ProviderUnavailable):
        read_answer(answer('{"code":"10000"}', node="error_response"), method=METHOD, keys=KEYS)


class Scripted(httpx.AsyncBaseTransport):
    """A gateway that answers as told and keeps what it was asked."""

    def __init__(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.status, self.body, self.headers = status, body, headers or {}
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.requests.append(request)
        return httpx.Response(self.status, content=self.body, headers=self.headers)


def client_of(transport: httpx.AsyncBaseTransport) -> AlipayClient:
    return AlipayClient(
        app_id="9021",
        private_key=load_private_key(PAIR.private_pem),
        alipay_keys=KEYS,
        gateway_url="http://alipay.test/gateway.do",
        http=httpx.AsyncClient(transport=transport, follow_redirects=True),
        clock=lambda: datetime(2026, 3, 1, 4, 0, tzinfo=UTC),
        deadline_seconds=5,
    )


@pytest.mark.parametrize(
    "transport",
    [
        Scripted(500, b""),
        Scripted(502, GOOD.encode()),
        Scripted(302, GOOD.encode(), {"location": "http://elsewhere.test/"}),
        Scripted(200, b"\xff\xfe"),
        Scripted(200, b" " * (1024 * 1024 + 1)),
    ],
)
async def test_an_answer_of_the_wrong_shape_is_unavailable_and_not_followed(transport: Scripted) -> None:
    with pytest.raises(ProviderUnavailable):
        await client_of(transport).call(METHOD, {"out_trade_no": "M1"})
    assert len(transport.requests) == 1


async def test_a_call_names_its_charset_in_the_query_and_the_rest_in_the_form() -> None:
    transport = Scripted(200, GOOD.encode())
    await client_of(transport).call(METHOD, {"out_trade_no": "M1"})
    (request,) = transport.requests
    assert request.url.query == b"charset=utf-8"
    assert b"timestamp=2026-03-01+12%3A00%3A00" in request.content
    assert b"charset" not in request.content
