"""A purchase paid by card: whatever becomes of webhooks and answers, it is placed once and paid back once."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.world.cards import CardTill
from tests.world.shop import a_shop
from tests.world.till import Till

from merx.infra.crypto import MasterKeys
from merx.infra.db import Database
from merx.simulators.card import Fault, FaultKind
from merx.simulators.card.model import ApiError


@pytest.fixture
async def cards(db: Database, keys: MasterKeys, owner: Any, now: datetime) -> AsyncIterator[CardTill]:
    till = Till(db, keys, owner, await a_shop(db, now=now), now)
    cards = CardTill(till)
    yield cards
    await cards.provider.aclose()
    cards.simulator.close()
    await till.close()


@pytest.mark.parametrize("kind", [None, FaultKind.DUPLICATE, FaultKind.HOLD])
async def test_a_paid_purchase_is_placed_once_whatever_the_order_of_its_webhooks(
    cards: CardTill, kind: FaultKind | None
) -> None:
    bought = await cards.at_page()
    if kind is not None:
        cards.simulator.add_fault(Fault(kind=kind, times=None))
    cards.simulator.pay(bought.payment_number)
    await cards.simulator.deliver_due()
    cards.simulator.clear_faults()
    await cards.simulator.release()
    assert await cards.till.state(bought) == ("placed", None)
    assert await cards.captured() == cards.charged(bought)
    assert await cards.till.events("PaymentCaptured") == 1


@pytest.mark.parametrize(
    "kind",
    [
        FaultKind.LOSE,
        FaultKind.FORGE,
        FaultKind.OLD,
        FaultKind.WRONG_AMOUNT,
        FaultKind.WRONG_MODE,
        FaultKind.WRONG_ACCOUNT,
    ],
)
async def test_a_webhook_not_to_be_believed_changes_nothing_and_the_question_finds_the_money(
    cards: CardTill, kind: FaultKind
) -> None:
    bought = await cards.at_page()
    before = await cards.till.everything()
    cards.simulator.add_fault(Fault(kind=kind, times=None))
    cards.simulator.pay(bought.payment_number)
    lines = await cards.simulator.deliver_due()
    assert {line.outcome for line in lines} == {"lost" if kind is FaultKind.LOSE else "refused: 400"}
    assert await cards.till.everything() == before
    assert await cards.till.ask_about(bought)
    assert await cards.till.state(bought) == ("placed", None)
    assert await cards.captured() == cards.charged(bought)


async def test_an_overdue_page_is_closed_at_our_deadline(cards: CardTill) -> None:
    bought = await cards.at_page()
    cards.go_on(timedelta(minutes=31))
    assert cards.simulator.session(bought.payment_number)["status"] == "open"
    assert await cards.till.expire() == 1
    assert await cards.till.state(bought) == ("cancelled", "expired")
    with pytest.raises(ApiError):
        cards.simulator.pay(bought.payment_number)
    assert await cards.captured() == []


async def test_money_that_comes_after_an_unanswered_cancel_places_the_purchase_again(cards: CardTill) -> None:
    bought = await cards.at_page()
    cards.simulator.add_fault(Fault(kind=FaultKind.TIMEOUT, times=None))
    assert await cards.till.cancel(bought)
    cards.simulator.clear_faults()
    cards.simulator.pay(bought.payment_number)
    await cards.simulator.deliver_due()
    assert await cards.till.state(bought) == ("placed", None)
    assert await cards.captured() == cards.charged(bought)
