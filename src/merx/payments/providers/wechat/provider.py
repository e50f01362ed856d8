"""WeChat Pay as a payment provider: Native, H5 and JSAPI, query, close, refund, bills, notices."""

import asyncio
import contextlib
import re
import secrets
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta, tzinfo
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import httpx

from merx.kit.clock import Clock, system_clock
from merx.kit.money import Money
from merx.payments.providers.errors import (
    BillNotReady,
    PaymentNotPossible,
    ProviderRefused,
    ProviderUnavailable,
)
from merx.payments.providers.model import (
    BalanceMovement,
    BillRow,
    Device,
    NoticeAnswer,
    PaymentRequest,
    ProviderAction,
    ProviderNotice,
    ProviderState,
    ProviderStatus,
    RefundState,
)
from merx.payments.providers.wechat.bill import FundFlowRow, read_fund_flow_bill, read_trade_bill, unpack
from merx.payments.providers.wechat.client import MAX_FILE, PROVIDER, ApiAnswer, WechatClient
from merx.payments.providers.wechat.fields import (
    CHINA,
    CURRENCY,
    MAX_FEN,
    amount_of,
    format_time,
    is_number,
    is_refund_number,
    parse_refund_state,
    parse_state,
    parse_time,
    reference_of,
    text_of,
)
from merx.payments.providers.wechat.keys import VerificationKeys
from merx.payments.providers.wechat.notice import MerchantIdentity, UnknownKey, read_notice
from merx.payments.providers.wechat.signing import SECRET_BYTES, load_private_key, load_public_key

_PAY: Final = "/v3/pay/transactions"
_REFUNDS: Final = "/v3/refund/domestic/refunds"
_ABSENT: Final = frozenset({"ORDERNOTEXIST", "RESOURCENOTEXISTS"})
_NOT_CLOSABLE: Final = frozenset({"ORDERPAID", "ORDERCLOSED", "ORDERREVERSED", "TRADEERROR"})
_NO_BILL: Final = "NOSTATEMENTEXIST"
_BILL_NOT_READY: Final = "STATEMENTCREATING"
_BILL_HOUR: Final = time(10)
_DESCRIPTION_LENGTH: Final = 127
_REASON_LENGTH: Final = 80
# Control characters, and the mark that separates the columns of a bill.
_NOT_IN_TEXT: Final = re.compile(r"[`\x00-\x1f\x7f]+")


class WechatProvider:
    """WeChat Pay for one application and one merchant. Takes CNY; one instance serves a whole process.

    It keeps nothing but the provider's public keys.
    """

    code: Final = PROVIDER
    label: Final[Mapping[str, str]] = MappingProxyType({"zh-CN": "微信支付", "en": "WeChat Pay"})
    currencies: Final = frozenset({CURRENCY})
    bill_code: Final = PROVIDER
    bill_zone: Final[tzinfo] = CHINA
    acknowledgement: Final = NoticeAnswer(
        status=200, media_type="application/json", body='{"code":"SUCCESS","message":"成功"}'.encode()
    )
    refusal: Final = NoticeAnswer(
        status=401, media_type="application/json", body='{"code":"FAIL","message":"失败"}'.encode()
    )

    def __init__(
        self,
        *,
        app_id: str,
        mch_id: str,
        cert_serial: str,
        private_key_pem: str,
        api_v3_key: str,
        base_url: str,
        http: httpx.AsyncClient,
        public_key_id: str | None = None,
        public_key_pem: str | None = None,
        clock: Clock = system_clock,
        deadline_seconds: float = 10,
    ) -> None:
        """`http` is closed by `aclose`. With a public key and its id, public-key mode; else platform certificates.

        Raises ValueError when a key is not one, or the two of the public key are not given together.
        """
        if (public_key_id is None) != (public_key_pem is None):
            raise ValueError("a WeChat Pay public key and its id are given together")
        secret = api_v3_key.encode("ascii")
        if len(secret) != SECRET_BYTES:
            raise ValueError("the API v3 key of WeChat Pay has 32 characters")
        self._http = http
        self._keys = VerificationKeys(
            public_key_id=public_key_id,
            public_key=None if public_key_pem is None else load_public_key(public_key_pem),
        )
        self._merchant = MerchantIdentity(app_id=app_id, mch_id=mch_id, secret=secret, keys=self._keys)
        self._client = WechatClient(
            mch_id=mch_id,
            cert_serial=cert_serial,
            private_key=load_private_key(private_key_pem),
            secret=secret,
            keys=self._keys,
            base_url=base_url,
            http=http,
            clock=clock,
            deadline_seconds=deadline_seconds,
        )
        self._refreshing: asyncio.Task[None] | None = None

    async def start(self, request: PaymentRequest) -> ProviderAction:
        """Order at WeChat Pay: a QR code for a desktop, a link for a phone, bridge parameters inside WeChat.

        Inside WeChat without `openid` there is only the QR code. Raises PaymentNotPossible, ProviderUnavailable.
        """
        _check(request)
        content = self._order(request)
        if request.device is Device.PHONE:
            scene = {"payer_client_ip": request.client_ip, "h5_info": {"type": "Wap"}}
            url = await self._ordered("h5", {**content, "scene_info": scene}, "h5_url")
            back = quote(request.return_url, safe="")
            return ProviderAction(
                kind="redirect", url=f"{url}{'&' if '?' in url else '?'}redirect_url={back}"
            )
        content["scene_info"] = {"payer_client_ip": request.client_ip}
        if request.device is Device.WECHAT and request.openid is not None:
            prepay_id = await self._ordered(
                "jsapi", {**content, "payer": {"openid": request.openid}}, "prepay_id"
            )
            return ProviderAction(kind="jsapi", jsapi=self._bridge(prepay_id))
        return ProviderAction(kind="qr", qr_text=await self._ordered("native", content, "code_url"))

    async def query(self, number: str) -> ProviderState:
        """The order as WeChat Pay has it. Raises ProviderUnavailable: then nothing is known."""
        mch_id = urlencode({"mchid": self._merchant.mch_id})
        answer = await self._client.call("GET", f"{_PAY}/out-trade-no/{quote(number, safe='')}?{mch_id}")
        if answer.code in _ABSENT:
            return _state_of(number, ProviderStatus.UNKNOWN, answer.code)
        if answer.code:
            raise answer.refusal()
        return self._state(answer, number)

    async def close(self, number: str) -> ProviderState:
        """Close the order and report where it stands: CLOSED, CAPTURED when the payer was first, or UNKNOWN.

        Raises ProviderUnavailable.
        """
        answer = await self._client.call(
            "POST",
            f"{_PAY}/out-trade-no/{quote(number, safe='')}/close",
            {"mchid": self._merchant.mch_id},
        )
        if answer.code in _ABSENT:
            return _state_of(number, ProviderStatus.UNKNOWN, answer.code)
        if answer.code in _NOT_CLOSABLE:
            return await self.query(number)
        if answer.code:
            raise answer.refusal()
        return _state_of(number, ProviderStatus.CLOSED, "CLOSED")

    async def refund(self, *, number: str, refund_number: str, amount: Money, reason: str = "") -> bool:
        """Refund a part or the whole of a paid order, `refund_number` being the `out_refund_no`.

        Asks for the order first, because WeChat Pay wants its total. True when the money went back, False when the
        refund is accepted and not done. Raises ProviderUnavailable when the outcome is unknown, ProviderRefused when
        no repeat can succeed, or the refund has failed.
        """
        if (
            amount.currency != CURRENCY
            or not 0 < amount.amount <= MAX_FEN
            or not is_refund_number(refund_number)
        ):
            raise ProviderRefused(provider=self.code, reason="not a refund in Chinese yuan with a number")
        order = await self.query(number)
        if order.amount is None or order.status is not ProviderStatus.CAPTURED:
            raise ProviderRefused(provider=self.code, reason=f"the payment is {order.raw_status}")
        content: dict[str, Any] = {
            "out_trade_no": number,
            "out_refund_no": refund_number,
            "amount": {"refund": amount.amount, "total": order.amount.amount, "currency": CURRENCY},
        }
        if cleaned := _clean(reason, _REASON_LENGTH):
            content["reason"] = cleaned
        answer = await self._client.call("POST", _REFUNDS, content)
        if answer.code in _ABSENT:
            raise ProviderRefused(provider=self.code, reason=answer.code)
        if answer.code:
            raise answer.refusal()
        state = self._refund_state(answer, number, refund_number, amount)
        if state is RefundState.FAILED:
            raise ProviderRefused(provider=self.code, reason=str(answer.fields["status"]))
        return state is RefundState.SUCCEEDED

    async def refund_state(self, *, number: str, refund_number: str, amount: Money) -> RefundState:
        """What became of a refund; UNKNOWN when WeChat Pay has none of this number. Raises ProviderUnavailable."""
        answer = await self._client.call("GET", f"{_REFUNDS}/{quote(refund_number, safe='')}")
        if answer.code in _ABSENT:
            return RefundState.UNKNOWN
        if answer.code:
            raise answer.refusal()
        return self._refund_state(answer, number, refund_number, amount)

    async def bill(self, day: date) -> list[BillRow]:
        """Payments and refunds of one Chinese day. A day without any is an empty list.

        Raises BillNotReady until ten o'clock of the next day and while the bill is being made, ProviderUnavailable.
        """
        text = await self._bill_text("tradebill", day, {"bill_type": "ALL"})
        if text is None:
            return []
        try:
            return read_trade_bill(text, app_id=self._merchant.app_id, mch_id=self._merchant.mch_id)
        except ValueError as problem:
            raise ProviderUnavailable(provider=self.code, reason=str(problem)) from problem

    async def fund_flow(self, day: date) -> list[FundFlowRow]:
        """The movements of the merchant's basic account in one Chinese day. Raises as `bill` does."""
        text = await self._bill_text("fundflowbill", day, {"account_type": "BASIC"})
        if text is None:
            return []
        try:
            return read_fund_flow_bill(text)
        except ValueError as problem:
            raise ProviderUnavailable(provider=self.code, reason=str(problem)) from problem

    async def movements(self, day: date) -> list[BalanceMovement]:
        """How the basic account moved in one Chinese day, by the provider's own numbers. Raises as `bill` does."""
        return [
            BalanceMovement(
                reference=row.reference,
                amount=row.amount
                if row.direction == "in"
                else Money(-row.amount.amount, row.amount.currency),
            )
            for row in await self.fund_flow(day)
        ]

    def parse_notice(self, headers: Mapping[str, str], body: bytes) -> ProviderNotice:
        """Verify and read a notice. Raises NoticeRejected.

        A notice signed with a certificate we have not seen is refused like a forged one, and the certificates are
        downloaded meanwhile: WeChat Pay sends it again after 15 seconds.
        """
        try:
            return read_notice(
                headers, body, merchant=self._merchant, provider=self.code, now=self._client.now()
            )
        except UnknownKey:
            self._refresh_soon()
            raise

    async def aclose(self) -> None:
        """Close the HTTP client."""
        if self._refreshing is not None:
            self._refreshing.cancel()
            await asyncio.gather(self._refreshing, return_exceptions=True)
        await self._http.aclose()

    def _refresh_soon(self) -> None:
        if self._refreshing is not None and not self._refreshing.done():
            return
        with contextlib.suppress(RuntimeError):  # no event loop runs: there is nobody to do it
            self._refreshing = asyncio.get_running_loop().create_task(self._refresh())

    async def _refresh(self) -> None:
        with contextlib.suppress(ProviderUnavailable):
            await self._client.refresh_keys()

    def _order(self, request: PaymentRequest) -> dict[str, Any]:
        return {
            "appid": self._merchant.app_id,
            "mchid": self._merchant.mch_id,
            "description": _clean(request.subject, _DESCRIPTION_LENGTH) or request.number,
            "out_trade_no": request.number,
            "time_expire": format_time(request.expires_at),
            "notify_url": request.notify_url,
            "amount": {"total": request.amount.amount, "currency": CURRENCY},
        }

    async def _ordered(self, way: str, content: dict[str, Any], name: str) -> str:
        answer = await self._client.call("POST", f"{_PAY}/{way}", content)
        if answer.code:
            raise answer.refusal()
        try:
            return text_of(answer.fields, name)
        except ValueError as problem:
            raise ProviderUnavailable(provider=self.code, reason=str(problem)) from problem

    def _bridge(self, prepay_id: str) -> dict[str, str]:
        timestamp, nonce = str(int(self._client.now().timestamp())), secrets.token_hex(16)
        package = f"prepay_id={prepay_id}"
        return {
            "appId": self._merchant.app_id,
            "timeStamp": timestamp,
            "nonceStr": nonce,
            "package": package,
            "signType": "RSA",
            "paySign": self._client.sign(self._merchant.app_id, timestamp, nonce, package),
        }

    def _state(self, answer: ApiAnswer, number: str) -> ProviderState:
        fields = answer.fields
        # The signature covers the answer but not the question: an old answer about another order is signed, too.
        self._same(fields, out_trade_no=number, mchid=self._merchant.mch_id, appid=self._merchant.app_id)
        try:
            raw_status = text_of(fields, "trade_state")
            status = parse_state(raw_status)
            captured = status is ProviderStatus.CAPTURED
            return ProviderState(
                status=status,
                number=number,
                provider_reference=reference_of(fields, "transaction_id") if captured else None,
                amount=amount_of(fields, "total") if captured else None,
                paid_at=parse_time(text_of(fields, "success_time")) if captured else None,
                raw_status=raw_status,
            )
        except ValueError as problem:
            raise ProviderUnavailable(provider=self.code, reason=str(problem)) from problem

    def _refund_state(self, answer: ApiAnswer, number: str, refund_number: str, amount: Money) -> RefundState:
        self._same(answer.fields, out_trade_no=number, out_refund_no=refund_number)
        try:
            known, state = (
                amount_of(answer.fields, "refund"),
                parse_refund_state(text_of(answer.fields, "status")),
            )
        except ValueError as problem:
            raise ProviderUnavailable(provider=self.code, reason=str(problem)) from problem
        if known != amount:
            # Under a number that was used before, WeChat Pay tells of the refund it made then.
            raise ProviderRefused(
                provider=self.code, reason="the number belongs to a refund of another amount"
            )
        return state

    def _same(self, fields: Mapping[str, Any], **expected: str) -> None:
        if any(fields.get(name) != value for name, value in expected.items()):
            raise ProviderUnavailable(provider=self.code, reason="the answer is about something else")

    async def _bill_text(self, kind: str, day: date, options: dict[str, str]) -> str | None:
        """The text of a bill, None when WeChat Pay says that this day has none."""
        ready_at = datetime.combine(day + timedelta(days=1), _BILL_HOUR, CHINA)
        if self._client.now() < ready_at:
            raise BillNotReady(provider=self.code, day=day.isoformat())
        query = urlencode({"bill_date": day.isoformat(), **options, "tar_type": "GZIP"})
        answer = await self._client.call("GET", f"/v3/bill/{kind}?{query}")
        if answer.code == _BILL_NOT_READY:
            raise BillNotReady(provider=self.code, day=day.isoformat())
        if answer.code == _NO_BILL:
            return None
        if answer.code:
            raise answer.refusal()
        if answer.fields.get("hash_type") != "SHA1":
            raise ProviderUnavailable(provider=self.code, reason="the bill's hash is of an unknown kind")
        try:
            address = urlsplit(text_of(answer.fields, "download_url"))
            # Only the path: the bill is fetched from where we are configured to, whatever host is named.
            file = await self._client.download(f"{address.path}?{address.query}")
            return unpack(file, sha1=text_of(answer.fields, "hash_value"), limit=MAX_FILE)
        except ValueError as problem:
            raise ProviderUnavailable(provider=self.code, reason=str(problem)) from problem


def _check(request: PaymentRequest) -> None:
    reason = None
    if request.amount.currency != CURRENCY:
        reason = "it takes Chinese yuan only"
    elif not 0 < request.amount.amount <= MAX_FEN:
        reason = "the amount is outside its range"
    elif not is_number(request.number):
        reason = "the payment number has the wrong form"
    elif not (_is_bare_address(request.notify_url) and _is_bare_address(request.return_url)):
        reason = "an address is not absolute or has a query string"
    if reason is not None:
        raise PaymentNotPossible(provider=WechatProvider.code, reason=reason)


def _is_bare_address(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not (parts.query or parts.fragment)


def _clean(text: str, length: int) -> str:
    return _NOT_IN_TEXT.sub(" ", text).strip()[:length].strip()


def _state_of(number: str, status: ProviderStatus, raw_status: str) -> ProviderState:
    return ProviderState(
        status=status,
        number=number,
        provider_reference=None,
        amount=None,
        paid_at=None,
        raw_status=raw_status,
    )
