"""A payment provider at the far end of the wire, which answers as a test wants it to."""
# ruff: noqa: ARG002 - the contract names them

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, date, tzinfo

from merx.kit.money import Money
from merx.payments.providers import (
    BillRow,
    NoticeAnswer,
    NoticeProblem,
    NoticeRejected,
    PaymentRequest,
    ProviderAction,
    ProviderNotice,
    ProviderState,
    ProviderStatus,
    RefundState,
)

Answer = Callable[[str], Awaitable[ProviderStatus]]


async def waiting(_number: str) -> ProviderStatus:
    """The payer has not paid yet."""
    return ProviderStatus.WAITING


class Peer:
    """A provider called `code`; `answer` is what happens at each of its calls, and `asked` what was asked."""

    acknowledgement = NoticeAnswer(status=200, media_type="text/plain", body=b"ok")
    refusal = NoticeAnswer(status=500, media_type="text/plain", body=b"")

    def __init__(
        self, code: str, answer: Answer = waiting, currencies: frozenset[str] = frozenset({"CNY"})
    ) -> None:
        self.code = code
        self.answer = answer
        self.currencies = currencies
        self.label: Mapping[str, str] = {"en": code.title(), "zh-CN": code}
        self.asked: list[str] = []
        self.bill_code = code
        self.bill_zone: tzinfo = UTC

    async def start(self, request: PaymentRequest) -> ProviderAction:
        await self._ask("start", request.number)
        return ProviderAction(kind="redirect", url=f"http://{self.code}.test/{request.number}")

    async def query(self, number: str) -> ProviderState:
        return self._state(number, await self._ask("query", number))

    async def close(self, number: str) -> ProviderState:
        return self._state(number, await self._ask("close", number))

    async def refund(self, *, number: str, refund_number: str, amount: Money, reason: str = "") -> bool:
        return await self._ask("refund", refund_number) is ProviderStatus.CAPTURED

    async def refund_state(self, *, number: str, refund_number: str, amount: Money) -> RefundState:
        await self._ask("refund_state", refund_number)
        return RefundState.UNKNOWN

    async def bill(self, day: date) -> list[BillRow]:
        await self._ask("bill", day.isoformat())
        return []

    def parse_notice(self, headers: Mapping[str, str], body: bytes) -> ProviderNotice:
        raise NoticeRejected(NoticeProblem.MALFORMED)

    def parse_return(self, query_string: str) -> str | None:
        return query_string or None

    async def aclose(self) -> None:
        """It has nothing open."""

    async def _ask(self, what: str, number: str) -> ProviderStatus:
        self.asked.append(f"{what} {number}")
        return await self.answer(number)

    def _state(self, number: str, status: ProviderStatus) -> ProviderState:
        return ProviderState(
            status=status,
            number=number,
            provider_reference=None,
            amount=None,
            paid_at=None,
            raw_status=status,
        )
