"""Forms that are commands, as rows: each says who sends it, what it holds, what carries it out and where one is led then.

A refusal stands beside the form it is about; the feature says how its page is drawn again.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Literal
from uuid import UUID

import msgspec
from litestar import post
from litestar.handlers import HTTPRouteHandler

from merx.infra.db import Tx
from merx.kit.actors import Buyer, SellerMember, Staff
from merx.kit.errors import Conflict, DomainError, Invalid
from merx.storefront.core.forms import EmptyForm, PlainRequest, read_form
from merx.storefront.core.pages import Page, see_other
from merx.storefront.core.parameters import Visiting
from merx.storefront.core.visit import Visit

Who = Literal["buyer", "seller", "staff"]


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A form that arrived: by whom, about what, saying what. `about` are the ids of its address, by name."""

    visit: Visit
    actor: Any
    about: Mapping[str, UUID]
    form: Any


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """A row. `form_for` names the form on its page that a refusal stands beside; `read` is for forms of another kind."""

    path: str
    name: str
    who: Who
    perform: Callable[[Tx, Sent], Awaitable[Any]]
    form: type[msgspec.Struct] = EmptyForm
    read: Callable[[PlainRequest], Awaitable[Any]] | None = None
    form_for: str = ""


Then = Callable[[Sent, Command, Any], str]
Again = Callable[[Sent, Command, DomainError], Awaitable[Page]]
_ACTORS: Final[Mapping[Who, Callable[[Visit], Buyer | SellerMember | Staff]]] = {
    "buyer": Visit.buyer,
    "seller": Visit.seller,
    "staff": Visit.staff,
}


def use(
    use_case: Callable[..., Awaitable[Any]], arguments: Callable[[Any], Mapping[str, Any]] | None = None
) -> Callable[[Tx, Sent], Awaitable[Any]]:
    """Carry out a use case of the usual form: (tx, *, the ids of the address, actor, now, the fields of the form).

    `arguments` makes something else of the form than its fields.
    """

    async def perform(tx: Tx, sent: Sent) -> Any:
        more = (arguments or msgspec.structs.asdict)(sent.form)
        return await use_case(tx, **sent.about, actor=sent.actor, now=sent.visit.now, **more)

    return perform


def handlers_of(*commands: Command, then: Then, again: Again) -> list[HTTPRouteHandler]:
    """The routes of these commands. `then` says where a command leads, `again` draws the page of a refusal."""
    return [_handler(each, then, again) for each in commands]


def _handler(command: Command, then: Then, again: Again) -> HTTPRouteHandler:
    async def handle(request: PlainRequest, visit: Visiting) -> Page:
        actor = _ACTORS[command.who](visit)
        form = await (command.read(request) if command.read else read_form(request, command.form))
        sent = Sent(visit=visit, actor=actor, about=dict(request.path_params), form=form)
        try:
            outcome = await visit.services.db.write(lambda tx: command.perform(tx, sent))
        except (Invalid, Conflict) as error:
            return await again(sent, command, error)
        return see_other(then(sent, command, outcome))

    handle.__name__ = command.name
    return post(command.path, status_code=200)(handle)
