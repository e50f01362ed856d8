"""What a kind of notification is: which events it answers, who is told, what it says and where it leads."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

import msgspec

from merx.infra.db import Tx
from merx.infra.outbox import Heard
from merx.infra.translate import message_text
from merx.kit.events import Event
from merx.notifications import store
from merx.notifications.model import Wording

E = TypeVar("E", bound=Event)
F = TypeVar("F", bound=msgspec.Struct)
NOBODY: Final = ()


class Kind(msgspec.Struct, Generic[E, F], frozen=True, kw_only=True):
    """A kind of notification. `name` and the fields of `told` are stored for ever: a new field has a default.

    `audience` says who is told what of an event. `title`, `text` (where it depends on what is told, a function) and the
    result of `values` make the wording: texts are marked English, with the fields of `told` and the values as %(name)s.
    """

    name: str
    events: tuple[type[E], ...]
    told: type[F]
    audience: Callable[[Tx, E], Awaitable[Sequence[tuple[Collection[UUID], F]]]]
    title: str
    text: str | Callable[[F], str]
    values: Callable[[F, str], Mapping[str, object]]
    link: Callable[[F], str]

    async def tell(self, tx: Tx, heard: Heard[E]) -> None:
        """Write a notification and queue a mail for everybody concerned; a second time changes nothing."""
        for account_ids, told in await self.audience(tx, heard.event):
            if account_ids:
                await store.insert(
                    tx, event_id=heard.id, account_ids=account_ids, kind=self.name, data=told,
                    created_at=heard.created_at,
                )  # fmt: skip

    def read(self, data: Any) -> F:
        """What was stored. Raises msgspec.ValidationError when it is not of this kind."""
        return msgspec.convert(data, type=self.told)

    def word(self, told: F, *, locale: str) -> Wording:
        """What it says in one language."""
        text = self.text if isinstance(self.text, str) else self.text(told)
        values = {**msgspec.structs.asdict(told), **self.values(told, locale)}
        return Wording(
            title=message_text(self.title, values, locale=locale),
            text=message_text(text, values, locale=locale),
            path=self.link(told),
        )
