"""A bill as it is written down: for rows that no simulated provider would write."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Final, cast

import msgspec

from merx.kit.money import Money
from merx.payments.providers import BillRow, GuardedProvider, PaymentProvider, ProviderRegistry

CHINA: Final = timezone(timedelta(hours=8))

_AS_IT_IS: Final = (
    "code",
    "label",
    "currencies",
    "bill_code",
    "start",
    "query",
    "close",
    "refund",
    "refund_state",
    "aclose",
)


class Paper:
    """Has the bill of every day; everything else is the real provider's."""

    def __init__(self, provider: GuardedProvider) -> None:
        vars(self).update({name: getattr(provider, name) for name in _AS_IT_IS})
        self.rows: list[BillRow] = []
        self.bill_zone: tzinfo = provider.bill_zone

    async def bill(self, day: date) -> list[BillRow]:
        return [row for row in self.rows if row.at.astimezone(CHINA).date() == day]


def on_paper(provider: GuardedProvider) -> tuple[Paper, ProviderRegistry]:
    paper = Paper(provider)
    return paper, ProviderRegistry([cast(PaymentProvider, paper)])


def payment_row(
    number: str, reference: str, amount: int, *, fee: int = 0, at: datetime, currency: str = "CNY"
) -> BillRow:
    return BillRow(
        kind="payment", number=number, refund_number=None, reference=reference, amount=Money(amount, currency),
        fee=Money(fee, currency), at=at.astimezone(UTC),
    )  # fmt: skip


def refund_row(
    number: str, refund_number: str | None, amount: int, *, fee: int = 0, at: datetime, done: bool = True
) -> BillRow:
    return BillRow(
        kind="refund", number=number, refund_number=refund_number, reference=f"R{refund_number}",
        amount=Money(amount, "CNY"), fee=Money(fee, "CNY"), at=at.astimezone(UTC), done=done,
    )  # fmt: skip


def altered(row: BillRow, *, amount: int = 0, fee: int = 0, reference: str | None = None) -> BillRow:
    return msgspec.structs.replace(
        row, amount=Money(row.amount.amount + amount, row.amount.currency),
        fee=Money(row.fee.amount + fee, row.fee.currency), reference=reference or row.reference,
    )  # fmt: skip


def numbers(rows: Sequence[BillRow]) -> list[str]:
    return [row.refund_number or row.number for row in rows]
