"""Alipay as a payment provider: page pay, query, close, refund, notices."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import urlencode, urlsplit

import httpx

from merx.kit.clock import Clock, system_clock
from merx.kit.money import Money
from merx.payments.providers.alipay.client import AlipayClient, GatewayAnswer
from merx.payments.providers.alipay.fields import (
    CURRENCY,
    MAX_FEN,
    format_time,
    is_number,
    parse_amount,
    parse_status,
    parse_time,
)
from merx.payments.providers.alipay.notice import MerchantIdentity, read_notice, read_return
from merx.payments.providers.alipay.signing import load_private_key, load_public_key
from merx.payments.providers.errors import PaymentNotPossible, ProviderRefused, ProviderUnavailable
from merx.payments.providers.model import (
    PaymentRequest,
    ProviderAction,
    ProviderNotice,
    ProviderState,
    ProviderStatus,
)

_PAGE_PAY: Final = "alipay.trade.page.pay"
_QUERY: Final = "alipay.trade.query"
_CLOSE: Final = "alipay.trade.close"
_REFUND: Final = "alipay.trade.refund"
_REFUND_QUERY: Final = "alipay.trade.fastpay.refund.query"
_SUCCESS: Final = "10000"
_NO_TRADE: Final = "ACQ.TRADE_NOT_EXIST"
_NOT_CLOSABLE: Final = frozenset({"ACQ.TRADE_STATUS_ERROR", "ACQ.TRADE_HAS_SUCCESS", "ACQ.TRADE_HAS_CLOSE"})
# Whatever else a refund is refused with may pass: an empty balance, a frozen trade, a busy system.
_NOT_REFUNDABLE: Final = frozenset(
    {
        "ACQ.DISCORDANT_REPEAT_REQUEST",
        "ACQ.INVALID_PARAMETER",
        "ACQ.REASON_TRADE_REFUND_FEE_ERR",
        "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL",
        "ACQ.TRADE_HAS_CLOSE",
        "ACQ.TRADE_HAS_FINISHED",
        "ACQ.TRADE_NOT_ALLOW_REFUND",
        "ACQ.TRADE_NOT_EXIST",
        "ACQ.TRADE_STATUS_ERROR",
    }
)
_SUBJECT_LENGTH: Final = 256
_REASON_LENGTH: Final = 256
# The provider forbids these in a subject, and "&" or "=" would blur where a value ends in a signed text.
_NOT_IN_SUBJECT: Final = re.compile(r"[/=&\x00-\x1f\x7f]+")


class AlipayProvider:
    """Alipay for one application and one merchant account. Takes CNY; one instance serves a whole process."""

    code: Final = "alipay"
    label: Final[Mapping[str, str]] = MappingProxyType({"zh-CN": "支付宝", "en": "Alipay"})
    currencies: Final = frozenset({CURRENCY})
    acknowledge: Final = b"success"
    refuse: Final = b"failure"

    def __init__(
        self,
        *,
        app_id: str,
        seller_id: str,
        private_key_pem: str,
        alipay_public_key_pem: str,
        gateway_url: str,
        http: httpx.AsyncClient,
        clock: Clock = system_clock,
        deadline_seconds: float = 10,
        page_gateway_url: str | None = None,
    ) -> None:
        """`http` is closed by `aclose`. `page_gateway_url` is the gateway as browsers reach it, when that differs.

        Raises ValueError when a key is not an RSA key in PEM.
        """
        alipay_key = load_public_key(alipay_public_key_pem)
        self._http = http
        self._page_gateway_url = page_gateway_url or gateway_url
        self._merchant = MerchantIdentity(app_id=app_id, seller_id=seller_id, alipay_key=alipay_key)
        self._client = AlipayClient(
            app_id=app_id,
            private_key=load_private_key(private_key_pem),
            alipay_key=alipay_key,
            gateway_url=gateway_url,
            http=http,
            clock=clock,
            deadline_seconds=deadline_seconds,
        )

    async def start(self, request: PaymentRequest) -> ProviderAction:
        """A signed link to the cashier, valid until `expires_at` (cut to the second). No call is made.

        Raises PaymentNotPossible when currency, amount, number or addresses are not what Alipay takes.
        """
        _check(request)
        parameters = self._client.signed_parameters(
            _PAGE_PAY,
            {
                "out_trade_no": request.number,
                "product_code": "FAST_INSTANT_TRADE_PAY",
                "total_amount": request.amount.decimal(),
                "subject": _subject(request),
                "time_expire": format_time(request.expires_at),
            },
            notify_url=request.notify_url,
            return_url=request.return_url,
        )
        return ProviderAction(kind="redirect", url=f"{self._page_gateway_url}?{urlencode(parameters)}")

    async def query(self, number: str) -> ProviderState:
        """The trade as Alipay has it; UNKNOWN while no payer has opened the cashier.

        Raises ProviderUnavailable: then nothing is known, above all not that the payment failed.
        """
        answer = await self._client.call(_QUERY, {"out_trade_no": number})
        if answer.code != _SUCCESS:
            if answer.sub_code == _NO_TRADE:
                return _absent(number)
            raise ProviderUnavailable(provider=self.code, reason=answer.sub_code)
        return self._state(answer, number)

    async def close(self, number: str) -> ProviderState:
        """Close the trade and report where it stands: CLOSED, CAPTURED when the payer was first, or UNKNOWN.

        UNKNOWN means there was nothing to close yet: the cashier link still works until it expires.
        Raises ProviderUnavailable.
        """
        answer = await self._client.call(_CLOSE, {"out_trade_no": number})
        if answer.code != _SUCCESS:
            if answer.sub_code == _NO_TRADE:
                return _absent(number)
            if answer.sub_code in _NOT_CLOSABLE:
                return await self.query(number)
            raise ProviderUnavailable(provider=self.code, reason=answer.sub_code)
        self._same_number(answer, number)
        return ProviderState(
            status=ProviderStatus.CLOSED,
            number=number,
            provider_reference=answer.optional_text("trade_no"),
            amount=None,
            paid_at=None,
            raw_status="TRADE_CLOSED",
        )

    async def refund(self, *, number: str, refund_number: str, amount: Money, reason: str = "") -> bool:
        """Refund a part or the whole of a paid trade, `refund_number` being the `out_request_no`.

        True when the money went back, now or under an earlier call with this number; False when Alipay has accepted
        the refund and is not done. Raises ProviderUnavailable when the outcome is unknown, ProviderRefused when no
        repeat can succeed.
        """
        if amount.currency != CURRENCY or not 0 < amount.amount <= MAX_FEN or not is_number(refund_number):
            raise ProviderRefused(provider=self.code, reason="not a refund in Chinese yuan with a number")
        content = {
            "out_trade_no": number,
            "out_request_no": refund_number,
            "refund_amount": amount.decimal(),
        }
        if cleaned := _clean(reason, _REASON_LENGTH):
            content["refund_reason"] = cleaned
        answer = await self._client.call(_REFUND, content)
        if answer.code != _SUCCESS:
            kind = ProviderRefused if answer.sub_code in _NOT_REFUNDABLE else ProviderUnavailable
            raise kind(provider=self.code, reason=answer.sub_code)
        self._same_number(answer, number)
        # `refund_fee` is everything refunded of this trade: less than this refund contradicts the success.
        if answer.text("fund_change") == "Y" and _amount(answer, "refund_fee").amount >= amount.amount:
            return True
        # "N" is a repeat of a refund that is done, or one that is under way: only the query tells them apart.
        return await self._is_refunded(number, refund_number, amount)

    async def _is_refunded(self, number: str, refund_number: str, amount: Money) -> bool:
        answer = await self._client.call(
            _REFUND_QUERY, {"out_trade_no": number, "out_request_no": refund_number}
        )
        if answer.code != _SUCCESS:
            raise ProviderUnavailable(provider=self.code, reason=answer.sub_code)
        if answer.optional_text("refund_status") != "REFUND_SUCCESS":
            return False
        self._same_number(answer, number)
        if answer.text("out_request_no") != refund_number or _amount(answer, "refund_amount") != amount:
            raise ProviderUnavailable(provider=self.code, reason="the answer is about another refund")
        return True

    def parse_notice(self, headers: Mapping[str, str], body: bytes) -> ProviderNotice:
        """Verify and read an asynchronous notice. Raises NoticeRejected."""
        return read_notice(headers, body, merchant=self._merchant, provider=self.code)

    def parse_return(self, query_string: str) -> str | None:
        """Our number from a returning browser, or None. Never proof of payment."""
        return read_return(query_string, merchant=self._merchant)

    async def aclose(self) -> None:
        """Close the HTTP client."""
        await self._http.aclose()

    def _state(self, answer: GatewayAnswer, number: str) -> ProviderState:
        self._same_number(answer, number)
        paid_at = answer.optional_text("send_pay_date")
        raw_status = answer.text("trade_status")
        try:
            return ProviderState(
                status=parse_status(raw_status),
                number=number,
                provider_reference=answer.text("trade_no"),
                amount=parse_amount(answer.text("total_amount")),
                paid_at=None if paid_at is None else parse_time(paid_at),
                raw_status=raw_status,
            )
        except ValueError as problem:
            raise ProviderUnavailable(provider=self.code, reason=str(problem)) from problem

    def _same_number(self, answer: GatewayAnswer, number: str) -> None:
        # The signature covers the answer but not the question: an old answer about another trade is signed, too.
        if answer.text("out_trade_no") != number:
            raise ProviderUnavailable(provider=self.code, reason="the answer is about another trade")


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
        raise PaymentNotPossible(provider=AlipayProvider.code, reason=reason)


def _is_bare_address(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not (parts.query or parts.fragment)


def _subject(request: PaymentRequest) -> str:
    return _clean(request.subject, _SUBJECT_LENGTH) or request.number


def _clean(text: str, length: int) -> str:
    return _NOT_IN_SUBJECT.sub(" ", text).strip()[:length].strip()


def _amount(answer: GatewayAnswer, name: str) -> Money:
    try:
        return parse_amount(answer.text(name))
    except ValueError as problem:
        raise ProviderUnavailable(provider=AlipayProvider.code, reason=str(problem)) from problem


def _absent(number: str) -> ProviderState:
    return ProviderState(
        status=ProviderStatus.UNKNOWN,
        number=number,
        provider_reference=None,
        amount=None,
        paid_at=None,
        raw_status=_NO_TRADE,
    )
