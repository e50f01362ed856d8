"""The page in place of the WeChat app: what the payer sees after scanning the code or following the link."""

from urllib.parse import parse_qs, urlsplit

from jinja2 import Environment, PackageLoader

from merx.simulators.wechat import wire
from merx.simulators.wechat.model import Order, TradeState, WechatMerchant

_PAGES = Environment(loader=PackageLoader("merx.simulators.wechat"), autoescape=True, trim_blocks=True)


def token_of(code_url: str) -> str:
    """The token of a `weixin://` code or of a prepay id; empty when it is neither."""
    if code_url.startswith("weixin://wxpay/bizpayurl?"):
        return parse_qs(urlsplit(code_url).query).get("pr", [""])[0]
    return code_url.removeprefix("wx") if code_url.startswith("wx") else ""


def cashier_page(order: Order, merchant: WechatMerchant, *, declined: bool, back: str | None) -> str:
    """The page for an order in any state; `back` is where its way out leads, None when there is none."""
    states = {TradeState.NOTPAY: "waiting", TradeState.CLOSED: "closed", TradeState.REFUND: "refunded"}
    state = states.get(order.state, "paid")
    return _PAGES.get_template("cashier.html").render(
        state="declined" if declined and state == "waiting" else state,
        order=order,
        merchant=merchant,
        amount=_yuan(order.amount_fen),
        refunded=_yuan(order.refunded_fen),
        deadline=wire.china_time(order.expires_at),
        paid_at=None if order.paid_at is None else wire.china_time(order.paid_at),
        back=back,
    )


def scan_page(*, missed: bool) -> str:
    """The page on which a person pastes what a QR code says; `missed` when there is no such code."""
    return _PAGES.get_template("scan.html").render(missed=missed)


def way_back(redirect_url: str) -> str | None:
    """The address to return to, None when it is no http(s) address."""
    return redirect_url if urlsplit(redirect_url).scheme in ("http", "https") else None


def _yuan(fen: int) -> str:
    return f"{fen // 100:,}.{fen % 100:02d}"
