"""Nouns of the verification."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from merx.infra.db import Sql

Area = Literal["stock", "money", "promotions", "workflow", "data"]
Need = Literal["now", "key_ids", "handlers", "account_kinds", "max_amount", "clearing_days"]


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One invariant over the whole database.

    `title` says what holds when no row is found. `sql` returns every row that breaks it, as two texts: `key` names the
    row, `detail` says what is there and what should be. `examined_sql` counts the rows looked at; checks of the same
    rows share the statement, which then runs once. `needs` are the facts passed as $1, $2 … to `sql`.
    """

    code: str
    area: Area
    title: str
    sql: Sql
    examined_sql: Sql
    needs: tuple[Need, ...] = ()


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a check may need to know that the database does not say."""

    now: datetime
    key_ids: Sequence[str] | None
    """Ids of the master keys of the ring; None when the ring is not at hand."""
    handlers: Sequence[str]
    account_kinds: Sequence[str]
    max_amount: int
    clearing_days: int
    """How old money at a provider may be that no bill has confirmed."""


class Break(msgspec.Struct, frozen=True):
    """A row that breaks an invariant."""

    key: str
    detail: str


class CheckResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one check found. `breaks` counts all broken rows, `named` are the first of them."""

    code: str
    area: Area
    title: str
    examined: int
    breaks: int
    named: list[Break]
    seconds: float
    skipped: str | None = None
    """Why the check did not run, if it did not."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a whole run found, all of it in one snapshot of the database taken at `taken_at`."""

    taken_at: datetime
    seconds: float
    results: list[CheckResult]

    @property
    def sound(self) -> bool:
        """Whether every check that ran found nothing."""
        return all(result.breaks == 0 for result in self.results)
