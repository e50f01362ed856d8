"""Alipay as a payment provider: the cashier on a screen, on a phone and behind a QR code; query, close, refund, bill."""

import asyncio
from collections.abc import Mapping
from datetime import date, tzinfo
from types import MappingProxyType
from typing import Final
from urllib.parse import urlencode

import httpx

from merx.kit.clock import Clock, system_clock
from merx.kit.money import Money
from merx.payments.providers.alipay.bill import MAX_ARCHIVE, read_bill
from merx.payments.providers.alipay.certificates import AlipayCertificates, read_certificates
from merx.payments.providers.alipay.client import AlipayClient, GatewayAnswer
from merx.payments.providers.alipay.fields import (
    CHINA,
    CURRENCY,
    MAX_FEN,
    china_day,
    is_number,
    parse_amount,
    parse_status,
    parse_time,
)
from merx.payments.providers.alipay.notice import MerchantIdentity, read_notice, read_return
from merx.payments.providers.alipay.order import (
    PAGE_PAY,
    PRECREATE,
    WAP_PAY,
    check_order,
    clean_text,
    order_content,
)
from merx.payments.providers.alipay.signing import AlipayKeys, load_private_key, load_public_key
from merx.payments.providers.errors import (
    BillNotReady,
    PaymentNotPossible,
    ProviderRefused,
    ProviderUnavailable,
)
from merx.payments.providers.model import (
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

_QUERY: Final = "alipay.trade.query"
_CLOSE: Final = "alipay.trade.close"
_REFUND: Final = "alipay.trade.refund"
_REFUND_QUERY: Final = "alipay.trade.fastpay.refund.query"
_BILL: Final = "alipay.data.dataservice.bill.downloadurl.query"
_SUCCESS: Final = "10000"
_NO_TRADE: Final = "ACQ.TRADE_NOT_EXIST"
_NOT_CLOSABLE: Final = frozenset({"ACQ.TRADE_STATUS_ERROR", "ACQ.TRADE_HAS_SUCCESS", "ACQ.TRADE_HAS_CLOSE"})
_NOT_PAYABLE: Final = {
    "ACQ.CONTEXT_INCONSISTENT": "the payment number was used for something else",
    "ACQ.TRADE_HAS_CLOSE": "the payment was closed",
    "ACQ.TRADE_HAS_SUCCESS": "it is already paid",
}
_NO_BILL: Final = frozenset({"isp.bill_not_exist", "BILL_NOT_EXIST"})
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
_REASON_LENGTH: Final = 256
_LABEL: Final = MappingProxyType({"zh-CN": "支付宝", "en": "Alipay"})
_QR_LABEL: Final = MappingProxyType({"zh-CN": "支付宝扫码", "en": "Alipay QR code"})


class AlipayProvider:
    """Alipay for one application and one merchant account. Takes CNY; one instance serves a whole process."""

    currencies: Final = frozenset({CURRENCY})
    # Alipay reads the body only, and sends again whatever is not this word.
    acknowledgement: Final = NoticeAnswer(status=200, media_type="text/plain", body=b"success")
    refusal: Final = NoticeAnswer(status=200, media_type="text/plain", body=b"failure")
    bill_code: Final = "alipay"
    bill_zone: Final[tzinfo] = CHINA

    def __init__(
        self,
        *,
        app_id: str,
        seller_id: str,
        private_key_pem: str,
        alipay_public_key_pem: str | None = None,
        certificates: AlipayCertificates | None = None,
        gateway_url: str,
        http: httpx.AsyncClient,
        clock: Clock = system_clock,
        deadline_seconds: float = 10,
        page_gateway_url: str | None = None,
        qr: bool = False,
    ) -> None:
        """With `certificates` the application runs in certificate mode, else `alipay_public_key_pem` is needed.

        `qr` makes it the provider `alipay_qr`: a code to scan instead of a cashier to go to. `http` is closed by
        `aclose`. `page_gateway_url` is the gateway as browsers reach it, when that differs. Raises ValueError when a
        key is not an RSA key in PEM, or when the certificates do not fit.
        """
        private_key = load_private_key(private_key_pem)
        if certificates is not None:
            mode = read_certificates(certificates, private_key)
            keys = AlipayKeys(by_cert_sn=mode.alipay_keys)
            named = {"app_cert_sn": mode.app_cert_sn, "alipay_root_cert_sn": mode.root_cert_sn}
        else:
            keys, named = AlipayKeys(load_public_key(alipay_public_key_pem or "")), {}
        self._code, self._label = ("alipay_qr", _QR_LABEL) if qr else ("alipay", _LABEL)
        self._qr = qr
        self._http = http
        self._clock = clock
        self._page_gateway_url = page_gateway_url or gateway_url
        self._merchant = MerchantIdentity(app_id=app_id, seller_id=seller_id, alipay_keys=keys)
        self._client = AlipayClient(
            app_id=app_id,
            private_key=private_key,
            alipay_keys=keys,
            gateway_url=gateway_url,
            http=http,
            clock=clock,
            deadline_seconds=deadline_seconds,
            certificates=named,
        )

    @property
    def code(self) -> str:
        """`alipay`, or `alipay_qr`."""
        return self._code

    @property
    def label(self) -> Mapping[str, str]:
        """What the payer reads, by locale."""
        return self._label

    @property
    def starts_locally(self) -> bool:
        """A link to the cashier is only signed; a code is made by Alipay."""
        return not self._qr

    async def start(self, request: PaymentRequest) -> ProviderAction:
        """A signed link to the cashier of the payer's device, or a code to scan; both end at `expires_at`.

        The link needs no call. Raises PaymentNotPossible when currency, amount, number or addresses are not what
        Alipay takes or the number is used up, and for a code ProviderUnavailable.
        """
        check_order(request, self.code)
        if self._qr:
            return await self._precreate(request)
        method = PAGE_PAY if request.device is Device.DESKTOP else WAP_PAY
        parameters = self._client.signed_parameters(
            method,
            order_content(method, request),
            notify_url=request.notify_url,
            return_url=request.return_url,
        )
        return ProviderAction(kind="redirect", url=f"{self._page_gateway_url}?{urlencode(parameters)}")

    async def _precreate(self, request: PaymentRequest) -> ProviderAction:
        answer = await self._client.call(
            PRECREATE, order_content(PRECREATE, request), notify_url=request.notify_url
        )
        if answer.code != _SUCCESS:
            if reason := _NOT_PAYABLE.get(answer.sub_code):
                raise PaymentNotPossible(provider=self.code, reason=reason)
            raise ProviderUnavailable(provider=self.code, reason=answer.sub_code)
        self._same_number(answer, request.number)
        return ProviderAction(kind="qr", qr_text=answer.text("qr_code"))

    async def query(self, number: str) -> ProviderState:
        """The trade as Alipay has it; UNKNOWN while no payer has opened the cashier or scanned the code.

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
        if cleaned := clean_text(reason, _REASON_LENGTH):
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
        return await self.refund_state(number=number, refund_number=refund_number, amount=amount) is (
            RefundState.SUCCEEDED
        )

    async def refund_state(self, *, number: str, refund_number: str, amount: Money) -> RefundState:
        """What became of a refund: one that is under way carries its number, one that is not known does not.

        FAILED is never said: Alipay refuses a refund at once or carries it out. Raises ProviderUnavailable.
        """
        answer = await self._client.call(
            _REFUND_QUERY, {"out_trade_no": number, "out_request_no": refund_number}
        )
        if answer.code != _SUCCESS:
            if answer.sub_code == _NO_TRADE:
                return RefundState.UNKNOWN
            raise ProviderUnavailable(provider=self.code, reason=answer.sub_code)
        if answer.optional_text("refund_status") != "REFUND_SUCCESS":
            known = answer.optional_text("out_request_no") == refund_number
            return RefundState.PROCESSING if known else RefundState.UNKNOWN
        self._same_number(answer, number)
        if answer.text("out_request_no") != refund_number or _amount(answer, "refund_amount") != amount:
            raise ProviderUnavailable(provider=self.code, reason="the answer is about another refund")
        return RefundState.SUCCEEDED

    async def bill(self, day: date) -> list[BillRow]:
        """The business bill of a day in China, there from about nine o'clock the next morning.

        It is the whole merchant account's: also what `alipay_qr` (or `alipay`) and other applications took. Raises BillNotReady, ProviderUnavailable.
        """
        if day >= china_day(self._clock()):
            raise BillNotReady(provider=self.code, day=day.isoformat())
        answer = await self._client.call(_BILL, {"bill_type": "trade", "bill_date": day.isoformat()})
        if answer.code != _SUCCESS:
            if answer.sub_code in _NO_BILL:
                raise BillNotReady(provider=self.code, day=day.isoformat())
            raise ProviderUnavailable(provider=self.code, reason=answer.sub_code)
        archive = await self._client.download(answer.text("bill_download_url"), limit=MAX_ARCHIVE)
        try:
            return await asyncio.to_thread(read_bill, archive, seller_id=self._merchant.seller_id)
        except ValueError as problem:
            raise ProviderUnavailable(provider=self.code, reason=str(problem)) from problem

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


def _amount(answer: GatewayAnswer, name: str) -> Money:
    try:
        return parse_amount(answer.text(name))
    except ValueError as problem:
        raise ProviderUnavailable(provider="alipay", reason=str(problem)) from problem


def _absent(number: str) -> ProviderState:
    return ProviderState(
        status=ProviderStatus.UNKNOWN,
        number=number,
        provider_reference=None,
        amount=None,
        paid_at=None,
        raw_status=_NO_TRADE,
    )
