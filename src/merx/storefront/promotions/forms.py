"""The forms of promotions: codes as buyers type them, promotions as their keepers describe them."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, Literal, TypeVar

import msgspec

from merx.infra.translate import message_text
from merx.kit.errors import DomainError, Invalid
from merx.kit.money import parse_decimal
from merx.promotions import PromotionDraft, PromotionKind, Scope, Trigger
from merx.storefront.core.forms import Line, Short, Words
from merx.storefront.core.pages import ZONE

Value = TypeVar("Value")
_PERCENT: Final = re.compile(r"(\d{1,3})(?:\.(\d{1,2}))?")
_LONGEST_NUMBER: Final = 10


class BadCount(Invalid):
    """Not a whole number."""

    code = "bad_count"
    message = "Write a whole number, or leave it empty."


class BadPercent(Invalid):
    """Not a percentage."""

    code = "bad_percent"
    message = "Write a percentage of at most %(most)s, such as %(example)s."


class BadTime(Invalid):
    """Not a date with its time."""

    code = "bad_time"
    message = "Choose a date and a time."


class UnknownThing(Invalid):
    """A category, a product or a seller that is not there, or not the seller's own."""

    code = "unknown_thing"
    message = "Nothing is called %(name)s here. Write one name per line."


class CodeForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A code to enter, or to take out."""

    code: Line


class PromotionForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A promotion as it is typed: amounts in major units, percentages as people write them, times of the shop's zone."""

    seller_id: Short = ""
    name_zh: Line = ""
    name_en: Line = ""
    kind: PromotionKind = PromotionKind.AMOUNT_OFF
    percent: Short = ""
    amount: Short = ""
    most: Short = ""
    threshold: Short = ""
    currency: Short = ""
    trigger: Trigger = Trigger.AUTOMATIC
    code: Short = ""
    coupon_days: Short = ""
    scope: Scope = Scope.EVERYTHING
    things: Words = ""
    starts_at: Short = ""
    ends_at: Short = ""
    uses_total: Short = ""
    uses_per_person: Short = ""
    exclusive_group: Line = ""
    priority: Short = "100"
    given_back: Literal["yes"] | None = None


class ChangeForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What may change of a promotion that people have seen."""

    name_zh: Line = ""
    name_en: Line = ""
    ends_at: Short = ""
    uses_total: Short = ""


FIELDS: Final = frozenset(PromotionForm.__struct_fields__)
NAMED: Final = {"percent_bp": "percent", "scope_ids": "things", "name": "name_zh"}
"""How the form calls a field of the draft."""


class Reader:
    """Reads typed values one by one and keeps what is wrong with each, so that all of it is said at once."""

    def __init__(self, locale: str) -> None:
        self.errors: dict[str, str] = {}
        self._locale = locale

    def read(self, field: str, parse: Callable[[], Value], otherwise: Value) -> Value:
        """A value, or what stands in for it while the field has a mistake."""
        try:
            return parse()
        except Invalid as error:
            self.refuse(field, error)
            return otherwise

    def refuse(self, field: str, error: DomainError) -> None:
        """Note what is wrong with a field."""
        self.errors[field] = message_text(error.message, error.params, locale=self._locale)


def draft_of(form: PromotionForm, reader: Reader, *, now: datetime) -> PromotionDraft:
    """The promotion that a form describes; its scope is looked up by who has the catalogue. Says mistakes to the reader.

    What does not belong to the kind or the trigger that was chosen is left out, whatever is typed there.
    """
    percentage = form.kind is PromotionKind.PERCENTAGE

    def amount(field: str) -> int | None:
        text = getattr(form, field).strip()
        return parse_decimal(text, form.currency).amount if text else None

    def read_amount(field: str) -> int | None:
        return reader.read(field, lambda: amount(field), None)

    def read_count(field: str) -> int | None:
        return reader.read(field, lambda: count(getattr(form, field)), None)

    off = read_amount("amount") if form.kind is PromotionKind.AMOUNT_OFF else None
    most = read_amount("most") if percentage else None
    threshold = read_amount("threshold") or 0
    return PromotionDraft(
        name=names(form),
        kind=form.kind,
        percent_bp=reader.read("percent", lambda: percent(form.percent), None) if percentage else None,
        amount=off,
        most=most,
        threshold=threshold,
        currency=form.currency if off or most or threshold else None,
        trigger=form.trigger,
        code=form.code.strip() or None if form.trigger is Trigger.CODE else None,
        scope=form.scope,
        starts_at=reader.read("starts_at", lambda: moment(form.starts_at), None) or now,
        ends_at=reader.read("ends_at", lambda: moment(form.ends_at), None),
        uses_total=read_count("uses_total"),
        uses_per_person=read_count("uses_per_person"),
        coupon_days=read_count("coupon_days") if form.trigger is Trigger.COUPON else None,
        exclusive_group=form.exclusive_group,
        priority=reader.read("priority", lambda: count(form.priority, least=0), None) or 0,
        given_back=form.given_back is not None,
    )


def names(form: Any) -> dict[str, str]:
    """The names that were typed, by language."""
    typed = {"zh-CN": form.name_zh, "en": form.name_en}
    return {locale: text for locale, text in typed.items() if text.strip()}


def percent(text: str) -> int:
    """Basis points of "10" or "12.5". Raises BadPercent."""
    found = _PERCENT.fullmatch(text.strip().removesuffix("%").strip()) if text.isascii() else None
    share = int(found[1]) * 100 + int((found[2] or "").ljust(2, "0")) if found else 0
    if not 0 < share <= 100 * 100:
        raise BadPercent(field="percent", most=100, example="12.5")
    return share


def count(text: str, *, least: int = 1) -> int | None:
    """A whole number; None for nothing. Raises BadCount."""
    typed = text.strip()
    if not typed:
        return None
    if not (typed.isascii() and typed.isdigit() and len(typed) <= _LONGEST_NUMBER and int(typed) >= least):
        raise BadCount
    return int(typed)


def moment(text: str) -> datetime | None:
    """A time of the shop's zone as browsers send it; None for nothing. Raises BadTime."""
    typed = text.strip()
    if not typed:
        return None
    try:
        found = datetime.fromisoformat(typed)
    except ValueError:
        raise BadTime from None
    return found.replace(tzinfo=ZONE) if found.tzinfo is None else found


def moment_text(at: datetime | None) -> str:
    """A time as the field for it wants it."""
    return at.astimezone(ZONE).strftime("%Y-%m-%dT%H:%M") if at else ""
