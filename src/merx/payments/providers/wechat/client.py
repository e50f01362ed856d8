"""Calls to WeChat Pay's API: signed requests, bounded answers, verified on the exact bytes before they are read."""

import asyncio
import json
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import msgspec
from cryptography.hazmat.primitives.asymmetric import rsa

from merx.kit.clock import Clock
from merx.payments.providers.errors import ProviderRefused, ProviderUnavailable
from merx.payments.providers.wechat.keys import Untrusted, VerificationKeys, read_certificates, read_head
from merx.payments.providers.wechat.signing import SCHEME, sign, signed_text

PROVIDER: Final = "wechat"
_TIMEOUT: Final = httpx.Timeout(connect=3, read=8, write=5, pool=3)
_MAX_ANSWER: Final = 1024 * 1024
MAX_FILE: Final = 64 * 1024 * 1024
_FILE_SECONDS: Final = 60
_CERTIFICATES: Final = "/v3/certificates"
_USER_AGENT: Final = "Merx"
# What no repeat cures: keys, permissions, parameters. Named without underscores, as the spelling differs by interface.
_REFUSALS: Final = frozenset(
    {"APPIDMCHIDNOTMATCH", "INVALIDREQUEST", "MCHNOTEXISTS", "NOAUTH", "PARAMERROR", "USERACCOUNTABNORMAL"}
)


class ApiAnswer(msgspec.Struct, frozen=True):
    """A verified answer. `code` is empty on success, else the error's, in capitals without underscores."""

    code: str
    fields: dict[str, Any]

    def refusal(self) -> ProviderUnavailable:
        """The error of ours to raise for this code."""
        kind = ProviderRefused if self.code in _REFUSALS else ProviderUnavailable
        return kind(provider=PROVIDER, reason=self.code)


class WechatClient:
    """Signs for one merchant. Every call ends within `deadline_seconds`, a download within a minute."""

    def __init__(
        self,
        *,
        mch_id: str,
        cert_serial: str,
        private_key: rsa.RSAPrivateKey,
        secret: bytes,
        keys: VerificationKeys,
        base_url: str,
        http: httpx.AsyncClient,
        clock: Clock,
        deadline_seconds: float,
    ) -> None:
        self._mch_id = mch_id
        self._cert_serial = cert_serial
        self._private_key = private_key
        self._secret = secret
        self._keys = keys
        self._base_url = base_url.rstrip("/")
        self._http = http
        self._clock = clock
        self._deadline_seconds = deadline_seconds

    def now(self) -> datetime:
        """The time requests are signed for and answers are checked against."""
        return self._clock()

    def sign(self, *parts: str) -> str:
        """Our signature over lines of text, for what a browser hands to WeChat."""
        return sign(signed_text(*parts), self._private_key)

    async def call(self, method: str, path: str, content: Mapping[str, object] | None = None) -> ApiAnswer:
        """Call `path` (with its query) and return the verified answer, success or business error.

        Raises ProviderUnavailable: no answer, not verifiable, or the provider is busy.
        """
        if self._keys.stale(self.now()):
            await self.refresh_keys()
        body = b"" if content is None else json.dumps(content, ensure_ascii=False).encode("utf-8")
        status, headers, answer = await self._exchange(method, path, body)
        head = read_head(headers)
        try:
            try:
                self._keys.verify(head, answer, self.now())
            except Untrusted as problem:
                if not problem.unknown_serial:
                    raise
                # The provider has a new certificate: look once, then judge.
                await self.refresh_keys()
                self._keys.verify(head, answer, self.now())
        except Untrusted as problem:
            raise ProviderUnavailable(provider=PROVIDER, reason=f"HTTP {status}: {problem}") from problem
        return _read(status, answer)

    async def download(self, path: str) -> bytes:
        """A file named by a verified answer, at most 64 MiB. It is not signed: the caller checks its hash.

        Raises ProviderUnavailable.
        """
        status, _, body = await self._exchange(
            "GET", path, b"", seconds=max(_FILE_SECONDS, self._deadline_seconds), limit=MAX_FILE
        )
        if status != 200:
            raise ProviderUnavailable(provider=PROVIDER, reason=f"HTTP {status}")
        return body

    async def refresh_keys(self) -> None:
        """Download the platform certificates, at most once a minute. Raises ProviderUnavailable."""
        now = self.now()
        if not self._keys.may_refresh(now):
            return
        status, headers, body = await self._exchange("GET", _CERTIFICATES, b"")
        if status != 200:
            raise ProviderUnavailable(provider=PROVIDER, reason=f"certificates: HTTP {status}")
        try:
            certificates = read_certificates(
                read_head(headers), body, keys=self._keys, secret=self._secret, now=self.now()
            )
        except Untrusted as problem:
            raise ProviderUnavailable(provider=PROVIDER, reason=str(problem)) from problem
        self._keys.replace_certificates(certificates, now)

    async def _exchange(
        self,
        method: str,
        path: str,
        body: bytes,
        *,
        seconds: float | None = None,
        limit: int = _MAX_ANSWER,
    ) -> tuple[int, Mapping[str, str], bytes]:
        url = self._base_url + path
        try:
            async with asyncio.timeout(seconds or self._deadline_seconds):
                async with self._http.stream(
                    method,
                    url,
                    content=body,
                    headers=self._headers(method, url, body),
                    timeout=_TIMEOUT,
                    follow_redirects=False,
                ) as answer:
                    received = bytearray()
                    async for piece in answer.aiter_bytes():
                        received += piece
                        if len(received) > limit:
                            raise ProviderUnavailable(provider=PROVIDER, reason="the answer is too long")
        except (httpx.HTTPError, TimeoutError) as problem:
            raise ProviderUnavailable(provider=PROVIDER, reason=type(problem).__name__) from problem
        return answer.status_code, answer.headers, bytes(received)

    def _headers(self, method: str, url: str, body: bytes) -> dict[str, str]:
        parts = urlsplit(url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        timestamp, nonce = str(int(self.now().timestamp())), secrets.token_hex(16)
        signature = sign(signed_text(method, target, timestamp, nonce, body), self._private_key)
        named = {
            "mchid": self._mch_id,
            "nonce_str": nonce,
            "signature": signature,
            "timestamp": timestamp,
            "serial_no": self._cert_serial,
        }
        headers = {
            "accept": "application/json",
            # A compressed answer could not be verified on the bytes that were signed.
            "accept-encoding": "identity",
            "authorization": f"{SCHEME} " + ",".join(f'{name}="{value}"' for name, value in named.items()),
            "user-agent": _USER_AGENT,
        }
        if body:
            headers["content-type"] = "application/json"
        if self._keys.public_key_id is not None:
            headers["wechatpay-serial"] = self._keys.public_key_id
        return headers


def _read(status: int, body: bytes) -> ApiAnswer:
    try:
        fields = json.loads(body) if body else {}
    except (ValueError, RecursionError) as problem:
        raise ProviderUnavailable(provider=PROVIDER, reason="the answer is not JSON") from problem
    if not isinstance(fields, dict):
        raise ProviderUnavailable(provider=PROVIDER, reason="the answer has the wrong form")
    if 200 <= status < 300:
        return ApiAnswer("", fields)
    code = str(fields.get("code", "")).replace("_", "").upper()[:40]
    if not 400 <= status < 500 or status in (408, 429) or not code:
        raise ProviderUnavailable(provider=PROVIDER, reason=f"HTTP {status} {code}")
    return ApiAnswer(code, fields)
