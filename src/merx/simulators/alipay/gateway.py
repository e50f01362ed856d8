"""`/gateway.do`: parameters from query and form in any mix, the merchant's signature, the methods, signed answers."""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from urllib.parse import parse_qsl

import msgspec
from cryptography.hazmat.primitives.asymmetric import rsa

from merx.simulators.alipay import wire
from merx.simulators.alipay.bills import BillDesk
from merx.simulators.alipay.book import Book, Refused
from merx.simulators.alipay.certificates import CertificateNumbers
from merx.simulators.alipay.model import CALL_FAULTS, Fault, FaultKind, Merchant, Trade
from merx.simulators.alipay.store import Store

_PAGE_PAY = "alipay.trade.page.pay"
_WAP_PAY = "alipay.trade.wap.pay"
_PRECREATE = "alipay.trade.precreate"
_QUERY = "alipay.trade.query"
_CLOSE = "alipay.trade.close"
_REFUND = "alipay.trade.refund"
_REFUND_QUERY = "alipay.trade.fastpay.refund.query"
_BILL = "alipay.data.dataservice.bill.downloadurl.query"
_CASHIERS = frozenset({_PAGE_PAY, _WAP_PAY})
_METHODS = _CASHIERS | {_PRECREATE, _QUERY, _CLOSE, _REFUND, _REFUND_QUERY, _BILL}
_SCENES = {_PAGE_PAY: "page", _WAP_PAY: "wap", _PRECREATE: "qr"}
#: The documents name the second product of a phone one way, older clients another.
_PRODUCTS: dict[str, set[object]] = {
    _PAGE_PAY: {"FAST_INSTANT_TRADE_PAY"},
    _WAP_PAY: {"QUICK_WAP_WAY", "QUICK_WAP_PAY"},
    _PRECREATE: {"FACE_TO_FACE_PAYMENT", None},
}
_BUSINESS_TEXT = {
    "ACQ.TRADE_NOT_EXIST": "交易不存在",
    "ACQ.TRADE_HAS_SUCCESS": "交易已被支付",
    "ACQ.TRADE_HAS_CLOSE": "交易已经关闭",
    "ACQ.TRADE_STATUS_ERROR": "交易状态不合法",
    "ACQ.CONTEXT_INCONSISTENT": "交易信息被篡改",
    "ACQ.INVALID_PARAMETER": "参数无效",
    "ACQ.DISCORDANT_REPEAT_REQUEST": "请求信息不一致",
    "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL": "退款金额超限",
    "isv.invalid-arguments": "无效参数",
    "isp.bill_not_exist": "账单不存在",
}
_MESSAGES = {
    "10000": "Success",
    "20000": "Service Currently Unavailable",
    "40001": "Missing Required Arguments",
    "40002": "Invalid Arguments",
    "40004": "Business Failed",
}


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What goes back over HTTP. `silent` means that nothing ever does."""

    status: int = 200
    text: str = ""
    content_type: str = "text/html;charset=utf-8"
    location: str | None = None
    #: A cashier link that cannot be opened: the sub_code to show to the person.
    refusal: str | None = None
    refusal_text: str = ""
    silent: bool = False


class GatewayError(Exception):
    """A failure before any business: missing or invalid common parameters."""

    def __init__(self, code: str, sub_code: str, sub_msg: str) -> None:
        super().__init__(sub_code)
        self.code, self.sub_code, self.sub_msg = code, sub_code, sub_msg


class Call(msgspec.Struct, frozen=True):
    """A verified call."""

    merchant: Merchant
    method: str
    parameters: dict[str, str]
    content: dict[str, object]

    def text(self, name: str) -> str | None:
        """A text field of `biz_content`, None when absent or empty."""
        value = self.content.get(name)
        return value if isinstance(value, str) and value else None


class Gateway:
    """Answers gateway calls from the book of trades."""

    def __init__(
        self,
        *,
        store: Store,
        book: Book,
        merchants: Mapping[str, Merchant],
        key: rsa.RSAPrivateKey,
        forging_key: Callable[[], rsa.RSAPrivateKey],
        bills: BillDesk,
        certificates: CertificateNumbers | None,
    ) -> None:
        """`certificates` None knows public-key mode only; else each call chooses its mode by what it carries."""
        self._store = store
        self._book = book
        self._bills = bills
        self._certificates = certificates
        self._merchants = merchants
        self._public = {
            app_id: wire.load_public(merchant.public_pem) for app_id, merchant in merchants.items()
        }
        self._key = key
        self._forging_key = forging_key

    def answer(self, query: bytes, form: bytes, now: datetime, origin: str) -> Answer:
        """Answer one call. A call for a cashier answers with a redirect to it, or an HTML page on failure.

        `origin` is where codes and bills are found: this simulator as the caller reached it.
        """
        parameters: dict[str, str] = {}
        try:
            parameters = _parameters([query, form])
            call = self._verified(parameters)
        except GatewayError as problem:
            if parameters.get("method") in _CASHIERS:
                return Answer(refusal=problem.sub_code, refusal_text=problem.sub_msg)
            body = failure(problem.code, problem.sub_code, problem.sub_msg)
            text = wire.signed_document("error_response", body, self._key, self._cert_sn(parameters))
            return Answer(text=text, content_type=_JSON)
        if call.method in _CASHIERS:
            return self._page_pay(call, now)
        return self._api_answer(call, now, origin)

    def _api_answer(self, call: Call, now: datetime, origin: str) -> Answer:
        fault = self._fault(call)
        slow = timedelta(0)
        if fault is not None and fault.kind is FaultKind.SLOW_REFUND:
            slow = timedelta(seconds=fault.seconds)
        kind = None if fault is None else fault.kind
        # Some faults strike before anything is done, the others after it took effect.
        if kind is FaultKind.TIMEOUT:
            return Answer(silent=True)
        if kind is FaultKind.ERROR_BEFORE:
            return Answer(status=500, text="Internal Server Error")
        if kind is FaultKind.BUSY:
            body = failure("20000", "isp.unknow-error", "系统繁忙")
        else:
            body = self._perform(call, now, slow, origin)
        if kind is FaultKind.TIMEOUT_AFTER:
            return Answer(silent=True)
        if kind is FaultKind.ERROR_AFTER:
            return Answer(status=500, text="Internal Server Error")
        key: rsa.RSAPrivateKey | None = self._forging_key() if kind is FaultKind.BAD_SIGNATURE else self._key
        if kind is FaultKind.UNSIGNED:
            key = None
        node = call.method.replace(".", "_") + "_response"
        text = wire.signed_document(node, body, key, self._cert_sn(call.parameters))
        return Answer(text=text, content_type=_JSON)

    def _cert_sn(self, parameters: Mapping[str, str]) -> str | None:
        """The number of our certificate for a caller in certificate mode."""
        if self._certificates is None or not parameters.get("app_cert_sn"):
            return None
        return self._certificates.alipay

    def _check_certificates(self, parameters: Mapping[str, str]) -> None:
        app, root = parameters.get("app_cert_sn"), parameters.get("alipay_root_cert_sn")
        if not app and not root:
            return
        if self._certificates is None or app != self._certificates.app:
            raise GatewayError("40002", "isv.invalid-app-cert-sn", "应用公钥证书SN无效")
        if root != self._certificates.root:
            raise GatewayError("40002", "isv.invalid-alipay-root-cert-sn", "支付宝根证书SN无效")

    def _verified(self, parameters: dict[str, str]) -> Call:
        for name in ("app_id", "method", "sign_type", "sign", "timestamp", "version"):
            if not parameters.get(name):
                dashed = "signature" if name == "sign" else name.replace("_", "-")
                raise GatewayError("40001", f"isv.missing-{dashed}", f"缺少{name}参数")
        merchant = self._merchants.get(parameters["app_id"])
        if merchant is None:
            raise GatewayError("40002", "isv.invalid-app-id", "无效的AppID参数")
        if parameters["sign_type"] != "RSA2":
            raise GatewayError("40002", "isv.invalid-signature-type", "无效的签名类型")
        if parameters.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
            raise GatewayError("40002", "isv.invalid-charset", "字符集错误,目前支持UTF-8")
        self._check_certificates(parameters)
        text = wire.request_text(parameters)
        if not wire.verifies(text, parameters["sign"], self._public[merchant.app_id]):
            raise GatewayError("40002", "isv.invalid-signature", "验签出错,请检查签名字符串与密钥")
        if wire.from_china_time(parameters["timestamp"]) is None:
            raise GatewayError("40002", "isv.invalid-timestamp", "非法的时间戳参数")
        method = parameters["method"]
        if method not in _METHODS:
            raise GatewayError("40002", "isv.invalid-method", "不存在的方法名")
        return Call(merchant, method, parameters, _content(parameters.get("biz_content", "{}")))

    def _fault(self, call: Call) -> Fault | None:
        number = call.text("out_trade_no")
        for fault in self._store.faults:
            if (
                fault.kind in CALL_FAULTS
                and (fault.kind is not FaultKind.SLOW_REFUND or call.method == _REFUND)
                and fault.method in (None, call.method)
                and fault.number in (None, number)
            ):
                self._store.use(fault)
                return fault
        return None

    def _perform(self, call: Call, now: datetime, slow: timedelta, origin: str) -> dict[str, object]:
        if call.method == _BILL:
            return self._bill(call, now, origin)
        if call.method == _PRECREATE:
            return self._precreate(call, now, origin)
        number, trade_no = call.text("out_trade_no"), call.text("trade_no")
        if number is None and trade_no is None:
            return failure("40004", "ACQ.INVALID_PARAMETER", _BUSINESS_TEXT["ACQ.INVALID_PARAMETER"])
        try:
            trade = self._book.find(call.merchant.app_id, number=number, trade_no=trade_no, now=now)
            if call.method == _CLOSE:
                self._book.close(trade, now)
                return success({"trade_no": trade.trade_no, "out_trade_no": trade.number})
            if call.method == _REFUND:
                return self._refund(call, trade, now, slow)
            if call.method == _REFUND_QUERY:
                return _refund_state(call, trade, now)
        except Refused as refusal:
            refused = failure("40004", refusal.sub_code, _BUSINESS_TEXT[refusal.sub_code])
            return refused | ({"out_trade_no": number} if number else {})
        return success(_trade_fields(trade))

    def _precreate(self, call: Call, now: datetime, origin: str) -> dict[str, object]:
        """A code to scan. As with a link, there is no trade before somebody does."""
        try:
            trade = self._ordered(call, now)
        except Refused as refusal:
            return failure("40004", refusal.sub_code, _BUSINESS_TEXT[refusal.sub_code])
        return success({"out_trade_no": trade.number, "qr_code": f"{origin}/qr/{trade.token}"})

    def _bill(self, call: Call, now: datetime, origin: str) -> dict[str, object]:
        day = _day(call.text("bill_date") or "")
        if day is None or call.text("bill_type") != "trade":
            return failure("40004", "isv.invalid-arguments", _BUSINESS_TEXT["isv.invalid-arguments"])
        try:
            token = self._bills.prepare(call.merchant, day, now)
        except Refused as refusal:
            return failure("40004", refusal.sub_code, _BUSINESS_TEXT[refusal.sub_code])
        address = f"{origin}/downloadBillFile.resource?bizType=trade&fileType=csv.zip&token={token}"
        return success({"bill_download_url": address})

    def _refund(self, call: Call, trade: Trade, now: datetime, slow: timedelta) -> dict[str, object]:
        amount_fen = wire.fen_of(call.content.get("refund_amount"))
        request_number = call.text("out_request_no")
        if request_number is None and amount_fen == trade.amount_fen:
            request_number = trade.number  # only a refund of the whole may go without a number of its own
        if amount_fen is None or request_number is None or len(request_number) > 64:
            raise Refused("ACQ.INVALID_PARAMETER")
        refund, changed = self._book.refund(
            trade,
            request_number=request_number,
            amount_fen=amount_fen,
            reason=call.text("refund_reason") or "",
            now=now,
            done_at=now + slow,
        )
        done = changed and refund.done_at <= now
        fields: dict[str, object] = {
            "trade_no": trade.trade_no,
            "out_trade_no": trade.number,
            "buyer_logon_id": "sim***@example.com",
            "buyer_user_id": "2088000200000003",
            "refund_fee": wire.yuan(trade.refunded_fen),
            "fund_change": "Y" if done else "N",
        }
        if done:
            fields |= {
                "gmt_refund_pay": wire.china_time(refund.done_at),
                "send_back_fee": wire.yuan(refund.amount_fen),
            }
        return success(fields)

    def _page_pay(self, call: Call, now: datetime) -> Answer:
        try:
            trade = self._ordered(call, now)
        except Refused as refusal:
            return Answer(refusal=refusal.sub_code)
        return Answer(status=302, location=f"/cashier/{trade.token}")

    def _ordered(self, call: Call, now: datetime) -> Trade:
        content = call.content
        number, subject = call.text("out_trade_no"), call.text("subject")
        amount_fen = wire.fen_of(content.get("total_amount"))
        if (
            number is None
            or len(number) > 64
            or not all(c.isascii() and (c.isalnum() or c == "_") for c in number)
            or subject is None
            or len(subject) > 256
            or amount_fen is None
            or content.get("product_code") not in _PRODUCTS[call.method]
        ):
            raise Refused("ACQ.INVALID_PARAMETER")
        return self._book.order(
            app_id=call.merchant.app_id,
            number=number,
            subject=subject,
            amount_fen=amount_fen,
            expires_at=_deadline(call, now),
            urls=(call.parameters.get("notify_url", ""), call.parameters.get("return_url", "")),
            passback_params=call.text("passback_params") or "",
            scene=_SCENES[call.method],
            quit_url=call.text("quit_url") or "",
            now=now,
        )


_JSON = "application/json;charset=utf-8"


def success(fields: Mapping[str, object]) -> dict[str, object]:
    """A successful answer with its result fields."""
    return {"code": "10000", "msg": _MESSAGES["10000"], **fields}


def failure(code: str, sub_code: str, sub_msg: str) -> dict[str, object]:
    """A failed answer."""
    return {"code": code, "msg": _MESSAGES[code], "sub_code": sub_code, "sub_msg": sub_msg}


def _parameters(sources: Iterable[bytes]) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for source in sources:
        try:
            pairs = parse_qsl(
                source.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=100
            )
        except ValueError:
            raise GatewayError("40002", "isv.invalid-encoding", "参数编码错误") from None
        for key, value in pairs:
            if parameters.setdefault(key, value) != value:
                raise GatewayError("40002", "isv.duplicate-parameter", "参数重复")
    return parameters


def _content(text: str) -> dict[str, object]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise GatewayError("40002", "isv.invalid-parameter", "参数无效")
    return content


def _day(text: str) -> date | None:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a day, not an instant
    except ValueError:
        return None


def _deadline(call: Call, now: datetime) -> datetime | None:
    absolute, relative = call.text("time_expire"), call.text("timeout_express")
    if absolute is not None:
        deadline = wire.from_china_time(absolute)
    elif relative is not None:
        deadline = wire.relative_deadline(relative, now)
    else:
        return None
    if deadline is None:
        raise Refused("ACQ.INVALID_PARAMETER")
    return deadline


def _refund_state(call: Call, trade: Trade, now: datetime) -> dict[str, object]:
    """What became of one refund. One that is not known, or not done yet, is a success without a `refund_status`."""
    request_number = call.text("out_request_no")
    if request_number is None:
        raise Refused("ACQ.INVALID_PARAMETER")
    refund = next((each for each in trade.refunds if each.request_number == request_number), None)
    if refund is None:
        return success({})
    fields: dict[str, object] = {
        "trade_no": trade.trade_no,
        "out_trade_no": trade.number,
        "out_request_no": request_number,
        "total_amount": wire.yuan(trade.amount_fen),
        "refund_amount": wire.yuan(refund.amount_fen),
    }
    if refund.done_at <= now:
        fields |= {"refund_status": "REFUND_SUCCESS", "gmt_refund_pay": wire.china_time(refund.done_at)}
    return success(fields)


def _trade_fields(trade: Trade) -> dict[str, object]:
    amount = wire.yuan(trade.amount_fen)
    fields: dict[str, object] = {
        "trade_no": trade.trade_no,
        "out_trade_no": trade.number,
        "trade_status": trade.status.value,
        "total_amount": amount,
        "buyer_logon_id": "sim***@example.com",
        "buyer_user_id": "2088000200000003",
    }
    if trade.paid_at is not None:
        paid = {"receipt_amount": amount, "buyer_pay_amount": amount, "invoice_amount": amount}
        fields |= paid | {
            "point_amount": "0.00",
            "send_pay_date": wire.china_time(trade.paid_at),
            "fund_bill_list": [{"fund_channel": "ALIPAYACCOUNT", "amount": amount}],
        }
    return fields
