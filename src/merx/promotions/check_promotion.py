"""What makes a promotion: the parts that somebody typed, checked together. Pure."""

import re
import unicodedata
from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from merx.kit.i18n import LOCALES, Text, clean_text
from merx.kit.money import MAX_AMOUNT
from merx.promotions.errors import BadPromotion, BadPromotionAmount, BadPromotionCode, BadPromotionPeriod
from merx.promotions.model import PromotionKind, Scope, Trigger

NAME_LIMIT: Final = 60
GROUP_LIMIT: Final = 40
MOST_USES: Final = 1_000_000_000
MOST_DAYS: Final = 3_650
MOST_SCOPE: Final = 500
CODE_LEAST: Final = 3
CODE_MOST: Final = 32
PRIORITY_MOST: Final = 1000
_CODE: Final = re.compile(r"[A-Z0-9][A-Z0-9-]*")


class PromotionDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A promotion as somebody describes it; amounts in minor units of `currency`, shares in basis points."""

    name: Text
    kind: PromotionKind
    percent_bp: int | None = None
    amount: int | None = None
    most: int | None = None
    threshold: int = 0
    currency: str | None = None
    trigger: Trigger = Trigger.AUTOMATIC
    code: str | None = None
    scope: Scope = Scope.EVERYTHING
    scope_ids: list[UUID] = []
    starts_at: datetime
    ends_at: datetime | None = None
    uses_total: int | None = None
    uses_per_person: int | None = None
    coupon_days: int | None = None
    exclusive_group: str = ""
    priority: int = 100
    given_back: bool = True


def check_promotion(
    draft: PromotionDraft, *, by_platform: bool, currencies: Collection[str], now: datetime
) -> PromotionDraft:
    """The draft, cleaned. Raises BadPromotion and its kinds, TextMissing, TextTooLong, TextUnprintable."""
    name = check_name(draft.name)
    check_end(draft.starts_at, draft.ends_at, now=now)
    if draft.scope is Scope.SELLERS and not by_platform:
        raise BadPromotion(field="scope")
    if (draft.scope is Scope.EVERYTHING) == bool(draft.scope_ids) or len(draft.scope_ids) > MOST_SCOPE:
        raise BadPromotion(field="scope_ids")
    _check_amounts(draft, currencies)
    _check_limits(draft)
    if (draft.trigger is Trigger.CODE) != bool(draft.code):
        raise BadPromotionCode(field="code", least=CODE_LEAST, most=CODE_MOST)
    return msgspec.structs.replace(
        draft,
        name=name,
        code=check_code(draft.code) if draft.code else None,
        scope_ids=list(dict.fromkeys(draft.scope_ids)),
        exclusive_group=clean_text(
            "exclusive_group", draft.exclusive_group, limit=GROUP_LIMIT, required=False
        ),
    )


def check_name(name: Text) -> Text:
    """A name in one language or several, cleaned. Raises BadPromotion, TextRefused."""
    clean = {
        locale: clean_text("name", text, limit=NAME_LIMIT) for locale, text in name.items() if text.strip()
    }
    if not clean or not set(clean) <= set(LOCALES):
        raise BadPromotion(field="name")
    return clean


def check_end(starts_at: datetime, ends_at: datetime | None, *, now: datetime) -> datetime | None:
    """The end, if it comes after the start and after now. Raises BadPromotionPeriod."""
    if ends_at is not None and ends_at <= max(starts_at, now):
        raise BadPromotionPeriod(field="ends_at")
    return ends_at


def check_uses(uses_total: int | None, *, was: int | None) -> None:
    """A number of uses can change; whether there is one cannot. Raises BadPromotion, BadPromotionAmount."""
    if (uses_total is None) != (was is None):
        raise BadPromotion(field="uses_total")
    if uses_total is not None:
        _within("uses_total", uses_total, MOST_USES, wanted=True)


def check_code(text: str) -> str:
    """A code as it is stored: full-width letters narrowed, small ones large. Raises BadPromotionCode."""
    code = unicodedata.normalize("NFKC", text[:200]).strip().upper()
    if not (CODE_LEAST <= len(code) <= CODE_MOST and _CODE.fullmatch(code)):
        raise BadPromotionCode(field="code", least=CODE_LEAST, most=CODE_MOST)
    return code


def _check_amounts(draft: PromotionDraft, currencies: Collection[str]) -> None:
    percentage = draft.kind is PromotionKind.PERCENTAGE
    _within("percent_bp", draft.percent_bp, 10_000, wanted=percentage)
    _within("amount", draft.amount, MAX_AMOUNT, wanted=draft.kind is PromotionKind.AMOUNT_OFF)
    if draft.most is not None:
        _within("most", draft.most, MAX_AMOUNT, wanted=percentage)
    if not 0 <= draft.threshold <= MAX_AMOUNT:
        raise BadPromotionAmount(field="threshold", least=0, most=MAX_AMOUNT)
    names_amounts = draft.amount is not None or draft.most is not None or draft.threshold > 0
    if (draft.currency is None and names_amounts) or draft.currency not in (None, *currencies):
        raise BadPromotion(field="currency")


def _check_limits(draft: PromotionDraft) -> None:
    for field, value, most in (
        ("uses_total", draft.uses_total, MOST_USES),
        ("uses_per_person", draft.uses_per_person, MOST_USES),
        ("coupon_days", draft.coupon_days, MOST_DAYS),
    ):
        if value is not None:
            _within(field, value, most, wanted=True)
    if draft.coupon_days is not None and draft.trigger is not Trigger.COUPON:
        raise BadPromotion(field="coupon_days")
    if not 0 <= draft.priority <= PRIORITY_MOST:
        raise BadPromotionAmount(field="priority", least=0, most=PRIORITY_MOST)


def _within(field: str, value: int | None, most: int, *, wanted: bool) -> None:
    if not wanted and value is not None:
        raise BadPromotion(field=field)
    if wanted and (value is None or not 1 <= value <= most):
        raise BadPromotionAmount(field=field, least=1, most=most)
