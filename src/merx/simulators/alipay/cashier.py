"""The cashier page: what the payer sees, and the signed way back to the shop."""

from datetime import datetime
from urllib.parse import urlencode, urlsplit

from cryptography.hazmat.primitives.asymmetric import rsa
from jinja2 import Environment, PackageLoader

from merx.simulators.alipay import wire
from merx.simulators.alipay.model import Merchant, Trade, TradeStatus

_PAGES = Environment(loader=PackageLoader("merx.simulators.alipay"), autoescape=True, trim_blocks=True)
_REFUSALS = {
    "ACQ.TRADE_HAS_SUCCESS": ("该订单已付款", "This order is already paid."),
    "ACQ.TRADE_HAS_CLOSE": ("交易已关闭", "This payment was closed."),
    "ACQ.CONTEXT_INCONSISTENT": (
        "订单信息与之前不一致",
        "This order number was already used with another amount or subject.",
    ),
    "ACQ.INVALID_PARAMETER": ("订单参数无效", "The payment link carries invalid parameters."),
}

_SCENES = {
    "page": ("电脑网站支付", "On a computer"),
    "wap": ("手机网站支付", "On a phone"),
    "qr": ("扫码支付", "Scanned code"),
}


def cashier_page(trade: Trade, merchant: Merchant, *, declined: bool, back: str | None) -> str:
    """The page for a trade in any state; `back` is where its way out leads, None when the merchant named none."""
    states = {TradeStatus.WAITING: "waiting", TradeStatus.SUCCESS: "paid", TradeStatus.CLOSED: "closed"}
    state = "refunded" if trade.refunds else states[trade.status]
    return _PAGES.get_template("cashier.html").render(
        state="declined" if declined and trade.status is TradeStatus.WAITING else state,
        trade=trade,
        merchant=merchant,
        scene=_SCENES[trade.scene],
        amount=_yuan(trade.amount_fen),
        refunded=_yuan(trade.refunded_fen),
        deadline=wire.china_time(trade.expires_at),
        paid_at=None if trade.paid_at is None else wire.china_time(trade.paid_at),
        back=back,
    )


def _yuan(fen: int) -> str:
    return f"{fen // 100:,}.{fen % 100:02d}"


def refusal_page(sub_code: str, text: str) -> str:
    """The page for a payment link the provider will not open; `text` is Chinese, for codes without a text here."""
    chinese, english = _REFUSALS.get(sub_code, (text, "The gateway refused this payment link."))
    return _PAGES.get_template("cashier.html").render(
        state="refused", sub_code=sub_code, chinese=chinese, english=english, back=None
    )


def return_address(trade: Trade, merchant: Merchant, key: rsa.RSAPrivateKey, now: datetime) -> str | None:
    """The shop's return_url with signed parameters: shown to the payer's browser, no proof of payment."""
    if (base := _web_address(trade.return_url)) is None:
        return None
    parameters = {
        "charset": "utf-8",
        "out_trade_no": trade.number,
        "method": f"alipay.trade.{trade.scene}.pay.return",
        "total_amount": wire.yuan(trade.amount_fen),
        "sign_type": "RSA2",
        "trade_no": trade.trade_no,
        "auth_app_id": trade.app_id,
        "version": "1.0",
        "app_id": trade.app_id,
        "seller_id": merchant.seller_id,
        "timestamp": wire.china_time(now),
    }
    parameters["sign"] = wire.sign(wire.notice_text(parameters), key)
    return f"{base}{'&' if '?' in base else '?'}{urlencode(parameters)}"


def leave_address(trade: Trade) -> str | None:
    """Where a payer who leaves without paying goes: quit_url on a phone, else return_url; None when it is no address."""
    return _web_address(trade.quit_url) or _web_address(trade.return_url)


def _web_address(url: str) -> str | None:
    return url if urlsplit(url).scheme in ("http", "https") else None
