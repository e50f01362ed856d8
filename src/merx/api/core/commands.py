"""Commands as rows: each says who gives it and with what, what carries it out, and what is answered.

Every command of this kind carries an Idempotency-Key and is carried out once per key. The row is all there is of it: its
place in the description is made from it, too.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Literal
from uuid import UUID

import msgspec
from litestar import post
from litestar.handlers import HTTPRouteHandler

from merx.api.core.answers import Answer, done
from merx.api.core.call import Call, open_call, perform
from merx.api.core.operations import operation
from merx.api.core.reading import ApiRequest, read_body, required_key
from merx.infra.db import ReadTx, Tx
from merx.kit.actors import Buyer, SellerMember, Staff

Who = Literal["buyer", "seller", "staff"]


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """A command that arrived: by whom, about what, saying what. `about` are the ids of its address, by name."""

    call: Call
    actor: Any
    about: Mapping[str, UUID]
    body: Any


Perform = Callable[[Tx, Given], Awaitable[Any]]
Look = Callable[[ReadTx, UUID, Given], Awaitable[Any]]


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """A row. `key` names what its Idempotency-Keys are for, `says` is its line in the description.

    What `perform` returns is the answer and kept under the key, so it holds nothing that anybody wrote. Or `look` reads the
    answer afterwards, and only the id of what `perform` returns is kept.
    """

    path: str
    name: str
    says: str
    key: str
    tag: str
    who: Who
    perform: Perform
    answer: type[msgspec.Struct]
    look: Look | None = None
    body: type[msgspec.Struct] | None = None
    status: int = 200


class _Kept(msgspec.Struct, frozen=True):
    """What is kept of a command whose answer is read afterwards."""

    id: UUID


_ACTORS: Final[Mapping[Who, Callable[[Call], Buyer | SellerMember | Staff]]] = {
    "buyer": Call.buyer,
    "seller": Call.seller,
    "staff": Call.staff,
}


def use(
    use_case: Callable[..., Awaitable[Any]], arguments: Callable[[Any], Mapping[str, Any]] | None = None
) -> Perform:
    """Carry out a use case of the usual form: (tx, *, the ids of the address, actor, now, the fields of the body).

    `arguments` makes something else of the body than its fields.
    """

    async def perform_it(tx: Tx, given: Given) -> Any:
        more = (arguments or _fields)(given.body)
        return await use_case(tx, **given.about, actor=given.actor, now=given.call.now, **more)

    return perform_it


def _fields(body: Any) -> dict[str, Any]:
    return {} if body is None else {name: getattr(body, name) for name in body.__struct_fields__}


def handlers_of(*commands: Command) -> list[HTTPRouteHandler]:
    """The routes of these commands."""
    return [_handler(each) for each in commands]


def _handler(command: Command) -> HTTPRouteHandler:
    async def handle(request: ApiRequest) -> Answer:
        call = await open_call(request)
        actor = _ACTORS[command.who](call)
        body = await read_body(request, command.body) if command.body else None
        given = Given(call=call, actor=actor, about=dict(request.path_params), body=body)
        return await _carry_out(command, given, key=required_key(request))

    handle.__name__, handle.__doc__ = command.name, command.says
    described = operation(
        command.tag,
        command.answer,
        status=command.status,
        body=command.body,
        auth=command.who,
        key="required",
    )
    return post(command.path, status_code=command.status, opt=described)(handle)


async def _carry_out(command: Command, given: Given, *, key: str) -> Answer:
    async def work(tx: Tx) -> Any:
        outcome = await command.perform(tx, given)
        return outcome if command.look is None else _Kept(outcome.id)

    said = () if given.body is None else (given.body,)
    kept: type[Any] = command.answer if command.look is None else _Kept
    outcome, replayed = await perform(
        given.call,
        work,
        key=key,
        route=command.key,
        request=(*given.about.values(), *said),
        outcome=kept,
    )
    if command.look is not None:
        async with given.call.services.db.snapshot() as tx:
            outcome = await command.look(tx, outcome.id, given)
    return done(outcome, status=command.status, replayed=replayed)
