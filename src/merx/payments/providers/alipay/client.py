"""Calls to Alipay's gateway: one signed POST, a bounded answer, its signature verified on the exact bytes sent."""

import asyncio
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import httpx
import msgspec
from cryptography.hazmat.primitives.asymmetric import rsa

from merx.kit.clock import Clock
from merx.payments.providers.alipay.fields import format_time
from merx.payments.providers.alipay.signing import SIGN_TYPE, AlipayKeys, is_signed, request_text, sign
from merx.payments.providers.errors import ProviderRefused, ProviderUnavailable

_PROVIDER: Final = "alipay"
_TIMEOUT: Final = httpx.Timeout(connect=3, read=8, write=5, pool=3)
_MAX_ANSWER: Final = 1024 * 1024
_DOWNLOAD_SECONDS: Final = 120
_OK: Final = 200
_WHITESPACE: Final = " \t\r\n"
_DECODER: Final = json.JSONDecoder()


class GatewayAnswer(msgspec.Struct, frozen=True):
    """A verified answer: `code` 10000 is success, 40004 a business refusal named by `sub_code`."""

    code: str
    sub_code: str
    fields: dict[str, Any]

    def text(self, name: str) -> str:
        """A text field; ProviderUnavailable when the answer does not carry it."""
        value = self.fields.get(name)
        if not isinstance(value, str) or not value:
            raise ProviderUnavailable(provider=_PROVIDER, reason=f"the answer lacks {name}")
        return value

    def optional_text(self, name: str) -> str | None:
        """A text field, or None."""
        value = self.fields.get(name)
        return value if isinstance(value, str) and value else None


class AlipayClient:
    """Signs for one application. Every call ends within `deadline_seconds`, whatever the other side does."""

    def __init__(
        self,
        *,
        app_id: str,
        private_key: rsa.RSAPrivateKey,
        alipay_keys: AlipayKeys,
        gateway_url: str,
        http: httpx.AsyncClient,
        clock: Clock,
        deadline_seconds: float,
        certificates: Mapping[str, str] | None = None,
    ) -> None:
        """`certificates` are the parameters that certificate mode adds to each call."""
        self._app_id = app_id
        self._private_key = private_key
        self._alipay_keys = alipay_keys
        self._certificates = dict(certificates or {})
        self._gateway_url = gateway_url
        self._http = http
        self._clock = clock
        self._deadline_seconds = deadline_seconds

    def signed_parameters(self, method: str, content: Mapping[str, object], **common: str) -> dict[str, str]:
        """The complete parameters of a call, for a POST or for a browser's redirect."""
        parameters = {
            "app_id": self._app_id,
            "method": method,
            "format": "JSON",
            "charset": "utf-8",
            "sign_type": SIGN_TYPE,
            "timestamp": format_time(self._now()),
            "version": "1.0",
            "biz_content": json.dumps(content, ensure_ascii=False, separators=(",", ":")),
            **self._certificates,
            **common,
        }
        parameters["sign"] = sign(request_text(parameters), self._private_key)
        return parameters

    async def call(self, method: str, content: Mapping[str, object], **common: str) -> GatewayAnswer:
        """Call a method and return its verified answer, success or business refusal.

        `common` are parameters beside the content. Raises ProviderUnavailable (no answer, not HTTP 200, not verifiable, provider busy) and ProviderRefused.
        """
        parameters = self.signed_parameters(method, content, **common)
        try:
            async with asyncio.timeout(self._deadline_seconds):
                text = await self._post(parameters)
        except (httpx.HTTPError, TimeoutError, UnicodeDecodeError) as problem:
            raise ProviderUnavailable(provider=_PROVIDER, reason=type(problem).__name__) from problem
        return read_answer(text, method=method, keys=self._alipay_keys)

    async def download(self, url: str, *, limit: int) -> bytes:
        """Fetch a file, at most `limit` bytes. It is not signed: only its address came in a signed answer.

        Raises ProviderUnavailable.
        """
        if urlsplit(url).scheme not in ("http", "https"):
            raise ProviderUnavailable(provider=_PROVIDER, reason="the address of the file is not one")
        try:
            async with asyncio.timeout(_DOWNLOAD_SECONDS):
                return await self._read("GET", url, headers={"accept-encoding": "identity"}, limit=limit)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as problem:
            raise ProviderUnavailable(provider=_PROVIDER, reason=type(problem).__name__) from problem

    async def _post(self, parameters: dict[str, str]) -> str:
        # The gateway reads the charset from the query before it can decode the form.
        url = f"{self._gateway_url}?{urlencode({'charset': parameters['charset']})}"
        form = urlencode({name: value for name, value in parameters.items() if name != "charset"})
        headers = {
            "content-type": "application/x-www-form-urlencoded; charset=utf-8",
            "accept-encoding": "identity",
        }
        body = await self._read("POST", url, headers=headers, content=form.encode("ascii"), limit=_MAX_ANSWER)
        return body.decode("utf-8")

    async def _read(
        self, method: str, url: str, *, headers: dict[str, str], limit: int, content: bytes | None = None
    ) -> bytes:
        async with self._http.stream(
            method, url, content=content, headers=headers, timeout=_TIMEOUT, follow_redirects=False
        ) as answer:
            if answer.status_code != _OK:
                raise ProviderUnavailable(provider=_PROVIDER, reason=f"HTTP {answer.status_code}")
            body = bytearray()
            async for piece in answer.aiter_bytes():
                body += piece
                if len(body) > limit:
                    raise ProviderUnavailable(provider=_PROVIDER, reason="the answer is too long")
        return bytes(body)

    def _now(self) -> datetime:
        return self._clock()


def read_answer(text: str, *, method: str, keys: AlipayKeys) -> GatewayAnswer:
    """Verify and read a gateway answer. Only the text that was signed is ever interpreted. Pure.

    Raises ProviderUnavailable and ProviderRefused as `AlipayClient.call` does.
    """
    try:
        members = _members(text)
    except (ValueError, RecursionError) as problem:
        raise ProviderUnavailable(provider=_PROVIDER, reason="the answer is not JSON") from problem
    node = method.replace(".", "_") + "_response"
    name = node if node in members else "error_response"
    signature = members.get("sign", ("", None))[1]
    if name not in members or not isinstance(signature, str):
        raise ProviderUnavailable(provider=_PROVIDER, reason="the answer is not signed")
    signed_text, fields = members[name]
    cert_sn = members.get("alipay_cert_sn", ("", None))[1]
    key = keys.of(cert_sn if isinstance(cert_sn, str) else None)
    if key is None:
        raise ProviderUnavailable(provider=_PROVIDER, reason="the answer is signed with another certificate")
    if not is_signed(signed_text, signature, key):
        raise ProviderUnavailable(provider=_PROVIDER, reason="the answer's signature is not valid")
    if not isinstance(fields, dict):
        raise ProviderUnavailable(provider=_PROVIDER, reason="the answer has the wrong form")
    code, sub_code = str(fields.get("code", "")), str(fields.get("sub_code", ""))
    if name == node and code in ("10000", "40004"):
        return GatewayAnswer(code, sub_code, fields)
    reason = f"{code} {sub_code}"
    if code in ("40001", "40002", "40003", "40006", "20001"):
        raise ProviderRefused(provider=_PROVIDER, reason=reason)
    raise ProviderUnavailable(provider=_PROVIDER, reason=reason)


def _members(text: str) -> dict[str, tuple[str, Any]]:
    """The members of a JSON object, each with its exact text. Raises ValueError, also on a repeated name."""
    members: dict[str, tuple[str, Any]] = {}
    position = _past(text, _skip(text, 0), "{")
    while True:
        position = _skip(text, position)
        name, position = _DECODER.raw_decode(text, position)
        start = _skip(text, _past(text, _skip(text, position), ":"))
        value, end = _DECODER.raw_decode(text, start)
        if not isinstance(name, str) or name in members:
            raise ValueError("not an object with distinct names")
        members[name] = text[start:end], value
        position = _skip(text, end)
        if text[position : position + 1] == "}":
            break
        position = _past(text, position, ",")
    if text[position + 1 :].strip(_WHITESPACE):
        raise ValueError("text after the object")
    return members


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position] in _WHITESPACE:
        position += 1
    return position


def _past(text: str, position: int, mark: str) -> int:
    if text[position : position + 1] != mark:
        raise ValueError(f"{mark} expected")
    return position + 1
