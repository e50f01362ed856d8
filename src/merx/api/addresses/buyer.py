"""The address book."""

from uuid import UUID

from litestar import delete, get, post, put
from litestar.params import FromPath

from merx.accounts import (
    SavedAddress,
    StaleAddress,
    add_address,
    delete_address,
    get_address,
    update_address,
)
from merx.api.addresses.requests import SaveAddress
from merx.api.core.answers import REPLAYED, Answer, answer, nothing, versioned
from merx.api.core.call import Call, open_call, perform
from merx.api.core.operations import operation
from merx.api.core.reading import ApiRequest, expected_version, idempotency_key, read_body
from merx.api.core.requests import typed_address
from merx.infra.db import Tx
from merx.infra.http import PreconditionFailed
from merx.queries.addresses import AddressList, address_list

ADDRESS = "/me/addresses/{address_id:uuid}"


# ---------------------------------------------------------------- address book


@get("/me/addresses", opt=operation("accounts", AddressList, auth="account"))
async def show_addresses(request: ApiRequest) -> Answer:
    """List the address book, the default address first."""
    call = await open_call(request)
    account_id = call.require_account().account.id
    async with call.services.db.snapshot() as tx:
        found = await address_list(tx, call.services.keys, account_id=account_id)
    return answer(found)


@post(
    "/me/addresses",
    opt=operation(
        "accounts",
        SavedAddress,
        status=201,
        body=SaveAddress,
        auth="account",
        key="optional",
        etag=True,
    ),
)
async def save_address(request: ApiRequest) -> Answer:
    """Add an address to the address book."""
    wanted = await read_body(request, SaveAddress)
    call = await open_call(request)
    account_id = call.require_account().account.id
    keys = call.services.keys

    async def save(tx: Tx) -> UUID:
        saved = await add_address(
            tx, keys, account_id=account_id, address=typed_address(wanted.address),
            make_default=wanted.is_default, now=call.now,
        )  # fmt: skip
        return saved.id

    address_id, replayed = await perform(
        call, save, key=idempotency_key(request), route="addresses.add", request=(wanted,), outcome=UUID
    )
    async with call.services.db.snapshot() as tx:
        saved = await get_address(tx, keys, account_id=account_id, address_id=address_id)
    response = versioned(saved, saved.version, status=201)
    response.headers.update(REPLAYED if replayed else {})
    return response


@get(ADDRESS, opt=operation("accounts", SavedAddress, auth="account", etag=True))
async def show_address(request: ApiRequest, address_id: FromPath[UUID]) -> Answer:
    """Show one address of the address book."""
    call = await open_call(request)
    account_id = call.require_account().account.id
    async with call.services.db.snapshot() as tx:
        saved = await get_address(tx, call.services.keys, account_id=account_id, address_id=address_id)
    return versioned(saved, saved.version)


@put(
    ADDRESS,
    opt=operation("accounts", SavedAddress, body=SaveAddress, auth="account", if_match=True, etag=True),
)
async def change_address(request: ApiRequest, address_id: FromPath[UUID]) -> Answer:
    """Replace an address as it was read."""
    call = await open_call(request)
    account_id = call.require_account().account.id
    version = expected_version(request)
    wanted = await read_body(request, SaveAddress)

    async def change(tx: Tx) -> SavedAddress:
        present = await _present(tx, call, account_id, address_id, version)
        try:
            return await update_address(
                tx, call.services.keys, account_id=account_id, address_id=address_id,
                expected_version=present.version, address=typed_address(wanted.address),
                make_default=wanted.is_default, now=call.now,
            )  # fmt: skip
        except StaleAddress as error:
            raise PreconditionFailed(current=error.params["version"]) from error

    saved = await call.services.db.write(change)
    return versioned(saved, saved.version)


async def _present(
    tx: Tx, call: Call, account_id: UUID, address_id: UUID, version: int | None
) -> SavedAddress:
    """The address, if it still has the version (None: any). Raises UnknownAddress, PreconditionFailed."""
    present = await get_address(tx, call.services.keys, account_id=account_id, address_id=address_id)
    if version is not None and present.version != version:
        raise PreconditionFailed(current=present.version)
    return present


@delete(ADDRESS, status_code=200, opt=operation("accounts", None, status=204, auth="account", if_match=True))
async def forget_address(request: ApiRequest, address_id: FromPath[UUID]) -> Answer:
    """Delete an address as it was read."""
    call = await open_call(request)
    account_id = call.require_account().account.id
    version = expected_version(request)

    async def forget(tx: Tx) -> None:
        await _present(tx, call, account_id, address_id, version)
        await delete_address(tx, account_id=account_id, address_id=address_id)

    await call.services.db.write(forget)
    return nothing()


handlers = [show_addresses, save_address, show_address, change_address, forget_address]
