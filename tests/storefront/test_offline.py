"""Bank transfer and cash on delivery on the pages: the buyer is told, the seller and the staff confirm."""

import re
from typing import Any

import httpx
import pytest
from tests.world.pages import NewBrowser, fields_of, text_of
from tests.world.shop import ADDRESS, Shop

from merx.accounts import appoint_staff, hash_password, register
from merx.payments.providers import BankTransferProvider, CashOnDeliveryProvider, ProviderRegistry
from merx.sellers import add_member
from merx.services import Services

PASSWORD = "correct horse battery"
TYPED = {
    "name": "Anna", "phone": "+86 138 0013 8000", "line1": "Street 1", "city": "Shanghai", "region": "Shanghai",
    "postal_code": "200001", "country": "CN", "email": "anna@example.com",
}  # fmt: skip


@pytest.fixture
async def services(services: Services) -> Services:
    """The shop with people's methods beside Alipay."""
    cny = frozenset({"CNY", "USD"})
    transfer = BankTransferProvider(holder="Merx Ltd", bank="Bank", account="A-1", currencies=cny, days=3)
    cash = CashOnDeliveryProvider(currencies=cny, countries=frozenset({ADDRESS.country}))
    providers = ProviderRegistry([*services.providers, transfer, cash])
    return Services(
        settings=services.settings,
        db=services.db,
        keys=services.keys,
        providers=providers,
        clock=services.clock,
    )


async def buy(browser: httpx.AsyncClient, shop: Shop, payment: str, *skus: str) -> tuple[str, str]:
    """Order so; returns the path the browser is led to and the checkout's page."""
    for sku in skus:
        added = await browser.post(
            "/cart/lines",
            data={"variant_id": str(shop.variants[sku]), "quantity": "1"},
            follow_redirects=True,
        )
        assert added.status_code == 200, added.text
    page = (await browser.get("/checkout")).text
    form = {**fields_of(page, "/checkout"), **TYPED, "action": "update"}
    page = (await browser.post("/checkout", data=form)).text
    form = {**fields_of(page, "/checkout"), **TYPED, "payment": payment, "action": "order"}
    answer = await browser.post("/checkout", data=form)
    assert answer.status_code == 303, text_of(answer.text)
    return answer.headers["location"], page


async def person(services: Services, shop: Shop, browser: httpx.AsyncClient, what: str) -> None:
    """Log in as the platform's staff, or as a seller's."""
    async with services.db.transaction() as tx:
        account = await register(
            tx, services.keys, email=f"{what}@example.com", password_hash=await hash_password(PASSWORD), name="P",
            locale="en", now=services.clock(),
        )  # fmt: skip
        if what == "staff":
            await appoint_staff(tx, account_id=account.id, now=services.clock())
        elif what != "buyer":
            await add_member(
                tx, seller_id=shop.sellers[what], account_id=account.id, role="owner", now=services.clock()
            )
    page = (await browser.get("/login")).text
    sent = {**fields_of(page, "/login"), "email": f"{what}@example.com", "password": PASSWORD}
    assert (await browser.post("/login", data=sent)).status_code == 303


async def test_a_transfer_is_explained_and_confirmed_in_two_clicks(
    services: Services, shop: Shop, new_browser: NewBrowser, owner: Any
) -> None:
    buyer, clerk = new_browser(), new_browser()
    path, page = await buy(buyer, shop, "bank_transfer", "TEA", "POT")
    assert "You transfer the money within 3 days; the goods wait for it." in text_of(page)
    assert "cash when it is delivered" not in text_of(page)
    shown = text_of((await buyer.get(path)).text)
    number = await owner.fetchval("SELECT number FROM payments")
    assert all(word in shown for word in ("Merx Ltd", "A-1", number, "Please transfer the amount"))
    await person(services, shop, clerk, "staff")
    listed = (await clerk.get("/staff/payments")).text
    payment_id = await owner.fetchval("SELECT id FROM payments")
    form = fields_of(listed, f"/staff/payments/{payment_id}/confirm")
    wrong = await clerk.post(
        f"/staff/payments/{payment_id}/confirm", data={**form, "amount": "1", "reference": "B-1"}
    )
    assert wrong.status_code == 422
    assert "is owed, not 1.00" in text_of(wrong.text)
    done = await clerk.post(f"/staff/payments/{payment_id}/confirm", data={**form, "reference": "B-1"})
    assert done.headers["location"] == "/staff/payments?done=placed"
    after = text_of((await clerk.get(done.headers["location"])).text)
    assert "Confirmed. The order is paid." in after
    assert "Nothing to confirm" in after
    found = text_of((await clerk.get(f"/staff/payments?number={number.lower()}")).text)
    assert "· confirmed" in found
    assert "Thank you, your payment is confirmed" in text_of((await buyer.get(path)).text)


@pytest.mark.parametrize("what", ["buyer", "tea-house"])
async def test_only_staff_see_and_confirm(
    services: Services, shop: Shop, new_browser: NewBrowser, owner: Any, what: str
) -> None:
    await buy(new_browser(), shop, "bank_transfer", "TEA")
    payment_id = await owner.fetchval("SELECT id FROM payments")
    browser = new_browser()
    guest = await browser.get("/staff/payments")
    assert guest.status_code in (303, 401)
    await person(services, shop, browser, what)
    assert (await browser.get("/staff/payments")).status_code == 403
    for path, data in (
        (f"/staff/payments/{payment_id}/confirm", {"amount": "57.90", "reference": "B"}),
        (f"/staff/payments/{payment_id}/capture", {}),
        (f"/staff/refunds/{payment_id}/paid-back", {"reference": "B"}),
        (f"/staff/refunds/{payment_id}/failed", {"reason": "B"}),
        (f"/staff/refunds/{payment_id}/retry", {}),
    ):
        assert (await browser.post(path, data=data)).status_code == 403, path
    assert await owner.fetchval("SELECT state FROM payments") == "action_required"


def assert_told_when(told: str, *, paid: bool) -> None:
    """Cash that came after the parcel had left stands after it; what was refused was never paid."""
    if paid:
        assert told.index("Handed to the carrier") < told.index("Payment confirmed") < told.index("Delivered")
    else:
        assert "Payment confirmed" not in told


async def test_cash_is_authorized_taken_or_refused_at_the_door(
    services: Services, shop: Shop, new_browser: NewBrowser, owner: Any
) -> None:
    seller = new_browser()
    await person(services, shop, seller, "tea-house")
    states = []
    for action in ("cash", "undelivered"):
        buyer = new_browser()
        path, page = await buy(buyer, shop, "cash_on_delivery", "TEA")
        assert "You pay in cash when it is delivered." in text_of(page)
        thanks = (await buyer.get(path)).text
        assert "Thank you, your order is placed" in text_of(thanks)
        order_path = re.search(r'href="(/purchases/[^"]+/orders/[^"]+)"', thanks)
        assert order_path
        told = text_of((await buyer.get(order_path[1])).text)
        assert "To be paid on delivery" in told
        assert "Apply for after-sales" not in told
        assert told.index("Delivered") < told.index("Payment confirmed") < told.index("Receipt confirmed")
        url = f"/seller/orders/{order_path[1].rpartition('/')[2]}"
        sent = await seller.post(f"{url}/ship", data={"carrier": "other", "tracking_number": "T1234"})
        assert sent.status_code == 303, text_of(sent.text)
        page = (await seller.get(url)).text
        form = fields_of(page, f"{url}/{action}")
        if action == "cash":
            wrong = await seller.post(f"{url}/cash", data={**form, "amount": "1", "reference": "R"})
            assert wrong.status_code == 422
            form["reference"] = "R"
        done = await seller.post(f"{url}/{action}", data=form)
        assert done.status_code == 303, text_of(done.text)
        assert "Cash received" not in text_of((await seller.get(url)).text)
        assert_told_when(text_of((await buyer.get(order_path[1])).text), paid=action == "cash")
        states.append(await owner.fetchrow(
            "SELECT p.state, p.cancel_reason, y.state FROM purchases p JOIN payments y ON y.purchase_id = p.id "
            "ORDER BY p.placed_at DESC, p.id DESC LIMIT 1"
        ))  # fmt: skip
    assert [tuple(row) for row in states] == [
        ("placed", None, "captured"), ("cancelled", "undelivered", "voided"),
    ]  # fmt: skip


async def test_a_buyer_cancels_what_is_only_authorized(
    shop: Shop, new_browser: NewBrowser, owner: Any
) -> None:
    buyer = new_browser()
    path, _ = await buy(buyer, shop, "cash_on_delivery", "TEA")
    assert (await buyer.post(f"{path}/cancel", data={})).status_code == 303
    assert "This order was cancelled" in text_of((await buyer.get(path)).text)
    assert await owner.fetchval("SELECT state FROM payments") == "voided"


async def test_what_changed_in_the_cart_takes_cash_away(
    shop: Shop, new_browser: NewBrowser, owner: Any
) -> None:
    buyer = new_browser()
    with pytest.raises(AssertionError, match="Choose another payment method"):
        await buy(buyer, shop, "cash_on_delivery", "TEA", "POT")
    assert await owner.fetchval("SELECT count(*) FROM purchases") == 0


async def test_on_the_page_of_a_waiting_purchase_transfer_and_cash_can_be_chosen_instead(
    shop: Shop, new_browser: NewBrowser, owner: Any
) -> None:
    buyer, other = new_browser(), new_browser()
    await buy(buyer, shop, "alipay", "TEA")
    purchase, before = await owner.fetchrow("SELECT id, expires_at FROM purchases")
    path = f"/purchases/{purchase}"
    page = (await buyer.get(path)).text
    assert [f'value="{code}"' in page for code in ("bank_transfer", "cash_on_delivery")] == [True, True]
    away = await buyer.post(f"{path}/payment-method", data={"payment": "bank_transfer"})
    assert (away.status_code, away.headers["location"]) == (303, path)
    page = (await buyer.get(path)).text
    number = await owner.fetchval("SELECT number FROM payments ORDER BY number DESC LIMIT 1")
    assert number.endswith("P2")
    assert all(word in text_of(page) for word in ("Please transfer the amount", "A-1", number))
    assert await owner.fetchval("SELECT expires_at FROM purchases") > before
    assert 'value="alipay"' in page
    away = await buyer.post(f"{path}/payment-method", data={"payment": "cash_on_delivery"})
    assert (away.status_code, away.headers["location"]) == (303, path)
    assert "Thank you, your order is placed" in text_of((await buyer.get(path)).text)
    await buy(other, shop, "alipay", "TEA", "POT")
    both = await owner.fetchval("SELECT id FROM purchases WHERE id <> $1", purchase)
    page = (await other.get(f"/purchases/{both}")).text
    assert [f'value="{code}"' in page for code in ("bank_transfer", "cash_on_delivery")] == [True, False]
