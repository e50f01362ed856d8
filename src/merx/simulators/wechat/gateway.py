"""API v3: the merchant's signature on every request, the interfaces, signed answers."""

import gzip
import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from merx.simulators.wechat import bills, wire
from merx.simulators.wechat.book import Book, Refused
from merx.simulators.wechat.keyring import KeyRing
from merx.simulators.wechat.model import (
    BILL_FAULTS,
    CALL_FAULTS,
    REFUND_FAULTS,
    Fault,
    FaultKind,
    Order,
    Refund,
    Way,
    WechatMerchant,
)
from merx.simulators.wechat.notices import transaction
from merx.simulators.wechat.store import Store

_PAY = "/v3/pay/transactions"
_MAX_SKEW_SECONDS = 300
_NUMBER = re.compile(r"[0-9A-Za-z_|*-]{6,32}", re.ASCII)
_REFUND_NUMBER = re.compile(r"[0-9A-Za-z_|*@-]{1,64}", re.ASCII)
_MAX_FEN = 100_000_000 * 100
_KEPT_FILES = 50
_BUSY = Refused(500, "SYSTEM_ERROR", "系统错误")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What goes back over HTTP. `silent` means that nothing ever does."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = {}
    silent: bool = False


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it came; `base` is the address it was sent to, for links in answers."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    base: str
    now: datetime

    @property
    def path(self) -> str:
        """The path, not decoded."""
        return urlsplit(self.target).path

    def parameter(self, name: str) -> str:
        """A parameter of the query, empty when it is missing."""
        return parse_qs(urlsplit(self.target).query).get(name, [""])[0]


class Gateway:
    """Answers calls from the book of orders."""

    def __init__(
        self, *, store: Store, book: Book, merchants: Mapping[str, WechatMerchant], keys: KeyRing
    ) -> None:
        self._store = store
        self._book = book
        self._merchants = merchants
        self._public = {mch_id: wire.load_public(each.public_pem) for mch_id, each in merchants.items()}
        self._keys = keys
        self._files: dict[str, bytes] = {}

    def answer(self, call: Call) -> Answer:
        """Answer one call. An answer to a request that was not signed right is itself not signed."""
        try:
            merchant = self._verified(call)
        except Refused as refusal:
            return _error(refusal)
        if call.path == "/v3/billdownload/file":
            return self._file(call)
        fault = self._fault(CALL_FAULTS, call)
        kind = None if fault is None else fault.kind
        # Some faults strike before anything is done, the others after it took effect.
        if kind is FaultKind.TIMEOUT:
            return Answer(silent=True)
        if kind is FaultKind.ERROR_BEFORE:
            return Answer(status=502, body=b"Bad Gateway")
        try:
            busy = kind is FaultKind.BUSY
            answer = _error(_BUSY) if busy else self._perform(call, merchant)
        except Refused as refusal:
            answer = _error(refusal)
        if kind is FaultKind.TIMEOUT_AFTER:
            return Answer(silent=True)
        if kind is FaultKind.ERROR_AFTER:
            return Answer(status=502, body=b"Bad Gateway")
        if kind is FaultKind.UNSIGNED:
            return answer
        signed = self._keys.answer_headers(
            answer.body,
            wanted=call.headers.get("wechatpay-serial", ""),
            now=call.now,
            forged=kind is FaultKind.BAD_SIGNATURE,
        )
        return msgspec.structs.replace(answer, headers={**answer.headers, **signed})

    def _verified(self, call: Call) -> WechatMerchant:
        given = wire.read_authorization(call.headers.get("authorization", ""))
        merchant = None if given is None else self._merchants.get(given["mchid"])
        if given is None or merchant is None or given["serial_no"].upper() != merchant.cert_serial.upper():
            raise Refused(401, "SIGN_ERROR", "Http头Authorization值格式错误，或商户证书序列号有误")
        timestamp = given["timestamp"]
        if not timestamp.isdigit() or abs(int(timestamp) - call.now.timestamp()) > _MAX_SKEW_SECONDS:
            raise Refused(401, "SIGN_ERROR", "请求时间戳与当前时间相差超过5分钟")
        text = wire.request_text(call.method, call.target, timestamp, given["nonce_str"], call.body)
        if not wire.verifies(text, given["signature"], self._public[merchant.mch_id]):
            raise Refused(401, "SIGN_ERROR", "签名错误")
        wanted = call.headers.get("wechatpay-serial", "")
        known = {self._keys.public_key_id, *(each.serial for each in self._keys.certificates)}
        if wanted and wanted not in known:
            raise Refused(400, "PARAM_ERROR", "Wechatpay-Serial有误")
        if not call.headers.get("user-agent") or "json" not in call.headers.get("accept", "json"):
            raise Refused(400, "PARAM_ERROR", "User-Agent或Accept有误")
        return merchant

    def _perform(self, call: Call, merchant: WechatMerchant) -> Answer:
        path, get = call.path, call.method == "GET"
        if not get and call.method != "POST":
            raise Refused(404, "RESOURCE_NOT_EXISTS", "接口不存在")
        if get and path == "/v3/certificates":
            return _json(self._keys.listed(merchant.api_v3_key))
        if get and path.startswith("/v3/bill/"):
            return self._bill(call, merchant)
        if not get and path in {f"{_PAY}/{way.value}": way for way in Way}:
            return self._order(call, merchant, Way(path.rpartition("/")[2]))
        if path.startswith(f"{_PAY}/"):
            return self._order_action(call, merchant)
        if path == "/v3/refund/domestic/refunds" and not get:
            return self._refund(call, merchant)
        if path.startswith("/v3/refund/domestic/refunds/") and get:
            number = unquote(path.rpartition("/")[2])
            order, refund = self._book.refund_of(merchant.mch_id, number)
            return _json(_refund_fields(order, refund, call.now))
        raise Refused(404, "RESOURCE_NOT_EXISTS", "接口不存在")

    def _order(self, call: Call, merchant: WechatMerchant, way: Way) -> Answer:
        content = _content(call)
        if (content.get("appid"), content.get("mchid")) != (merchant.app_id, merchant.mch_id):
            raise Refused(400, "APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配")
        number = _matching(content, "out_trade_no", _NUMBER)
        amount = _object(content, "amount")
        if amount.get("currency", "CNY") != "CNY":
            raise _wrong("/amount/currency")
        scene = _object(content, "scene_info") if "scene_info" in content or way is Way.H5 else {}
        if way is Way.H5 and not (scene.get("payer_client_ip") and _object(scene, "h5_info").get("type")):
            raise _wrong("/scene_info/h5_info")
        openid = _text(_object(content, "payer"), "openid", 128) if way is Way.JSAPI else ""
        order = self._book.new_order(
            merchant=(merchant.app_id, merchant.mch_id),
            number=number,
            way=way,
            description=_text(content, "description", 127),
            amount_fen=_fen(amount, "total"),
            expires_at=_deadline(content),
            notify_url=_notify_url(content, required=True),
            attach=str(content.get("attach") or "")[:128],
            openid=openid,
            now=call.now,
        )
        token = self._book.order(order, call.now).token
        if way is Way.NATIVE:
            return _json({"code_url": f"weixin://wxpay/bizpayurl?pr={token}"})
        if way is Way.JSAPI:
            return _json({"prepay_id": f"wx{token}"})
        return _json({"h5_url": f"{call.base}/h5/{token}?prepay_id=wx{token}"})

    def _order_action(self, call: Call, merchant: WechatMerchant) -> Answer:
        parts = [unquote(part) for part in call.path.removeprefix(f"{_PAY}/").split("/")]
        if call.method == "POST":
            if len(parts) != 3 or (parts[0], parts[2]) != ("out-trade-no", "close"):
                raise Refused(404, "RESOURCE_NOT_EXISTS", "接口不存在")
            if _content(call).get("mchid") != merchant.mch_id:
                raise _wrong("/mchid")
            order = self._book.find(merchant.mch_id, number=parts[1], transaction_id=None, now=call.now)
            self._book.close(order, call.now)
            return Answer(status=204)
        if len(parts) != 2 or parts[0] not in ("out-trade-no", "id"):
            raise Refused(404, "RESOURCE_NOT_EXISTS", "接口不存在")
        if call.parameter("mchid") != merchant.mch_id:
            raise _wrong("/mchid")
        number, reference = (parts[1], None) if parts[0] == "out-trade-no" else (None, parts[1])
        order = self._book.find(merchant.mch_id, number=number, transaction_id=reference, now=call.now)
        return _json(transaction(order))

    def _refund(self, call: Call, merchant: WechatMerchant) -> Answer:
        content = _content(call)
        number, reference = content.get("out_trade_no"), content.get("transaction_id")
        if not isinstance(number, str) and not isinstance(reference, str):
            raise _wrong("/out_trade_no")
        amount = _object(content, "amount")
        if amount.get("currency") != "CNY":
            raise _wrong("/amount/currency")
        try:
            order = self._book.find(merchant.mch_id, number=number, transaction_id=reference, now=call.now)
        except Refused:
            raise Refused(404, "RESOURCE_NOT_EXISTS", "订单不存在") from None
        wanted = Refund(
            refund_number=_matching(content, "out_refund_no", _REFUND_NUMBER),
            refund_id=f"50300{call.now.astimezone(wire.CHINA):%Y%m%d}{secrets.randbelow(10**15):015d}",
            amount_fen=_fen(amount, "refund"),
            reason=str(content.get("reason") or "")[:80],
            # Without an address of its own it is announced where the account is set to: here, where the order is.
            notify_url=_notify_url(content, required=False) or order.notify_url,
            created_at=call.now,
            done_at=call.now,
        )
        fault = self._fault(REFUND_FAULTS, call, number=order.number)
        if fault is not None and fault.kind is FaultKind.SLOW_REFUND:
            wanted.done_at += timedelta(seconds=fault.seconds)
        elif fault is not None:
            wanted.outcome = "CLOSED" if fault.kind is FaultKind.CLOSED_REFUND else "ABNORMAL"
        refund = self._book.refund(order, wanted, total_fen=_fen(amount, "total"), now=call.now)
        fields = _refund_fields(order, refund, call.now)
        if refund.created_at == call.now and refund.done_at == call.now:
            # The provider accepts first and pays then: the answer to a new refund never says SUCCESS.
            fields |= {"status": "PROCESSING"}
            fields.pop("success_time", None)
        return _json(fields)

    def _bill(self, call: Call, merchant: WechatMerchant) -> Answer:
        kind = call.path.rpartition("/")[2]
        try:
            day = date.fromisoformat(call.parameter("bill_date"))
        except ValueError:
            raise _wrong("/bill_date") from None
        fault = self._fault(BILL_FAULTS, call)
        if call.now < bills.ready_at(day) or (fault is not None and fault.kind is FaultKind.NOT_READY):
            raise Refused(400, "STATEMENT_CREATING", "账单生成中")
        orders = self._book.all(call.now)
        if kind == "tradebill":
            text = self._trade_bill(orders, merchant, call, day, fault)
        elif kind == "fundflowbill":
            text = bills.fund_flow_bill(orders, mch_id=merchant.mch_id, day=day)
        else:
            raise Refused(404, "RESOURCE_NOT_EXISTS", "接口不存在")
        if text is None:
            raise Refused(400, "NO_STATEMENT_EXIST", "账单文件不存在")
        raw = text.encode()
        token = secrets.token_urlsafe(24)
        self._files[token] = gzip.compress(raw, mtime=0) if call.parameter("tar_type") == "GZIP" else raw
        for oldest in list(self._files)[:-_KEPT_FILES]:
            del self._files[oldest]
        return _json(
            {
                "hash_type": "SHA1",
                "hash_value": hashlib.sha1(raw, usedforsecurity=False).hexdigest(),
                "download_url": f"{call.base}/v3/billdownload/file?token={token}",
            }
        )

    def _trade_bill(
        self, orders: list[Order], merchant: WechatMerchant, call: Call, day: date, fault: Fault | None
    ) -> str | None:
        bill_type = call.parameter("bill_type") or "ALL"
        if bill_type not in ("ALL", "SUCCESS", "REFUND"):
            raise _wrong("/bill_type")
        entries = bills.trade_entries(orders, mch_id=merchant.mch_id, day=day, kind=bill_type)
        if not entries:
            return None
        altered = None
        if fault is not None:
            fits = [i for i, entry in enumerate(entries) if fault.number in (None, bills.named(entry))]
            if fits and fault.kind is FaultKind.SKIP_ROW:
                del entries[fits[0]]
            elif fits:
                altered = fits[0]
        return bills.trade_bill(entries, altered=altered, now=call.now)

    def _file(self, call: Call) -> Answer:
        file = self._files.get(call.parameter("token"))
        if file is None:
            return _error(Refused(404, "RESOURCE_NOT_EXISTS", "账单文件不存在"))
        return Answer(body=file, headers={"content-type": "application/octet-stream"})

    def _fault(self, kinds: frozenset[FaultKind], call: Call, *, number: str | None = None) -> Fault | None:
        for fault in self._store.faults:
            if (
                fault.kind in kinds
                and (fault.path is None or fault.path in call.path)
                and (fault.number is None or fault.number == number or self._names(call, fault.number))
            ):
                self._store.use(fault)
                return fault
        return None

    def _names(self, call: Call, number: str) -> bool:
        return (
            number in unquote(call.path) or number.encode() in call.body or call.path.startswith("/v3/bill/")
        )


def _json(fields: Mapping[str, Any]) -> Answer:
    return Answer(
        body=wire.compact_json(fields).encode(), headers={"content-type": "application/json; charset=utf-8"}
    )


def _error(refusal: Refused) -> Answer:
    answer = _json({"code": refusal.code, "message": refusal.message})
    return msgspec.structs.replace(answer, status=refusal.status)


def _wrong(field: str) -> Refused:
    return Refused(400, "PARAM_ERROR", f"参数错误：{field}")


def _content(call: Call) -> dict[str, Any]:
    try:
        content = json.loads(call.body)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict) or "json" not in call.headers.get("content-type", ""):
        raise Refused(400, "PARAM_ERROR", "请求体不是JSON")
    return content


def _object(content: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = content.get(name)
    if not isinstance(value, dict):
        raise _wrong(f"/{name}")
    return value


def _text(content: Mapping[str, Any], name: str, length: int) -> str:
    value = content.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= length:
        raise _wrong(f"/{name}")
    return value


def _matching(content: Mapping[str, Any], name: str, form: re.Pattern[str]) -> str:
    value = content.get(name)
    if not isinstance(value, str) or form.fullmatch(value) is None:
        raise _wrong(f"/{name}")
    return value


def _fen(amount: Mapping[str, Any], name: str) -> int:
    value = amount.get(name)
    if type(value) is not int or not 0 < value <= _MAX_FEN:
        raise _wrong(f"/amount/{name}")
    return value


def _deadline(content: Mapping[str, Any]) -> datetime | None:
    if content.get("time_expire") is None:
        return None
    deadline = wire.from_rfc3339(content["time_expire"])
    if deadline is None:
        raise _wrong("/time_expire")
    return deadline


def _notify_url(content: Mapping[str, Any], *, required: bool) -> str:
    value = content.get("notify_url")
    if value is None and not required:
        return ""
    parts = urlsplit(value) if isinstance(value, str) else None
    # The provider wants https; a shop on this machine is let off, or no demo could be paid.
    local = parts is not None and parts.scheme == "http" and parts.hostname in _LOOPBACK
    if parts is None or not (parts.scheme == "https" or local) or parts.query or not isinstance(value, str):
        raise _wrong("/notify_url")
    return value


def _refund_fields(order: Order, refund: Refund, now: datetime) -> dict[str, Any]:
    status = refund.status(now)
    fields: dict[str, Any] = {
        "refund_id": refund.refund_id,
        "out_refund_no": refund.refund_number,
        "transaction_id": order.transaction_id,
        "out_trade_no": order.number,
        "channel": "ORIGINAL",
        "user_received_account": "支付用户零钱",
        "create_time": wire.rfc3339(refund.created_at),
        "status": status,
        "funds_account": "AVAILABLE",
        "amount": {
            "total": order.amount_fen,
            "refund": refund.amount_fen,
            "payer_total": order.amount_fen,
            "payer_refund": refund.amount_fen,
            "settlement_total": order.amount_fen,
            "settlement_refund": refund.amount_fen,
            "discount_refund": 0,
            "currency": "CNY",
        },
    }
    if status == "SUCCESS":
        fields["success_time"] = wire.rfc3339(refund.done_at)
    return fields
