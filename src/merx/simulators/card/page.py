"""The hosted pages: checkout with a card form, and the bank's page for 3-D Secure."""

from collections.abc import Mapping
from datetime import UTC, datetime

from jinja2 import Environment, PackageLoader

from merx.simulators.card.model import Account, ApiError, Json

_PAGES = Environment(loader=PackageLoader("merx.simulators.card"), autoescape=True, trim_blocks=True)
_WITHOUT_DECIMALS = {"bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"}  # fmt: skip
_THREE_DECIMALS = {"bhd", "jod", "kwd", "omr", "tnd"}
_PROBLEMS: Mapping[str, tuple[str, str]] = {
    "insufficient_funds": ("余额不足，银行拒绝了这笔付款。", "The bank declined: insufficient funds."),
    "lost_card": ("银行拒绝了这张卡。", "The bank declined this card."),
    "test_mode_live_card": ("模拟器不接受真实卡号。", "This is a real card number. The simulator takes test cards only."),
    "expired_card": ("银行卡已过期。", "The card has expired."),
    "incorrect_cvc": ("安全码不正确。", "The security code is wrong."),
    "processing_error": ("处理时出错，请重试。", "An error occurred. Try again."),
    "incorrect_number": ("卡号不正确。", "The card number is wrong."),
    "invalid_expiry_month": ("有效期不正确，请写成 月/年。", "Write the expiry date as MM / YY."),
    "invalid_expiry_year": ("银行卡已过期。", "The expiry date is in the past."),
    "invalid_cvc": ("安全码应为 3 或 4 位数字。", "The security code has 3 or 4 digits."),
    "payment_intent_authentication_failure": ("银行验证未通过，未扣款。", "The bank could not verify you. Nothing was charged."),
}  # fmt: skip
_DECLINED = ("银行拒绝了这笔付款，未扣款。", "The card was declined. Nothing was charged.")


def problem_code(problem: ApiError) -> str:
    """The word for a refusal by which the page explains it."""
    decline = problem.extra.get("decline_code")
    return str(decline) if decline in _PROBLEMS else str(problem.code or "declined")


def checkout_page(session: Json, account: Account, *, problem: str | None) -> str:
    """The page of a session in any state; `problem` names why the last card was not taken."""
    return _PAGES.get_template("checkout.html").render(
        state=session["status"],
        session=session,
        items=[(item["name"], item["quantity"]) for item in session["_items"]],
        account=account,
        amount=_amount(session["amount_total"], session["currency"]),
        problem=None if problem is None else _PROBLEMS.get(problem, _DECLINED),
        back=session["success_url"] if session["status"] == "complete" else session["cancel_url"],
    )


def bank_page(intent: Json, account: Account) -> str:
    """The page of the card's bank on which its holder proves to be the holder."""
    return _PAGES.get_template("bank.html").render(
        intent=intent, account=account, amount=_amount(intent["amount"], intent["currency"])
    )


def dispute_page(dispute: Json, account: Account) -> str:
    """The page on which a merchant answers a dispute."""
    return _PAGES.get_template("dispute.html").render(
        dispute=dispute,
        account=account,
        amount=_amount(dispute["amount"], dispute["currency"]),
        due=datetime.fromtimestamp(dispute["evidence_details"]["due_by"], UTC),
    )


def _amount(units: int, currency: str) -> str:
    digits = 0 if currency in _WITHOUT_DECIMALS else 3 if currency in _THREE_DECIMALS else 2
    whole, part = divmod(units, 10**digits)
    return f"{currency.upper()} {whole:,}" + (f".{part:0{digits}d}" if digits else "")
