"""The API when a provider is down, and paying a purchase another way."""

from datetime import timedelta

import httpx
import pytest
from tests.world.client import Api, Changes, key, problem
from tests.world.peer import Peer

from merx.payments.providers import (
    BreakerRules,
    GuardRules,
    ProviderRegistry,
    ProviderStatus,
    ProviderUnavailable,
)


@pytest.fixture
def bank(api: Api) -> Peer:
    """A provider beside Alipay; two failures in a row take one down."""
    peer = Peer("bank")
    alipay = api.services.providers.get("alipay").inner
    api.services.providers = ProviderRegistry(
        [alipay, peer, Peer("dollars", currencies=frozenset({"USD"}))],
        rules=GuardRules(breaker=BreakerRules(failures=2)),
    )
    return peer


async def take_down(api: Api, bank: Peer) -> None:
    async def silence(_number: str) -> ProviderStatus:
        raise ProviderUnavailable(provider="bank", reason="silence")

    bank.answer = silence
    for _ in range(2):
        with pytest.raises(ProviderUnavailable):
            await api.services.providers.get("bank").query("N1")


async def offered(client: httpx.AsyncClient, url: str, headers: dict[str, str]) -> list[str]:
    quote = (await client.get(f"{url}/quote", headers=headers)).json()
    return [each["code"] for each in quote["offers"]["payment_methods"]]


async def test_a_provider_that_is_down_is_not_offered_chosen_or_ordered_with(
    api: Api, client: httpx.AsyncClient, changes: Changes, bank: Peer
) -> None:
    url, shown = await api.ready_cart({"TEA": 1})
    assert await offered(client, url, shown) == ["alipay", "bank"]
    await client.put(f"{url}/payment-method", json={"provider": "bank"}, headers=shown)
    await take_down(api, bank)
    order = {"expected_total": {"amount": 5790, "currency": "CNY"}}
    async with changes.none():
        assert await offered(client, url, shown) == ["alipay"]
        problem(
            await client.put(f"{url}/payment-method", json={"provider": "bank"}, headers=shown),
            409,
            "payment_method_not_offered",
        )
        ordered = await client.post(f"{url}/checkout", json=order, headers={**shown, **key()})
        refusal = problem(ordered, 409, "payment_method_not_offered")
        assert (refusal["reason"], refusal["offered"]) == ("down", "alipay")
    assert (await client.put(f"{url}/payment-method", json={"provider": "alipay"}, headers=shown)).is_success
    assert (await client.post(f"{url}/checkout", json=order, headers={**shown, **key()})).status_code == 201


async def test_a_waiting_purchase_is_paid_another_way_and_a_repeat_changes_nothing(
    api: Api, client: httpx.AsyncClient, changes: Changes, bank: Peer
) -> None:
    placed = await api.placed({"TEA": 1})
    assert bank.asked == []
    answer = await client.post(
        f"{placed.url}/payment-method", json={"provider": "bank"}, headers=placed.headers
    )
    assert answer.status_code == 200
    assert answer.json() == {"purchase_id": placed.id, "payment_method": "bank"}
    async with changes.none():
        again = await client.post(
            f"{placed.url}/payment-method", json={"provider": "bank"}, headers=placed.headers
        )
        assert again.json() == answer.json()
    body = (await client.get(placed.url, headers=placed.headers)).json()
    assert body["payment_method"] == "bank"
    assert [(each["provider"], each["state"]) for each in body["payments"]] == [
        ("alipay", "expired"),
        ("bank", "created"),
    ]
    started = await client.post(f"{placed.url}/pay", headers=placed.headers)
    assert started.json()["action"]["url"] == f"http://bank.test/{placed.number}P2"


async def test_what_cannot_be_chosen_is_refused_with_what_can(
    api: Api, client: httpx.AsyncClient, changes: Changes, bank: Peer
) -> None:
    placed = await api.placed({"TEA": 1})
    await take_down(api, bank)
    for provider in ("bank", "dollars", "cash"):
        async with changes.none():
            refused = await client.post(
                f"{placed.url}/payment-method", json={"provider": provider}, headers=placed.headers
            )
            assert problem(refused, 409, "payment_method_not_offered")["offered"] == "alipay"
    api.simulator.clock.advance(timedelta(minutes=31))
    async with changes.none():
        late = await client.post(
            f"{placed.url}/payment-method", json={"provider": "bank"}, headers=placed.headers
        )
        problem(late, 409, "not_payable")


async def test_a_paid_purchase_is_not_paid_another_way(
    api: Api, client: httpx.AsyncClient, changes: Changes, bank: Peer
) -> None:
    placed = await api.paid({"TEA": 1})
    async with changes.none():
        refused = await client.post(
            f"{placed.url}/payment-method", json={"provider": "bank"}, headers=placed.headers
        )
        problem(refused, 409, "already_paid")
    assert bank.asked == []
